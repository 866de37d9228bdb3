import type { lookup } from "node:dns"
import { RequestError, Server } from "proxy-chain"
import { SECRETS } from "./judge.ts"
import type { Wire } from "./wires.ts"

/** A proxy that asks for a password and serves one kind of requests. */
export interface WebProxy {
  /** Its URL, with user and password. */
  readonly url: string
  close(): Promise<void>
}

const USER = "proxy-user"
const PASSWORD = "proxy-password"

/** Refuses a CONNECT with a credential for the target. Resolves every name to this machine. */
export async function openProxy(wire: Wire): Promise<WebProxy> {
  const server = new Server({
    port: 0,
    host: "127.0.0.1",
    prepareRequestFunction({ request, username, password }) {
      const isConnect = request.method === "CONNECT"
      if (isConnect !== (wire === "CONNECT proxy")) throw new RequestError(`No ${request.method} here`, 405)
      const shown = isConnect ? SECRETS.filter((name) => request.headers[name] !== undefined) : []
      if (shown.length > 0) throw new RequestError(`A CONNECT shows ${shown.join(", ")}`, 400)
      return { requestAuthentication: username !== USER || password !== PASSWORD, dnsLookup: lookupHere }
    },
  })
  await server.listen()
  return { url: `http://${USER}:${PASSWORD}@127.0.0.1:${server.port}`, close: () => server.close(true) }
}

const lookupHere = ((_host: string, options: { all?: boolean }, callback: (...result: unknown[]) => void) => {
  if (options.all === true) callback(null, [{ address: "127.0.0.1", family: 4 }])
  else callback(null, "127.0.0.1", 4)
}) as typeof lookup
