import { once } from "node:events"
import { connect, createServer, type Socket } from "node:net"
import { Readable } from "node:stream"
import type { Progress, RequestPromise } from "got"
import { expect } from "vitest"
import { errorOf, type GotClient, on, page, readFirst } from "./got-feature.ts"

const timeout = page("6-timeout")
const option = page("2-options")
const stream = page("3-streams")
const promise = page("1-promise")

const never = (): Promise<never> => new Promise(() => undefined)

/** The signs by which users of got recognise the end of a request. */
async function ended({ own }: GotClient, sent: PromiseLike<unknown>): Promise<unknown> {
  const error = await errorOf(sent)
  const { name, code, message } = error
  const classes = [
    error instanceof own.RequestError,
    error instanceof own.TimeoutError,
    error instanceof own.AbortError,
  ]
  return [name, code, message.replace(/\d+ms/, "…ms"), Reflect.get(error, "event"), classes]
}

const timedOut = (event: string): unknown =>
  expect.arrayContaining(["TimeoutError", "ETIMEDOUT", event, [true, true, false]])
const aborted = expect.arrayContaining(["AbortError", "ERR_ABORTED", [true, false, true]])

const aborting = (limitMs: number): AbortSignal => {
  const controller = new AbortController()
  setTimeout(() => controller.abort(), limitMs)
  return controller.signal
}

/** The last event in each direction. */
function last(sent: RequestPromise<unknown>): Record<string, Progress> {
  const told: Record<string, Progress> = {}
  sent.on("uploadProgress", (progress) => {
    told.up = progress
  })
  sent.on("downloadProgress", (progress) => {
    told.down = progress
  })
  return told
}

export const limits = [
  timeout(
    "timeout",
    "timeout.request ends the whole",
    async (client, { limitMs }) => ended(client, client.api("x", { timeout: { request: limitMs } })),
    {
      answer: never,
      gives: timedOut("request"),
    },
  ),
  timeout(
    "timeout",
    "timeout.response ends the wait for an answer",
    async (client, { limitMs }) => ended(client, client.api.post("x", { json: {}, timeout: { response: limitMs } })),
    { answer: never, gives: timedOut("response") },
  ),
  timeout(
    "timeout",
    "timeout.lookup ends the search for the address",
    async (client, { limitMs }) => {
      const dnsLookup = (() => undefined) as never
      return ended(
        client,
        client.api("http://127.0.0.1.example.com/", { prefixUrl: "", dnsLookup, timeout: { lookup: limitMs } }),
      )
    },
    { gives: timedOut("lookup") },
  ),
  timeout(
    "timeout",
    "timeout.connect ends what does not connect",
    async (client, { limitMs }) => {
      const socket = connect({ host: "nowhere.example.com", port: 1, lookup: () => undefined })
      const createConnection = (() => socket) as never
      return ended(client, client.api("x", { createConnection, timeout: { connect: limitMs } }))
    },
    { gives: timedOut("connect") },
  ),
  timeout(
    "timeout",
    "timeout.socket ends a silence",
    async (client, { listen, limitMs }) => {
      const prefixUrl = await listen((_, response) => response.write("begun"))
      return ended(client, client.api("x", { prefixUrl, timeout: { socket: limitMs } }))
    },
    { gives: timedOut("socket") },
  ),
  timeout(
    "timeout",
    "timeout.send ends an upload",
    async (client, { limitMs }) => {
      const body = new Readable({ read: () => undefined })
      return ended(client, client.api.post("x", { body, headers: { ...unsigned }, timeout: { send: limitMs } }))
    },
    { gives: timedOut("send") },
  ),
  timeout(
    "timeout",
    "timeout.read ends an answer that is slow",
    async (client, { listen, limitMs }) => {
      const prefixUrl = await listen((_, response) => response.write("begun"))
      return ended(client, client.api("x", { prefixUrl, timeout: { read: limitMs } }))
    },
    { gives: timedOut("read") },
  ),
  timeout(
    "timeout",
    "timeout of the instance holds, and is kept by what is quick",
    async (client) => {
      const api = client.api.extend({ timeout: { request: 5_000, response: 5_000 } })
      return [(await api("x")).statusCode, api.defaults.options.timeout]
    },
    { gives: [200, expect.objectContaining({ request: 5_000, response: 5_000 })] },
  ),
  timeout(
    "timeout",
    "timeout.request ends a stream",
    async (client, { limitMs }) => {
      const { text } = await import("node:stream/consumers")
      return ended(client, text(client.api.stream("x", { timeout: { request: limitMs } })))
    },
    { answer: never, gives: timedOut("request") },
  ),
  option(
    "signal",
    "signal ends a request under way",
    async (client, { limitMs }) => ended(client, client.api("x", { signal: aborting(limitMs) })),
    {
      answer: never,
      gives: aborted,
    },
  ),
  option(
    "signal",
    "signal that was aborted before lets nothing be sent",
    async (client, { server: { arrivals } }) => [
      await ended(client, client.api("x", { signal: AbortSignal.abort() })),
      arrivals.length,
    ],
    { gives: [aborted, 0] },
  ),
  option(
    "signal",
    "AbortSignal.timeout ends a request",
    async (client, { limitMs }) => ended(client, client.api("x", { signal: AbortSignal.timeout(limitMs) })),
    { answer: never },
  ),
  option(
    "signal",
    "signal ends an upload",
    async (client, { limitMs }) => {
      const body = new Readable({ read: () => undefined })
      return ended(client, client.api.post("x", { body, signal: aborting(limitMs) }))
    },
    { gives: aborted },
  ),
  option(
    "signal",
    "signal ends a stream",
    async (client, { listen, limitMs }) => {
      const { text } = await import("node:stream/consumers")
      const prefixUrl = await listen((_, response) => response.write("begun"))
      return ended(client, text(client.api.stream("x", { prefixUrl, signal: aborting(limitMs) })))
    },
    { gives: aborted },
  ),
  option(
    "signal",
    "signal ends the wait for a retry",
    async (client, { server: { arrivals }, limitMs }) => [
      await ended(
        client,
        client.api("x", { signal: aborting(limitMs), retry: { limit: 2, calculateDelay: () => 10_000 } }),
      ),
      arrivals.length,
    ],
    { answer: () => ({ status: 503 }), gives: [aborted, 1] },
  ),
  promise(
    "promise-api",
    "cancel ends a request",
    async ({ api, own }, { limitMs }) => {
      const sent = api("x") as RequestPromise<unknown> & { cancel(reason?: string): void; isCanceled: boolean }
      setTimeout(() => sent.cancel("mine"), limitMs)
      const error = await errorOf(sent)
      return [error.name, error.code, error.message, sent.isCanceled, error instanceof own.RequestError]
    },
    { releases: on.oldest, answer: never, gives: ["CancelError", "ERR_CANCELED", expect.any(String), true, true] },
  ),
  stream(
    "streamonuploadprogress-",
    "uploadProgress and downloadProgress tell of what is sent and received",
    async ({ api }) => {
      const told: unknown[] = []
      for (const body of ["x".repeat(100_000), Buffer.alloc(100_000)]) {
        const sent = api.post("x", { body })
        const seen = last(sent)
        await sent
        told.push({ ...seen })
      }
      return told
    },
    {
      answer: () => ({ headers: { "content-length": "50000" }, body: "y".repeat(50_000) }),
      gives: Array(2).fill({
        up: { percent: 1, transferred: 100_000, total: 100_000 },
        down: { percent: 1, transferred: 50_000, total: 50_000 },
      }),
    },
  ),
  stream(
    "streamonuploadprogress-",
    "uploadProgress tells of a stream",
    async ({ api }) => {
      const sent = api.post("x", {
        body: Readable.from([Buffer.alloc(50_000), Buffer.alloc(50_000)], { objectMode: false }),
      })
      const seen = last(sent)
      await sent
      return [seen.up?.transferred, seen.up?.percent]
    },
    { gives: [100_000, 1], differs: readFirst },
  ),
  stream(
    "streamondownloadprogress-",
    "downloadProgress tells of an answer whose length is not known",
    async ({ api }, { listen }) => {
      const prefixUrl = await listen((_, response) => {
        response.write("y".repeat(10_000))
        setTimeout(() => response.end("z"), 10)
      })
      const sent = api("x", { prefixUrl })
      const seen = last(sent)
      await sent
      return seen.down
    },
    { gives: expect.objectContaining({ transferred: 10_001 }) },
  ),
  option(
    "signal",
    "a server that closes without an answer is an error",
    async ({ api }, { defer }) => {
      const server = createServer((socket) => socket.once("data", () => socket.destroy()))
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      defer(() => server.close())
      const { port } = server.address() as { port: number }
      const { name, code } = await errorOf(api(`http://127.0.0.1:${port}/x`, { prefixUrl: "" }))
      return [name, code]
    },
    { gives: ["RequestError", "ECONNRESET"] },
  ),
  timeout(
    "timeout",
    "timeout.secureConnect ends a handshake that does not end",
    async (client, { defer, limitMs }) => {
      const server = createServer(() => undefined)
      server.listen(0, "127.0.0.1")
      await once(server, "listening")
      const sockets: Socket[] = []
      server.on("connection", (socket) => sockets.push(socket))
      defer(() => {
        server.close()
        for (const socket of sockets) socket.destroy()
      })
      const { port } = server.address() as { port: number }
      const url = `https://127.0.0.1:${port}/x`
      return ended(client, client.api(url, { prefixUrl: "", timeout: { secureConnect: limitMs } }))
    },
    { gives: timedOut("secureConnect") },
  ),
]

/** A body that is not read for a signature is streamed. */
const unsigned = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
