import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import type { Auth } from "@countersign/auth-core"
import type { Feature, FeatureRelease } from "./feature.ts"
import { recordingServer } from "./recording-server.ts"

/** A request as it came off the wire, without what has to be different each time. */
export interface WireEntry {
  method: string
  target: string
  headers: Record<string, unknown>
  /** Absent where a server of the feature's own read it. */
  body?: string
}

export interface FeatureRun {
  result: unknown
  wire: WireEntry[]
  /** What each arrival carried for authentication, and the name by which it called the server. */
  authentications: { host: string; token: string | undefined }[]
}

/** Uses a feature once, against servers of its own. */
export async function runFeature<Client>(
  feature: Feature<Client>,
  release: FeatureRelease<Client>,
  auth: Auth | undefined,
): Promise<FeatureRun> {
  const origins: string[] = []
  const wire: WireEntry[] = []
  const authentications: FeatureRun["authentications"] = []
  const deferred: (() => unknown)[] = []
  const defer = (work: () => unknown): void => {
    deferred.unshift(work)
  }
  const record = (method: string, target: string, given: IncomingHttpHeaders, body?: Buffer): void => {
    const { "x-auth-token": token, host = "", ...headers } = given
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
  const listen = async (listener: RequestListener): Promise<string> => {
    const { url, close } = await listening((request, response) => {
      record(request.method ?? "", request.url ?? "", request.headers)
      listener(request, response)
    })
    defer(close)
    origins.push(url)
    return url
  }
  try {
    const context = { release: release.name, server, listen, defer }
    const client = await release.connect({ ...context, auth })
    const result = plain(await feature.run(client, context), origins)
    return { result, wire, authentications }
  } finally {
    for (const work of deferred) await work()
  }
}

async function listening(listener: RequestListener): Promise<{ url: string; close: () => void }> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const close = (): void => {
    server.close()
    server.closeAllConnections()
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }
}

/** The same for each run: the ports of the servers and the boundaries of forms have names. */
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
  return boundary === undefined ? named : named.replaceAll(boundary, "boundary")
}
