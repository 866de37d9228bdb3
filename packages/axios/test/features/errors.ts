import { errorFacts } from "@countersign/testkit"
import { AxiosError, CanceledError, isAxiosError, isCancel } from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section } from "./axios-feature.ts"

const types = section("error-types")
const handling = section("handling-errors")

const refusing = "http://127.0.0.1:1"

export const errors = [
  handling(
    "an answer that is no success is an AxiosError with response, request, config and status",
    async (api) => {
      const error = await errorOf(api.get("/x", { headers: { "X-Own": "1" } }))
      const { response, request, config, status } = error
      return {
        facts: await errorFacts(Promise.reject(error)),
        instance: [error instanceof AxiosError, isAxiosError(error), isCancel(error)],
        response: [response?.status, response?.data, response?.headers["x-own"], response?.config === config],
        request: [request?.constructor.name, request === response?.request],
        config: [config?.url, config?.headers.get("X-Own"), status],
      }
    },
    {
      answer: () => ({ status: 404, headers: { "x-own": "2" }, body: '{"gone":true}' }),
      gives: expect.objectContaining({ response: [404, { gone: true }, "2", true], instance: [true, true, false] }),
    },
  ),
  types("codes tell 4xx from 5xx", async (api) => [await failure(api.get("/404")), await failure(api.get("/503"))], {
    answer: ({ target }) => ({ status: Number(target.slice(1)) }),
    gives: [
      expect.objectContaining({ code: "ERR_BAD_REQUEST", message: "Request failed with status code 404" }),
      expect.objectContaining({ code: "ERR_BAD_RESPONSE", message: "Request failed with status code 503" }),
    ],
  }),
  handling(
    "a request without an answer is an AxiosError with request and cause, and without a response",
    async (api) => {
      const error = await errorOf(api.get("/x", { baseURL: refusing }))
      const { response, request, config } = error
      return [await errorFacts(Promise.reject(error)), response, typeof request, config?.url]
    },
    {
      gives: [
        expect.objectContaining({ code: expect.stringMatching(/^(ECONNREFUSED|ERR_NETWORK)$/) }),
        undefined,
        "object",
        "/x",
      ],
    },
  ),
  handling(
    "a host that does not exist",
    async (api) => {
      const lookup = (_: string, __: object, done: (error: Error) => void): void => {
        done(Object.assign(new Error("getaddrinfo ENOTFOUND"), { code: "ENOTFOUND" }))
      }
      return failure(api.get("http://localhost:1/x", { lookup: lookup as never }))
    },
    { releases: on.newestHttp, gives: expect.objectContaining({ code: "ENOTFOUND" }) },
  ),
  handling(
    "a connection that is reset",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen((request) => request.destroy())
      return failure(api.get("/x"))
    },
    { releases: on.http, gives: expect.objectContaining({ code: "ECONNRESET", message: "socket hang up" }) },
  ),
  handling(
    "an answer that is no HTTP",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen(({ socket }) => socket.end("nonsense\r\n\r\n"))
      return failure(api.get("/x"))
    },
    { releases: on.http, gives: expect.objectContaining({ code: "HPE_INVALID_CONSTANT" }) },
  ),
  handling(
    "toJSON shows message, name, config, code and status",
    async (api) => {
      const shown = (await errorOf(api.get("/x", { params: { a: 1 }, timeout: 1_000 }))).toJSON()
      const { stack, ...rest } = shown as Record<string, unknown>
      return [typeof stack, JSON.parse(JSON.stringify(rest))]
    },
    {
      answer: () => ({ status: 500 }),
      gives: ["string", expect.objectContaining({ code: "ERR_BAD_RESPONSE", name: "AxiosError", status: 500 })],
    },
  ),
  handling(
    "redact masks what toJSON shows",
    async (api) => {
      const options = { headers: { Authorization: "Bearer own" }, redact: ["authorization"] }
      const { config } = (await errorOf(api.get("/x", options))).toJSON() as { config: { headers: object } }
      return JSON.parse(JSON.stringify(config.headers))
    },
    {
      releases: on.newest,
      answer: () => ({ status: 500 }),
      gives: expect.objectContaining({ Authorization: "[REDACTED ****]" }),
    },
  ),
  handling(
    "a request that is cancelled fails with a CanceledError",
    async (api) => {
      const error = await errorOf(api.get("/x", { signal: AbortSignal.abort() }))
      const { code, config } = error
      const kinds = [
        error instanceof CanceledError,
        isCancel(error),
        isAxiosError(error),
        Reflect.get(error, "__CANCEL__"),
      ]
      return [kinds, code, config?.url]
    },
    { gives: [[true, true, true, true], "ERR_CANCELED", "/x"] },
  ),
  types(
    "an adapter that axios does not know, or that cannot be used, is an error",
    async (api) => {
      const unknown = await errorOf(api.get("/x", { adapter: "pigeon" }))
      const unusable = await errorOf(api.get("/x", { adapter: ["xhr"] }))
      return [unknown, unusable].map(({ name, code, message }) => [name, code, message])
    },
    { gives: Array(2).fill(expect.arrayContaining(["AxiosError"])) },
  ),
  types(
    "a header that cannot be sent is an error",
    async (api, { server }) => {
      const { name, message } = await failure(api.get("/x", { headers: { "bad name": "1" } }))
      return [name, message, server.arrivals.length]
    },
    { gives: [expect.any(String), expect.any(String), 0] },
  ),
  types("an unsupported protocol is an error", async (api) => failure(api.get("ftp://127.0.0.1/x")), {
    releases: on.http,
    gives: expect.objectContaining({ code: "ERR_BAD_REQUEST", message: "Unsupported protocol ftp:" }),
  }),
]
