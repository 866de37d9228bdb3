import { createServer, request as forward, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import type { WireRequest } from "./wire-request.ts"

/** The changes that a proxy makes to a request and its answer. */
interface Change {
  readonly request: (request: WireRequest) => WireRequest
  /** Changes the body of the answer. */
  readonly answer: (body: string) => string
}

export interface ChangingProxy {
  readonly url: string
  /** The changes for all further requests. */
  use(change: Change): void
  close(): Promise<void>
}

/** A reverse proxy on a real socket. It keeps Host, and makes the given changes. */
export async function changingProxy(upstream: string): Promise<ChangingProxy> {
  let change: Change = { request: (request) => request, answer: (body) => body }
  const { hostname, port } = new URL(upstream)
  const server = createServer(async (incoming, outgoing) => {
    const { method, target, headers, body } = change.request(await received(incoming))
    const onward = forward({ hostname, port, method, path: target, headers: headers.flat(), setHost: false })
    onward.on("error", (error) => outgoing.destroy(error))
    onward.on("response", (answer) => void answered(answer, outgoing, change))
    onward.end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    use: (next) => {
      change = next
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function received(incoming: IncomingMessage): Promise<WireRequest> {
  const { method = "", url = "", rawHeaders } = incoming
  const headers = rawHeaders.flatMap((name, at): [string, string][] =>
    at % 2 === 0 ? [[name, rawHeaders[at + 1] ?? ""]] : [],
  )
  return { method, target: url, headers: headers.filter(isEndToEnd), body: await bytesOf(incoming) }
}

function isEndToEnd([name]: readonly [string, string]): boolean {
  return !/^(?:connection|keep-alive)$/i.test(name)
}

async function bytesOf(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks)
}

async function answered(answer: IncomingMessage, outgoing: ServerResponse, { answer: changed }: Change): Promise<void> {
  const body = Buffer.from(changed((await bytesOf(answer)).toString()))
  const { "content-length": _length, "transfer-encoding": _framing, ...headers } = answer.headers
  outgoing.writeHead(answer.statusCode ?? 502, { ...headers, "content-length": body.length })
  outgoing.end(body)
}
