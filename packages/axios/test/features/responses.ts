import { brotliCompressSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib"
import type { Answer } from "@countersign/testkit"
import axios, { type AxiosRequestConfig, type ResponseType } from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section, textOf } from "./axios-feature.ts"

const option = section("request-config")
const schema = section("response-schema")
const http2 = section("fetch-adapter")

const compressions = {
  gzip: gzipSync,
  "x-gzip": gzipSync,
  deflate: deflateSync,
  br: brotliCompressSync,
  zstd: zstdCompressSync,
}

const json = { body: '\uFEFF{"name":"ü","list":[1,2]}' }
const long = (): Answer => ({ body: "x".repeat(100) })

/** The content and the kind of `data`. */
async function read(type: ResponseType | undefined, data: unknown): Promise<unknown> {
  if (type === "stream") return textOf(data as AsyncIterable<Uint8Array>)
  const kind = Object.prototype.toString.call(data)
  if (data instanceof Blob) return [kind, data.type, await data.text()]
  if (data instanceof FormData) return [kind, [...data]]
  const bytes = data instanceof ArrayBuffer ? new Uint8Array(data) : data
  return bytes instanceof Uint8Array ? [kind, Buffer.isBuffer(data), Buffer.from(bytes).toString()] : data
}

export const responses = [
  schema(
    "a response has data, status, statusText, headers, config and request",
    async (api, { server }) => {
      const response = await api.post("/x?a=b", { b: 2 }, { timeout: 5_000 })
      const { data, status, statusText, headers, config, request } = response
      return {
        properties: Object.keys(response).filter((name) => name !== "duration"),
        answer: [data, status, statusText, headers["x-own"], headers instanceof axios.AxiosHeaders],
        config: [config.url, config.method, config.data, config.timeout, config.baseURL === server.url],
        request: [request.constructor.name, request.method],
      }
    },
    {
      answer: () => ({ status: 201, headers: { "x-own": "1" }, body: '{"a":1}' }),
      gives: expect.objectContaining({ answer: [{ a: 1 }, 201, "Created", "1", true] }),
    },
  ),
  schema("config is the caller's, with the defaults, and JSON shows it whole", async (api) => {
    const given = { params: { b: 2 }, headers: { "X-Own": "1" }, maxRedirects: 3, timeout: 1_000 }
    const { config } = await api.post("/x", { a: 1 }, given)
    return [JSON.stringify(config), Object.keys(config).sort()]
  }),
  schema(
    "duration is in milliseconds",
    async (api) => {
      const { duration } = await api.get("/x")
      return [typeof duration, Number(duration) < 5_000]
    },
    { releases: on.newest, gives: ["number", true] },
  ),
  schema(
    "headers that come more than once are there",
    async (api) => {
      const { headers } = await api.get("/x")
      return [headers["set-cookie"], headers["x-twice"]]
    },
    {
      answer: () => ({ headers: { "set-cookie": ["a=1", "b=2"], "x-twice": ["1", "2"] } }),
      gives: [expect.toBeOneOf([["a=1", "b=2"], "b=2"]), "1, 2"],
    },
  ),
  schema(
    "request is the last ClientRequest, which knows its answer",
    async (api) => {
      const { request } = await api.post("/x?a=b", "a")
      const { method, path, res, headersSent, writableEnded, destroyed } = request
      return [
        request.constructor.name,
        method,
        path,
        res.statusCode,
        res.responseUrl,
        headersSent,
        writableEnded,
        destroyed,
      ]
    },
    { releases: on.http, gives: expect.arrayContaining(["ClientRequest", "POST", "/x?a=b", "http://server-1/x?a=b"]) },
  ),
  ...(["json", "text", "arraybuffer", "stream", "blob", undefined] as const).map((responseType) =>
    option(
      `responseType: ${responseType ?? "none"}`,
      async (api) => {
        const { data } = await api.get("/x", responseType === undefined ? {} : { responseType })
        return read(responseType, data)
      },
      { answer: () => json },
    ),
  ),
  http2(
    "responseType: formdata",
    async (api) => read("formdata", (await api.get("/x", { responseType: "formdata" })).data),
    {
      releases: on.fetch,
      answer: () => ({ headers: { "content-type": "application/x-www-form-urlencoded" }, body: "a=1&b=%C3%BC" }),
    },
  ),
  option(
    "responseType holds for answers that are errors",
    async (api) => {
      const seen: unknown[] = []
      for (const responseType of ["json", "text", "arraybuffer", "stream"] as const) {
        const { response } = await errorOf(api.get("/x", { responseType }))
        seen.push(await read(responseType, response?.data))
      }
      return seen
    },
    { answer: () => ({ status: 400, ...json }) },
  ),
  option(
    "an answer may have no body",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen((_, response) => response.writeHead(204).end())
      return [await api.get("/x"), await api.head("/x")].map(({ status, data }) => [status, data])
    },
    {
      gives: [
        [204, ""],
        [204, ""],
      ],
    },
  ),
  option(
    "responseEncoding decodes text",
    async (api) => {
      const texts: unknown[] = []
      for (const responseEncoding of ["latin1", "base64", "hex"] as const) {
        texts.push((await api.get("/x", { responseType: "text", responseEncoding })).data)
      }
      return texts
    },
    { releases: on.http, answer: () => ({ body: Buffer.from([0xfc]) }), gives: ["ü", "/A==", "fc"] },
  ),
  option(
    "transformResponse makes of the answer what it likes, with headers, status and config at hand",
    async (api) => {
      const { data } = await api.get("/x", {
        transformResponse: [
          function (this: AxiosRequestConfig, data, headers, status) {
            return [this.url, data, headers["x-own"], status]
          },
          (data) => ({ wrapped: data }),
        ],
      })
      return data
    },
    {
      answer: () => ({ status: 202, headers: { "x-own": "1" }, body: "raw" }),
      gives: { wrapped: ["/x", "raw", "1", 202] },
    },
  ),
  option(
    "transformResponse is called for errors too, and may throw",
    async (api) => {
      const transformResponse = (): never => {
        throw new RangeError("mine")
      }
      const { name, message } = await errorOf(api.get("/x", { transformResponse }))
      return [await failure(api.get("/error", { transformResponse: (data) => `<${data}>` })), name, message]
    },
    {
      answer: ({ target }) => ({ status: target === "/error" ? 500 : 200, body: "raw" }),
      gives: [expect.objectContaining({ status: 500, data: "<raw>" }), "RangeError", "mine"],
    },
  ),
  option(
    "parseReviver revives members of JSON",
    async (api) => {
      const parseReviver = (key: string, value: unknown): unknown => (key === "a" ? "revived" : value)
      return (await api.get("/x", { parseReviver })).data
    },
    { releases: on.newest, answer: () => ({ body: '{"a":1,"b":2}' }), gives: { a: "revived", b: 2 } },
  ),
  option(
    "transitional: silentJSONParsing and forcedJSONParsing",
    async (api) => {
      const strict = { ...axios.defaults.transitional, silentJSONParsing: false }
      const unforced = { ...axios.defaults.transitional, forcedJSONParsing: false }
      const { name, code } = await errorOf(api.get("/bad", { responseType: "json", transitional: strict }))
      const lenient = [await api.get("/bad"), await api.get("/bad", { responseType: "json" })].map(({ data }) => data)
      return [lenient, (await api.get("/x", { transitional: unforced })).data, name, code]
    },
    {
      answer: ({ target }) => ({ body: target === "/x" ? '{"a":1}' : "{bad" }),
      gives: [["{bad", "{bad"], '{"a":1}', "SyntaxError", "ERR_BAD_RESPONSE"],
    },
  ),
  ...Object.entries(compressions).map(([encoding, compress]) =>
    option(
      `decompress of ${encoding}, unless it is turned off`,
      async (api) => {
        const { data, headers } = await api.get("/x")
        const raw = await api.get("/x", { decompress: false, responseType: "arraybuffer" })
        return [data, headers["content-encoding"], Buffer.from(raw.data).equals(compress("packed"))]
      },
      {
        releases: encoding === "zstd" ? on.newestHttp : encoding === "x-gzip" ? on.http : [...on.http, ...on.fetch],
        answer: () => ({ headers: { "content-encoding": encoding }, body: compress("packed") }),
        gives: expect.arrayContaining(["packed"]),
      },
    ),
  ),
  option(
    "decompress of a stream, and of what is not compressed as it says",
    async (api) => {
      const { data } = await api.get("/x", { responseType: "stream" })
      return [await textOf(data), (await errorOf(api.get("/bad"))).code]
    },
    {
      releases: on.newestHttp,
      answer: ({ target }) => ({
        headers: { "content-encoding": "gzip" },
        body: target === "/x" ? gzipSync("packed") : "plain",
      }),
      gives: ["packed", "Z_DATA_ERROR"],
    },
  ),
  option(
    "transitional: advertiseZstdAcceptEncoding",
    async (api, { server: { arrivals } }) => {
      await api.get("/x", { transitional: { ...axios.defaults.transitional, advertiseZstdAcceptEncoding: true } })
      return arrivals.map(({ headers }) => headers["accept-encoding"])
    },
    { releases: on.newestHttp, gives: [expect.stringContaining("zstd")] },
  ),
  option(
    "maxContentLength limits answers",
    async (api) => {
      const { status } = await api.get("/x", { maxContentLength: 100 })
      return [status, await failure(api.get("/x", { maxContentLength: 99 }))]
    },
    {
      releases: [...on.http, ...on.newestFetch],
      answer: long,
      gives: [200, expect.objectContaining({ code: "ERR_BAD_RESPONSE" })],
    },
  ),
  option(
    "maxContentLength limits streamed answers",
    async (api) => {
      const { data } = await api.get("/x", { maxContentLength: 100, responseType: "stream" })
      const error = await errorOf(
        api.get("/x", { maxContentLength: 99, responseType: "stream" }).then(({ data }) => textOf(data)),
      )
      return [(await textOf(data)).length, error.code, error.message]
    },
    { releases: on.newest, answer: long, gives: [100, "ERR_BAD_RESPONSE", expect.any(String)] },
  ),
  option(
    "validateStatus says which answers are errors; null: none",
    async (api) => {
      const validateStatus = (status: number): boolean => status === 503
      const accepted = [await api.get("/503", { validateStatus }), await api.get("/404", { validateStatus: null })]
      return [accepted.map(({ status }) => status), await failure(api.get("/200", { validateStatus }))]
    },
    {
      answer: ({ target }) => ({ status: Number(target.slice(1)) }),
      gives: [[503, 404], expect.objectContaining({ status: 200 })],
    },
  ),
  option(
    "transitional: validateStatusUndefinedResolves",
    async (api) => {
      const transitional = { ...axios.defaults.transitional, validateStatusUndefinedResolves: false }
      const own = { validateStatus: undefined } as unknown as AxiosRequestConfig
      return [(await api.get("/x", own)).status, (await errorOf(api.get("/x", { ...own, transitional }))).code]
    },
    { releases: on.newest, answer: () => ({ status: 404 }), gives: [404, "ERR_BAD_REQUEST"] },
  ),
  option(
    "a streamed answer arrives piece by piece",
    async (api, { listen }) => {
      let finish = (): void => undefined
      api.defaults.baseURL = await listen((_, response) => {
        response.write("first")
        finish = () => response.end("second")
      })
      const { data } = await api.get("/x", { responseType: "stream" })
      const chunks: string[] = []
      for await (const chunk of data) {
        chunks.push(Buffer.from(chunk).toString())
        finish()
      }
      return chunks
    },
    { gives: ["first", "second"] },
  ),
  option("an answer that breaks off is an error, streamed or not", async (api, { listen }) => {
    api.defaults.baseURL = await listen((_, response) => {
      response.writeHead(200, { "content-length": "100" }).write("begun")
      setTimeout(() => response.destroy(), 20)
    })
    const { data } = await api.get("/x", { responseType: "stream" })
    const { message, code } = await errorOf(textOf(data))
    return [message, code, await failure(api.get("/x"))]
  }),
]
