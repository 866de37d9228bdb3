import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import { expect } from "vitest"
import { errorOf, failure, on, page } from "./got-feature.ts"

const promise = page("1-promise")
const option = page("2-options")
const response = page("3-streams")

const compressions = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, zstd: zstdCompressSync }
const json = { body: '{"name":"ü","list":[1,2]}' }

export const responses = [
  response(
    "response-2",
    "a response has what the documentation lists",
    async ({ api }) => {
      const answer = await api.post("x?a=b", { json: {} })
      const { statusCode, statusMessage, url, requestUrl, redirectUrls, retryCount, isFromCache, ok, ip, headers } =
        answer
      return {
        plain: { statusCode, statusMessage, url, redirectUrls, retryCount, isFromCache, ok, ip },
        body: [answer.body, Buffer.isBuffer(answer.rawBody), Buffer.from(answer.rawBody).toString()],
        more: [String(requestUrl), headers["x-own"], answer.httpVersion, answer.complete, answer.aborted],
        request: [answer.request.options.method, answer.request.isFromCache, answer.request.destroyed],
      }
    },
    {
      answer: () => ({ status: 201, headers: { "x-own": "1" }, body: "text" }),
      gives: expect.objectContaining({
        plain: {
          statusCode: 201,
          statusMessage: "Created",
          url: "http://server-1/x?a=b",
          redirectUrls: [],
          retryCount: 0,
          isFromCache: false,
          ok: true,
          ip: "127.0.0.1",
        },
      }),
    },
  ),
  response("streamtimings", "timings tell of each phase", async ({ api }) => {
    const { timings = { phases: {} } } = await api("x")
    const { phases, ...instants } = timings
    return [
      Object.entries(instants).map(([name, at]) => [name, typeof at]),
      Object.entries(phases).map(([name, took]) => [name, typeof took, Number(took ?? 0) >= 0]),
    ]
  }),
  response(
    "response-2",
    "headers that come more than once are there",
    async ({ api }) => {
      const { headers, rawHeaders } = await api("x")
      return [headers["set-cookie"], headers["x-twice"], rawHeaders.filter((name) => name === "set-cookie").length]
    },
    {
      answer: () => ({ headers: { "set-cookie": ["a=1", "b=2"], "x-twice": ["1", "2"] } }),
      gives: [["a=1", "b=2"], "1, 2", 2],
    },
  ),
  option(
    "responsetype",
    "responseType: text, json, buffer",
    async ({ api }) => {
      const text = await api("x", { responseType: "text" })
      const json = await api("x", { responseType: "json" })
      const buffer = await api("x", { responseType: "buffer" })
      return [text.body, json.body, [buffer.body instanceof Uint8Array, Buffer.from(buffer.body).toString()]]
    },
    { answer: () => json, gives: [json.body, JSON.parse(json.body), [true, json.body]] },
  ),
  promise(
    "promisejsont",
    "json(), text() and buffer() give the body alone, also all of them, and json() asks for JSON",
    async ({ api }, { server: { arrivals } }) => {
      const sent = api("x")
      const all = await Promise.all([sent.json(), sent.text(), sent.buffer(), sent])
      return [all[0], all[1], Buffer.from(all[2]).toString(), all[3].statusCode, arrivals[0]?.headers.accept]
    },
    { answer: () => json, gives: [JSON.parse(json.body), json.body, json.body, 200, "application/json"] },
  ),
  option(
    "resolvebodyonly",
    "resolveBodyOnly gives the body alone",
    async ({ api }) => [
      await api("x", { resolveBodyOnly: true }),
      await api("x", { responseType: "json", resolveBodyOnly: true }),
    ],
    { answer: () => json, gives: [json.body, JSON.parse(json.body)] },
  ),
  option(
    "parsejson",
    "parseJson reads JSON",
    async ({ api }) => api("x", { parseJson: (text) => ({ length: text.length }) }).json(),
    { answer: () => json, gives: { length: json.body.length } },
  ),
  option(
    "encoding",
    "encoding decodes text",
    async ({ api }) => {
      const texts: unknown[] = []
      for (const encoding of ["latin1", "base64", "hex"] as const) texts.push((await api("x", { encoding })).body)
      return texts
    },
    { answer: () => ({ body: Buffer.from([0xfc]) }), gives: ["ü", "/A==", "fc"] },
  ),
  ...Object.entries(compressions).map(([encoding, compress]) =>
    option(
      "decompress",
      `decompress of ${encoding}, unless it is turned off`,
      async ({ api }, { server: { arrivals } }) => {
        const { body } = await api("x")
        const raw = await api("x", { decompress: false, responseType: "buffer" })
        return [
          body,
          Buffer.from(raw.rawBody).equals(compress("packed")),
          arrivals.map(({ headers }) => headers["accept-encoding"]),
        ]
      },
      {
        releases: encoding === "zstd" ? on.newest : [...on.newest, ...on.oldest],
        answer: () => ({ headers: { "content-encoding": encoding }, body: compress("packed") }),
        gives: ["packed", true, [expect.stringContaining("gzip"), undefined]],
      },
    ),
  ),
  option(
    "decompress",
    "what is not compressed as it says is an error",
    async ({ api }) => {
      const { name, code } = await failure(api("x"))
      return [name, code]
    },
    {
      answer: () => ({ headers: { "content-encoding": "gzip" }, body: "plain" }),
      gives: ["ReadError", expect.any(String)],
    },
  ),
  option(
    "throwhttperrors",
    "throwHttpErrors: false gives any answer",
    async ({ api }) => {
      const { statusCode, ok, body } = await api("x", { throwHttpErrors: false })
      return [statusCode, ok, body, (await failure(api("x"))).name]
    },
    { answer: () => ({ status: 404, body: "none" }), gives: [404, false, "none", "HTTPError"] },
  ),
  option(
    "throwhttperrors",
    "a redirect that is not followed is no error",
    async ({ api }) => {
      const { statusCode, ok } = await api("x", { followRedirect: false })
      return [statusCode, ok]
    },
    { answer: () => ({ status: 302, headers: { location: "/to" } }), gives: [302, true] },
  ),
  option(
    "throwhttperrors",
    "304 is no error",
    async ({ api }) => {
      const { statusCode, ok } = await api("x")
      return [statusCode, ok]
    },
    { releases: on.newest, answer: () => ({ status: 304 }), gives: [304, true] },
  ),
  response(
    "response-2",
    "an answer may have no body",
    async ({ api }, { listen }) => {
      const prefixUrl = await listen((_, answer) => answer.writeHead(204).end())
      const answers = [await api("x", { prefixUrl }), await api.head("x", { prefixUrl })]
      return answers.map(({ statusCode, body }) => [statusCode, body])
    },
    {
      gives: [
        [204, ""],
        [204, ""],
      ],
    },
  ),
  option(
    "strictcontentlength",
    "strictContentLength tells an answer that is shorter than it says",
    async ({ api }, { listen }) => {
      const prefixUrl = await listen((request, answer) => {
        answer.writeHead(200, { "content-length": "100" })
        answer.flushHeaders()
        answer.write("begun")
        setTimeout(() => request.socket.end(), 20)
      })
      const error = await errorOf(api("x", { prefixUrl }))
      return [error.name, error.code]
    },
  ),
  option(
    "maxheadersize",
    "maxHeaderSize limits the headers of answers",
    async ({ api }) => {
      const { name, code } = await failure(api("x", { maxHeaderSize: 500 }))
      return [name, code, (await api("x", { maxHeaderSize: 5_000 })).statusCode]
    },
    {
      answer: () => ({ headers: { "x-long": "x".repeat(1_000) } }),
      gives: ["RequestError", "HPE_HEADER_OVERFLOW", 200],
    },
  ),
]
