import { createServer, type IncomingHttpHeaders, type IncomingMessage, type RequestListener } from "node:http"
import type { AddressInfo, Server, Socket } from "node:net"
import { Server as TlsServer } from "node:tls"
import type { Auth } from "@countersign/auth-core"
import type { Feature, FeatureContext, FeatureRelease } from "./feature.ts"
import { recordingServer } from "./recording-server.ts"

/** A request as it came off the wire, without the parts that differ each time. */
export interface WireEntry {
  method: string
  target: string
  headers: Record<string, unknown>
  /** Absent if the feature's own server read it. */
  body?: string
}

export interface FeatureRun {
  result: unknown
  wire: WireEntry[]
  /** The authentication of each arrival, and the name by which it called the server. */
  authentications: { host: string; token: string | undefined }[]
}

/** Returns the time limit for a run; see {@link FeatureContext.limitMs}. */
export type TimeLimit = () => number

/** Uses a feature once, against servers of its own. */
export async function runFeature<Client>(
  feature: Feature<Client>,
  release: FeatureRelease<Client>,
  auth: Auth | undefined,
  timeLimit: TimeLimit = () => 150,
): Promise<FeatureRun> {
  const origins: string[] = []
  const wire: WireEntry[] = []
  const authentications: FeatureRun["authentications"] = []
  const deferred: (() => unknown)[] = []
  const defer = (work: () => unknown): void => {
    deferred.unshift(work)
  }
  const record: RecordArrival = (method, target, given, body) => {
    const { "x-auth-token": token, host: named, ":authority": authority, ...headers } = given
    // HTTP/2 has another name for it.
    const host = named ?? String(authority)
    const boundary = /boundary=(\S+)/.exec(headers["content-type"] ?? "")?.[1]
    authentications.push({ host: host.replace(/:\d+$/, ""), token: token?.toString() })
    wire.push({
      method,
      target,
      headers: plain(headers, origins, boundary) as Record<string, unknown>,
      ...(body === undefined ? {} : { body: plain(body.toString("latin1"), origins, boundary) as string }),
    })
  }
  const server = await recordingServer((arrival, index) => {
    record(arrival.method, arrival.target, arrival.headers, arrival.body)
    return feature.answer?.(arrival, index) ?? {}
  })
  defer(() => server.close())
  origins.push(server.url)
  const listen: FeatureContext["listen"] = async (served) => {
    const { url, close } = await listening(served, record)
    defer(close)
    origins.push(url)
    return url
  }
  try {
    const context: FeatureContext = {
      release: release.name,
      server,
      listen,
      defer,
      get limitMs() {
        return timeLimit()
      },
    }
    const client = await release.connect({ release: release.name, server, listen, defer, auth })
    const result = plain(await feature.run(client, context), origins)
    return { result, wire, authentications }
  } finally {
    for (const work of deferred) await work()
  }
}

type RecordArrival = (method: string, target: string, headers: IncomingHttpHeaders, body?: Buffer) => void

async function listening(
  served: RequestListener | Server,
  record: RecordArrival,
): Promise<{ url: string; close: () => void }> {
  const server: Server = typeof served === "function" ? createServer(served) : served
  // Without a listener of its own an upgrade is a request like any other.
  for (const event of server.listenerCount("upgrade") > 0 ? ["request", "upgrade"] : ["request"]) {
    server.prependListener(event, ({ method = "", url = "", headers }: IncomingMessage) => record(method, url, headers))
  }
  const sockets = new Set<Socket>()
  server.on("connection", (socket: Socket) => sockets.add(socket))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  const scheme = server instanceof TlsServer ? "https" : "http"
  return { url: `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** Replaces ports, boundaries of forms and dates by names, so that every run gives the same. */
function plain(value: unknown, origins: readonly string[], boundary?: string): unknown {
  if (typeof value === "string") return plainText(value, origins, boundary)
  if (Array.isArray(value)) return value.map((item) => plain(item, origins, boundary))
  if (value !== null && typeof value === "object" && Object.getPrototypeOf(value) === Object.prototype) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item, origins, boundary)]))
  }
  return value
}

function plainText(text: string, origins: readonly string[], boundary: string | undefined): string {
  const named = origins.reduce((changed, origin, index) => {
    const port = new URL(origin).port
    return changed
      .replaceAll(`127.0.0.1:${port}`, `server-${index + 1}`)
      .replaceAll(`localhost:${port}`, `local-${index + 1}`)
  }, text)
  const timeless = named.replaceAll(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, "a date")
  return boundary === undefined ? timeless : timeless.replaceAll(boundary, "boundary")
}
