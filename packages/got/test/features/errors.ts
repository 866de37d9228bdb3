import { Readable } from "node:stream"
import { errorFacts } from "@countersign/testkit"
import type { OptionsInit } from "got"
import { expect } from "vitest"
import { errorOf, failure, type GotClient, on, page } from "./got-feature.ts"

const errorsPage = page("8-errors")

const refusing = { prefixUrl: "http://127.0.0.1:1" }

/** The names of got's classes that an error is an instance of. */
function classesOf(own: GotClient["own"], error: Error): string[] {
  const names = [
    "RequestError",
    "HTTPError",
    "TimeoutError",
    "ReadError",
    "ParseError",
    "UploadError",
    "CacheError",
    "MaxRedirectsError",
    "AbortError",
    "RetryError",
  ] as const
  return names.filter((name) => error instanceof own[name])
}

export const errors = [
  errorsPage(
    "httperror",
    "an HTTPError has response, request, options, timings and code",
    async ({ api, own }) => {
      const error = await errorOf(api.post("x", { json: { a: 1 }, headers: { "x-own": "1" } }))
      const { response, request, options, timings, code, message } = error
      return {
        classes: classesOf(own, error),
        facts: await errorFacts(Promise.reject(error)),
        response: [response?.statusCode, response?.body, response?.headers["x-answered"], response?.url],
        request: [request?.options === options, response?.request === request],
        options: [options.method, options.headers["x-own"], String(options.url), options.headers["content-type"]],
        more: [typeof timings?.phases.total, code, message],
      }
    },
    {
      answer: () => ({ status: 404, headers: { "x-answered": "1" }, body: "none" }),
      gives: expect.objectContaining({
        classes: ["RequestError", "HTTPError"],
        response: [404, "none", "1", "http://server-1/x"],
        options: ["POST", "1", "http://server-1/x", "application/json"],
      }),
    },
  ),
  errorsPage(
    "httperror",
    "the body of an error is read as the caller asked",
    async ({ api }) => [
      (await failure(api("x", { responseType: "json" }))).body,
      (await failure(api("x").json())).body,
    ],
    { answer: () => ({ status: 400, body: '{"a":1}' }), gives: [{ a: 1 }, expect.anything()] },
  ),
  errorsPage(
    "requesterror",
    "a request without an answer is a RequestError with the code of the system",
    async ({ api, own }) => {
      const error = await errorOf(api("x", refusing))
      return [
        classesOf(own, error),
        await errorFacts(Promise.reject(error)),
        error.response,
        typeof error.request,
        error.options.method,
      ]
    },
    { gives: [["RequestError"], expect.objectContaining({ code: "ECONNREFUSED" }), undefined, "object", "GET"] },
  ),
  errorsPage(
    "parseerror",
    "what is no JSON is a ParseError, with the response",
    async ({ api, own }) => {
      const error = await errorOf(api("x").json())
      const { name, code, message, response } = error
      return [classesOf(own, error), name, code, message, response?.body]
    },
    {
      answer: () => ({ body: "<html>" }),
      gives: [
        expect.arrayContaining(["ParseError"]),
        "ParseError",
        "ERR_BODY_PARSE_FAILURE",
        expect.stringContaining("http://server-1/x"),
        "<html>",
      ],
    },
  ),
  errorsPage(
    "readerror",
    "an answer that breaks off is a ReadError",
    async ({ api, own }, { listen }) => {
      const prefixUrl = await listen((request, response) => {
        response.writeHead(200, { "content-length": "100" }).write("begun")
        setTimeout(() => request.socket.destroy(), 20)
      })
      const error = await errorOf(api("x", { prefixUrl }))
      return [classesOf(own, error), error.name, error.code, error.message]
    },
    { gives: [["RequestError", "ReadError"], "ReadError", expect.any(String), expect.any(String)] },
  ),
  errorsPage(
    "uploaderror",
    "a body stream that fails is an error of the request",
    async ({ api, own }) => {
      const body = new Readable({
        read() {
          this.destroy(Object.assign(new Error("disk gone"), { code: "EIO" }))
        },
      })
      const error = await errorOf(api.post("x", { body, headers: { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" } }))
      return [classesOf(own, error), error.name, error.code, error.message]
    },
    { gives: [expect.arrayContaining(["RequestError"]), expect.any(String), expect.any(String), "disk gone"] },
  ),
  errorsPage(
    "uploaderror",
    "a body that fails while it is generated is an error of the request",
    async ({ api }) => {
      const body = (async function* () {
        yield "begun"
        throw new Error("no more")
      })()
      const { name, message } = await failure(api.post("x", { body: body as never }))
      return [name, message]
    },
    {
      differs: {
        because: "A body that is read for a signature fails before there is an upload.",
        gives: ["RequestError", "no more"],
        onlyWhereRead: true,
        releases: on.newest,
      },
    },
  ),
  errorsPage(
    "unsupportedprotocolerror",
    "a protocol that is not supported is an error",
    async ({ api, own }, { server }) => {
      const error = await errorOf(api("ftp://127.0.0.1/x", { prefixUrl: "" }))
      return [classesOf(own, error), error.name, error.code, error.message, server.arrivals.length]
    },
    { gives: [expect.any(Array), expect.any(String), "ERR_UNSUPPORTED_PROTOCOL", expect.any(String), 0] },
  ),
  errorsPage(
    "requesterror",
    "a header that cannot be sent is an error",
    async ({ api }, { server }) => {
      const { name, code, message } = await failure(api("x", { headers: { "bad name": "1" } }))
      return [name, code, message, server.arrivals.length]
    },
    { gives: [expect.any(String), "ERR_INVALID_HTTP_TOKEN", expect.any(String), 0] },
  ),
  errorsPage(
    "requesterror",
    "errors are logged and serialised with what they have",
    async ({ api }) => {
      const error = await errorOf(api("x"))
      const { options } = error
      return [Object.keys(options.toJSON()).sort(), error.stack?.split("\n")[0]]
    },
    { answer: () => ({ status: 500 }) },
  ),
  errorsPage(
    "retryerror",
    "a hook may throw a RetryError of its own",
    async ({ api, own }, { server: { arrivals } }) => {
      let thrown = 0
      const hooks: OptionsInit["hooks"] = {
        afterResponse: [
          (response) => {
            thrown += 1
            if (thrown > 1) return response
            throw new own.RetryError(response.request)
          },
        ],
      }
      const { statusCode, retryCount } = await api("x", { hooks })
      return [statusCode, retryCount, arrivals.length]
    },
    { releases: on.newest, gives: [200, 1, 2] },
  ),
]
