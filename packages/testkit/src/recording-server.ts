import { createServer, type IncomingHttpHeaders } from "node:http"
import type { AddressInfo } from "node:net"

/** One request as it came off the wire. */
export interface Arrival {
  method: string
  /** The request target, undecoded. */
  target: string
  headers: IncomingHttpHeaders
  body: Buffer
}

export interface Answer {
  status?: number
  headers?: Record<string, string | string[]>
  body?: string | Uint8Array
}

export interface RecordingServer {
  /** Origin, without a slash at the end. */
  url: string
  /** `host:port`. */
  host: string
  arrivals: Arrival[]
  close(): Promise<void>
}

/** A real HTTP server on loopback that keeps each request and answers as the test says. */
export async function recordingServer(
  answer: (arrival: Arrival, index: number) => Answer | Promise<Answer> = () => ({}),
): Promise<RecordingServer> {
  const arrivals: Arrival[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    try {
      for await (const chunk of request) chunks.push(chunk as Buffer)
    } catch {
      return
    }
    const arrival = {
      method: request.method ?? "",
      target: request.url ?? "",
      headers: request.headers,
      body: Buffer.concat(chunks),
    }
    const index = arrivals.push(arrival) - 1
    const { status = 200, headers = {}, body = JSON.stringify({ ok: true }) } = await answer(arrival, index)
    response.writeHead(status, { "content-type": "application/json", ...headers })
    response.end(request.method === "HEAD" ? undefined : body)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    host: `127.0.0.1:${port}`,
    arrivals,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** Resolves when `count` requests have arrived. */
export async function arrived({ arrivals }: RecordingServer, count: number): Promise<void> {
  while (arrivals.length < count) await new Promise((resolve) => setTimeout(resolve, 5))
}
