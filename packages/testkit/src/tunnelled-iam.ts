import { createServer, type IncomingHttpHeaders } from "node:http"
import { createServer as createHttpsServer } from "node:https"
import { type AddressInfo, connect, type Server } from "node:net"
import { text } from "node:stream/consumers"
import { selfSigned } from "./self-signed.ts"

/** An IAM under a name that only a proxy can resolve. */
export interface TunnelledIam {
  /** Its origin. */
  readonly url: string
  /** Origin of the proxy. */
  readonly proxyUrl: string
  /** Certificate of the server, PEM. */
  readonly cert: string
  /** Requests to the proxy: `CONNECT iam.example.com:443`. */
  readonly asked: string[]
  /** Requests that arrived. */
  readonly arrivals: { method: string; target: string; headers: IncomingHttpHeaders; body: string }[]
  close(): void
}

/** Answers each call with a token that is valid for a day, `MIItunnelled`. */
export async function tunnelledIam(): Promise<TunnelledIam> {
  const { key, cert } = selfSigned("iam.example.com")
  const asked: string[] = []
  const arrivals: TunnelledIam["arrivals"] = []
  const iam = createHttpsServer({ key, cert }, async (request, response) => {
    const { method = "", url = "", headers } = request
    arrivals.push({ method, target: url, headers, body: await text(request) })
    const [issued_at, expires_at] = [0, 86_400_000].map((later) => new Date(Date.now() + later).toISOString())
    response.writeHead(201, { "x-subject-token": "MIItunnelled", "content-type": "application/json" })
    response.end(JSON.stringify({ token: { issued_at, expires_at } }))
  })
  const proxy = createServer(({ method, url }, response) => {
    asked.push(`${method} ${url}`)
    response.writeHead(405).end()
  }).on("connect", ({ url }, client) => {
    asked.push(`CONNECT ${url}`)
    const origin = connect((iam.address() as AddressInfo).port, "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n")
      client.pipe(origin).pipe(client)
    })
    for (const socket of [origin, client]) socket.on("error", () => undefined)
  })
  for (const server of [iam, proxy] as Server[]) {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  }
  return {
    url: "https://iam.example.com",
    proxyUrl: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    cert,
    asked,
    arrivals,
    close() {
      for (const server of [iam, proxy]) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}
