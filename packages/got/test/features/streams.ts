import { createWriteStream, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { pipeline } from "node:stream/promises"
import type { FeatureContext } from "@countersign/testkit"
import type { RequestError } from "got"
import { expect } from "vitest"
import { errorOf, type GotClient, on, page } from "./got-feature.ts"

const stream = page("3-streams")
const option = page("2-options")

type Stream = ReturnType<GotClient["api"]["stream"]>

/** The error of a stream. */
async function failureOf(stream: Stream): Promise<unknown> {
  const { name, code, message, response } = await errorOf(text(stream))
  return [name, code, message, response?.statusCode]
}

/** The names of events in their order. */
function events(stream: Stream, ...names: string[]): string[] {
  const seen: string[] = []
  for (const name of names) stream.on(name as never, () => void seen.push(name))
  return seen
}

/** A server for requests outside the client under test. */
async function open(defer: FeatureContext["defer"], listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  defer(() => {
    server.close()
    server.closeAllConnections()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Piped data is unknown when the headers are sent. */
const unsigned = { headers: { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" } }

export const streams = [
  stream(
    "gotstreamurl-options-defaults",
    "got.stream gives what is answered, by iteration and by pipe",
    async ({ api }) => {
      const folder = mkdtempSync(join(tmpdir(), "countersign-got-"))
      try {
        await pipeline(api.stream("x"), createWriteStream(join(folder, "file")))
        return [await text(api.stream("x")), readFileSync(join(folder, "file"), "utf8")]
      } finally {
        rmSync(folder, { recursive: true })
      }
    },
    { answer: () => ({ body: "streamed" }), gives: ["streamed", "streamed"] },
  ),
  stream(
    "stream-api",
    "got.stream has a function for each usual method",
    async ({ api }, { server: { arrivals } }) => {
      for (const method of ["get", "head"] as const) await text(api.stream[method]("x"))
      for (const method of ["post", "put", "patch", "delete"] as const)
        await text(api.stream[method]("x", { body: "a" }))
      return arrivals.map(({ method, body }) => `${method} ${body}`)
    },
    { gives: ["GET ", "HEAD ", "POST a", "PUT a", "PATCH a", "DELETE a"] },
  ),
  stream(
    "gotstreamurl-options-defaults",
    "nothing is piped into got.stream: it is ended, by hand or by an empty stream",
    async ({ api }, { server: { arrivals } }) => {
      for (const method of ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"] as const) {
        const ended = api.stream("x", { method })
        ended.end()
        await text(ended)
        const late = api.stream("x", { method })
        late.once("request", () => setImmediate(() => late.end()))
        await text(late)
        const piped = api.stream("x", { method })
        Readable.from([]).pipe(piped)
        await text(piped)
      }
      const get = api.stream("x", { allowGetBody: true })
      get.end()
      await text(get)
      return arrivals.map(({ method, headers, body }) => [method, headers["content-length"], `${body}`])
    },
  ),
  option(
    "isstream",
    "isStream gives a stream",
    async ({ api }) => text(api("x", { isStream: true } as never) as unknown as Stream),
    { releases: on.oldest, answer: () => ({ body: "streamed" }), gives: "streamed" },
  ),
  stream(
    "gotstreamurl-options-defaults",
    "what is piped into got.stream is sent",
    async ({ api }, { server: { arrivals } }) => {
      const sent = api.stream.post("x", unsigned)
      Readable.from(["a", "b"]).pipe(sent)
      const answer = await text(sent)
      return [answer, arrivals.map(({ body }) => `${body}`)]
    },
    { gives: ['{"ok":true}', ["ab"]] },
  ),
  stream(
    "gotstreamurl-options-defaults",
    "got.stream can be written to, and ended",
    async ({ api }, { server: { arrivals } }) => {
      const sent = api.stream.put("x", unsigned)
      sent.write("a")
      sent.end("b")
      await text(sent)
      return arrivals.map(({ body }) => `${body}`)
    },
    { gives: ["ab"] },
  ),
  stream(
    "gotstreamurl-options-defaults",
    "got.stream is the middle of a pipeline",
    async ({ api }) => {
      const chunks: Buffer[] = []
      await pipeline(Readable.from(["a", "b"]), api.stream.post("x", unsigned), async (answer) => {
        for await (const chunk of answer) chunks.push(chunk as Buffer)
      })
      return Buffer.concat(chunks).toString()
    },
    { answer: ({ body }) => ({ body: `<${body}>` }), gives: "<ab>" },
  ),
  stream(
    "",
    "got.stream takes the body from its options",
    async ({ api }, { server: { arrivals } }) => {
      await text(api.stream.post("x", { json: { a: 1 } }))
      await text(api.stream.post("x", { form: { a: 1 } }))
      await text(api.stream.post("x", { body: Buffer.from("bytes") }))
      return arrivals.map(({ body }) => `${body}`)
    },
    { gives: ['{"a":1}', "a=1", "bytes"] },
  ),
  stream(
    "events",
    "events come in their order: request, response, end",
    async ({ api }) => {
      const sent = api.stream("x")
      const seen = events(sent, "request", "response", "end", "error")
      await text(sent)
      return seen
    },
    { gives: ["request", "response", "end"] },
  ),
  stream(
    "streamonresponse-",
    "the response of a stream has what the documentation lists",
    async ({ api }) => {
      const sent = api.stream("x?a=b")
      let seen: unknown
      sent.on("response", ({ statusCode, headers, url, ip, isFromCache, retryCount, requestUrl }) => {
        seen = { statusCode, own: headers["x-own"], url, ip, isFromCache, retryCount, requestUrl: String(requestUrl) }
      })
      await text(sent)
      return seen
    },
    {
      answer: () => ({ headers: { "x-own": "1" } }),
      gives: expect.objectContaining({ statusCode: 200, own: "1", url: "http://server-1/x?a=b", ip: "127.0.0.1" }),
    },
  ),
  stream(
    "streamonredirect-",
    "the redirect event tells where to, and by what answer",
    async ({ api }) => {
      const sent = api.stream("x")
      const seen: unknown[] = []
      sent.on("redirect", ({ url }, { statusCode }) => void seen.push(String(url), statusCode))
      await text(sent)
      return [seen, sent.redirectUrls.map(String)]
    },
    {
      answer: ({ target }) => (target === "/x" ? { status: 302, headers: { location: "/to" } } : {}),
      gives: [["http://server-1/to", 302], ["http://server-1/to"]],
    },
  ),
  stream("", "a stream knows its address, its progress and its timings", async ({ api }) => {
    const sent = api.stream.post("x", { body: "1234" })
    const before = [sent.isAborted, sent.isFromCache, sent.isReadonly, sent.retryCount]
    await text(sent)
    const { ip, isFromCache, timings, downloadProgress, uploadProgress, aborted } = sent as typeof sent & {
      aborted: unknown
    }
    return [before, { ip, isFromCache, aborted, downloadProgress, uploadProgress }, Object.keys(timings ?? {})]
  }),
  stream(
    "streamonuploadprogress-",
    "uploadProgress and downloadProgress tell of a stream",
    async ({ api }) => {
      const sent = api.stream.post("x", { body: "x".repeat(100_000) })
      const last: Record<string, unknown> = {}
      const note = (way: string, progress: unknown): void => {
        last[way] = progress
      }
      sent.on("uploadProgress", (progress) => note("up", progress))
      sent.on("downloadProgress", (progress) => note("down", progress))
      await text(sent)
      return last
    },
    {
      answer: () => ({ headers: { "content-length": "50000" }, body: "y".repeat(50_000) }),
      gives: {
        up: { percent: 1, transferred: 100_000, total: 100_000 },
        down: { percent: 1, transferred: 50_000, total: 50_000 },
      },
    },
  ),
  stream(
    "events",
    "an answer that is no success is an error of the stream, with its response",
    async ({ api }) => [await failureOf(api.stream("x")), await text(api.stream("x", { throwHttpErrors: false }))],
    {
      answer: () => ({ status: 404, body: "none" }),
      gives: [["HTTPError", "ERR_NON_2XX_3XX_RESPONSE", expect.any(String), 404], "none"],
    },
  ),
  stream(
    "retry",
    "the retry event lets a stream be sent again",
    async ({ api }) => {
      const seen: unknown[] = []
      const answer = await new Promise<string>((resolve, reject) => {
        const send = (sent: Stream): void => {
          sent.once("retry", (retryCount, { code }, createRetryStream) => {
            seen.push(retryCount, code)
            send(createRetryStream())
          })
          text(sent).then(resolve, (error: Error) => {
            // The abandoned stream ends early.
            if (sent.listenerCount("retry") > 0) reject(error)
          })
        }
        send(api.stream("x", { retry: { limit: 2, backoffLimit: 1, noise: 0 } }))
      })
      return [answer, seen]
    },
    {
      answer: (_, index) => (index < 2 ? { status: 503 } : { body: "at last" }),
      gives: ["at last", [1, "ERR_NON_2XX_3XX_RESPONSE", 2, "ERR_NON_2XX_3XX_RESPONSE"]],
    },
  ),
  stream(
    "",
    "a stream without a retry listener is not sent again",
    async ({ api }, { server: { arrivals } }) => [
      await failureOf(api.stream("x", { retry: { limit: 2, backoffLimit: 1, noise: 0 } })),
      arrivals.length,
    ],
    { answer: () => ({ status: 503 }), gives: [expect.arrayContaining(["HTTPError"]), 1] },
  ),
  stream(
    "",
    "destroy ends a stream",
    async ({ api }, { listen }) => {
      const prefixUrl = await listen((_, answer) => answer.write("begun"))
      const sent = api.stream("x", { prefixUrl })
      const error = new Promise<Error>((resolve) => sent.once("error", resolve))
      sent.once("data", () => sent.destroy(new Error("mine")))
      const { message } = await error
      return [message, sent.destroyed]
    },
    { gives: ["mine", true] },
  ),
  stream(
    "",
    "setEncoding gives text",
    async ({ api }) => {
      const chunks: unknown[] = []
      for await (const chunk of api.stream("x").setEncoding("base64")) chunks.push(chunk)
      return chunks.join("")
    },
    { answer: () => ({ body: "ü" }), gives: Buffer.from("ü").toString("base64") },
  ),
  stream(
    "",
    "a stream is a proxy: what is piped in gives its headers, what it is piped to gets status and headers",
    async ({ api }, { defer, server }) => {
      const front = await open(defer, (request, answer) => {
        const sent = api.stream.post(`${server.url}/x`, { prefixUrl: "", ...unsigned })
        request.pipe(sent).pipe(answer)
      })
      const response = await fetch(front, { method: "POST", body: "ab" })
      const body = server.arrivals[0]?.body
      return [response.status, response.headers.get("x-answered"), await response.text(), `${body}`]
    },
    {
      answer: () => ({ status: 202, headers: { "x-answered": "1" }, body: "through" }),
      gives: [202, "1", "through", "ab"],
    },
  ),
  option(
    "copypipedheaders",
    "copyPipedHeaders gives the headers of what is piped in",
    async ({ api }, { defer, server }) => {
      const front = await open(defer, (request, answer) => {
        const options = { prefixUrl: "", copyPipedHeaders: true, ...unsigned }
        request.pipe(api.stream.post(`${server.url}/x`, options)).pipe(answer)
      })
      const headers = { "x-own": "1", authorization: "Bearer theirs", "content-type": "text/x-own" }
      await (await fetch(front, { method: "POST", body: "ab", headers })).text()
      return server.arrivals.map(({ headers }) => [headers["x-own"], headers.authorization, headers["content-type"]])
    },
    { releases: on.newest, gives: [["1", undefined, "text/x-own"]] },
  ),
  stream(
    "gotstreamurl-options-defaults",
    "what is piped into got.stream needs no word on how it is signed, where a token does",
    async ({ api }) => {
      const sent = api.stream.post("x")
      Readable.from(["a"]).pipe(sent)
      return text(sent).catch(({ name, code }: RequestError) => [name, code])
    },
    {
      gives: '{"ok":true}',
      differs: {
        because:
          "The headers go before what is piped is known, so it cannot be signed, and says how to leave it unsigned.",
        gives: ["RequestError", "AUTH_BODY_UNSIGNABLE"],
        onTheWire: true,
        onlyWhereRead: true,
      },
    },
  ),
  stream(
    "stream-api",
    "a stream that has a body is read-only",
    async ({ api }) => {
      const sent = api.stream.post("x", { body: "a" })
      const failing = errorOf(text(sent))
      sent.write("b")
      return [sent.isReadonly, (await failing).message]
    },
    { releases: on.newest, gives: [true, expect.stringContaining("read-only")] },
  ),
  stream(
    "retry",
    "what is piped is sent again by who pipes it",
    async ({ api }, { server: { arrivals } }) => {
      const answer = await new Promise<string>((resolve, reject) => {
        const send = (sent: Stream): void => {
          let again = false
          sent.once("retry", (_count, _error, createRetryStream) => {
            again = true
            send(createRetryStream())
          })
          text(sent).then(resolve, (error: Error) => again || reject(error))
          Readable.from(["a"]).pipe(sent)
        }
        send(api.stream.put("x", { ...unsigned, retry: { limit: 1, backoffLimit: 1, noise: 0 } }))
      })
      return [answer, arrivals.map(({ body }) => `${body}`)]
    },
    { answer: (_, index) => (index === 0 ? { status: 503 } : {}), gives: ['{"ok":true}', ["a", "a"]] },
  ),
]
