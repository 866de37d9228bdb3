import { Readable } from "node:stream"
import type { Hooks, OptionsInit, RequestError } from "got"
import { expect } from "vitest"
import { errorOf, failure, on, page, retrying } from "./got-feature.ts"

const hook = page("9-hooks")

/** Hooks of all kinds that report when they run. */
function noting(ran: string[], suffix = ""): NonNullable<OptionsInit["hooks"]> {
  const note = (name: string): void => void ran.push(name + suffix)
  return {
    init: [() => note("init")],
    beforeRequest: [() => note("beforeRequest")],
    beforeRedirect: [() => note("beforeRedirect")],
    beforeRetry: [() => note("beforeRetry")],
    afterResponse: [
      (response) => {
        note("afterResponse")
        return response
      },
    ],
    beforeError: [
      (error) => {
        note("beforeError")
        return error
      },
    ],
  }
}

export const hooks = [
  hook(
    "hooks-api",
    "hooks run in their order, for each attempt, redirect and retry",
    async ({ api }) => {
      const ran: string[] = []
      await api("x", { hooks: noting(ran), retry: retrying(1) })
      return ran
    },
    {
      answer: ({ target }, index) =>
        target === "/x" ? { status: 302, headers: { location: "/to" } } : index === 1 ? { status: 503 } : {},
    },
  ),
  hook(
    "hooks-api",
    "hooks of an instance run before those of one that extends it, and those of the call last",
    async ({ api }) => {
      const ran: string[] = []
      const extended = api.extend({ hooks: noting(ran, " 1") }).extend({ hooks: noting(ran, " 2") })
      await extended("x", { hooks: noting(ran, " 3") })
      return ran.filter((name) => !name.startsWith("init"))
    },
    { gives: ["beforeRequest", "afterResponse"].flatMap((name) => [1, 2, 3].map((place) => `${name} ${place}`)) },
  ),
  hook(
    "init",
    "init may change options before they are normalised",
    async ({ api }, { server: { arrivals } }) => {
      const hooks: Partial<Hooks> = {
        init: [
          (given) => {
            given.headers = { ...given.headers, "x-own": String(Reflect.get(given, "secret")) }
            Reflect.deleteProperty(given, "secret")
          },
        ],
      }
      await api.extend({ hooks })("x", { secret: "1" } as never)
      return arrivals.map(({ headers }) => headers["x-own"])
    },
    { gives: ["1"] },
  ),
  hook(
    "beforerequest",
    "beforeRequest may change URL, method, headers and body, and may take its time",
    async ({ api }, { server: { arrivals } }) => {
      const seen: unknown[] = []
      await api.post("x", {
        json: { a: 1 },
        hooks: {
          beforeRequest: [
            (options) => void seen.push(options.body, options.headers["content-length"], options.method),
            async (options) => {
              await new Promise((resolve) => setTimeout(resolve, 5))
              options.method = "PUT"
              if (options.url instanceof URL) options.url.pathname = "/changed"
              options.headers["x-own"] = "1"
              options.body = "changed body"
              options.headers["content-length"] = "12"
            },
          ],
        },
      })
      return [seen, arrivals.map(({ method, target, headers, body }) => [method, target, headers["x-own"], `${body}`])]
    },
    { gives: [['{"a":1}', "7", "POST"], [["PUT", "/changed", "1", "changed body"]]] },
  ),
  hook(
    "beforerequest",
    "beforeRequest is told how often it was tried",
    async ({ api }) => {
      const counts: unknown[] = []
      const hooks: Partial<Hooks> = { beforeRequest: [(_, { retryCount }) => void counts.push(retryCount)] }
      await api("x", { hooks, retry: retrying(2) })
      return counts
    },
    { releases: on.newest, answer: (_, index) => (index < 2 ? { status: 503 } : {}), gives: [0, 1, 2] },
  ),
  hook(
    "beforerequest",
    "beforeRequest that throws ends the request, which beforeError is told of",
    async ({ api }, { server: { arrivals } }) => {
      const told: unknown[] = []
      const hooks: Partial<Hooks> = {
        beforeRequest: [
          () => {
            throw Object.assign(new Error("mine"), { code: "EMINE" })
          },
        ],
        beforeError: [
          (error) => {
            told.push(error.message)
            return error
          },
        ],
      }
      return [await failure(api("x", { hooks })), told, arrivals.length]
    },
    { gives: [expect.objectContaining({ name: "RequestError", code: "EMINE", message: "mine" }), ["mine"], 0] },
  ),
  hook(
    "beforeredirect",
    "beforeRedirect sees the answer and what is next, and may change it",
    async ({ api }, { server: { arrivals } }) => {
      const told: unknown[] = []
      const hooks: Partial<Hooks> = {
        beforeRedirect: [
          (options, { statusCode, headers }) => {
            told.push(String(options.url), statusCode, headers.location)
            options.headers["x-hop"] = "1"
          },
        ],
      }
      const { url, redirectUrls } = await api("x", { hooks })
      return [told, url, redirectUrls.map(String), arrivals.map(({ headers }) => headers["x-hop"])]
    },
    {
      answer: ({ target }) => (target === "/x" ? { status: 302, headers: { location: "/to" } } : {}),
      gives: [["http://server-1/to", 302, "/to"], "http://server-1/to", ["http://server-1/to"], [undefined, "1"]],
    },
  ),
  hook(
    "beforeretry",
    "beforeRetry is told of error and count, and may change the options",
    async ({ api }, { server: { arrivals } }) => {
      const told: unknown[] = []
      const hooks: Partial<Hooks> = {
        beforeRetry: [
          (error, retryCount) => {
            told.push(error.name, error.response?.statusCode, retryCount)
            error.options.headers["x-again"] = String(retryCount)
          },
        ],
      }
      await api("x", { hooks, retry: retrying(1) })
      return [told, arrivals.map(({ headers }) => headers["x-again"])]
    },
    {
      answer: (_, index) => (index === 0 ? { status: 503 } : {}),
      gives: [
        ["HTTPError", 503, 1],
        [undefined, "1"],
      ],
    },
  ),
  hook(
    "beforeerror",
    "beforeError may change the error, or give another",
    async ({ api }) => {
      const change = (error: RequestError): RequestError => {
        error.name = "Changed"
        error.message = `${error.response?.statusCode} ${error.options.method}`
        return error
      }
      return [await failure(api("x", { hooks: { beforeError: [change] } })), await failure(api("x"))]
    },
    {
      answer: () => ({ status: 404, body: "none" }),
      gives: [
        expect.objectContaining({ name: "Changed", message: "404 GET" }),
        expect.objectContaining({ name: "HTTPError" }),
      ],
    },
  ),
  hook(
    "afterresponse",
    "afterResponse may change the answer, one hook after the other",
    async ({ api }) => {
      const hooks: Partial<Hooks> = {
        afterResponse: [
          (response) => ({ ...response, body: `${response.body} 1` }) as never,
          async (response) => Object.assign(response, { body: `${response.body} 2` }),
        ],
      }
      return (await api("x", { hooks })).body
    },
    { answer: () => ({ body: "given" }), gives: "given 1 2" },
  ),
  hook(
    "afterresponse",
    "afterResponse may have the request sent again with other options",
    async ({ api }, { server: { arrivals } }) => {
      const ran: unknown[] = []
      const hooks: Partial<Hooks> = {
        beforeRequest: [() => void ran.push("beforeRequest")],
        beforeRetry: [(error, count) => void ran.push(error.name, count)],
        afterResponse: [
          (response, retryWithMergedOptions) => {
            ran.push(response.statusCode)
            if (response.statusCode !== 409) return response
            return retryWithMergedOptions({ headers: { "x-own": "1" } })
          },
        ],
      }
      const { statusCode, retryCount } = await api.post("x", { json: { a: 1 }, hooks })
      return [statusCode, retryCount, ran, arrivals.map(({ headers, body }) => [headers["x-own"], `${body}`])]
    },
    {
      answer: ({ headers }) => ({ status: headers["x-own"] === "1" ? 200 : 409 }),
      gives: [
        200,
        1,
        expect.arrayContaining(["RetryError", 409]),
        [
          [undefined, '{"a":1}'],
          ["1", '{"a":1}'],
        ],
      ],
    },
  ),
  hook(
    "afterresponse",
    "preserveHooks keeps the hooks for what is sent again",
    async ({ api }, { server: { arrivals } }) => {
      const seen: unknown[] = []
      const hooks: Partial<Hooks> = {
        afterResponse: [
          (response, retryWithMergedOptions) => {
            seen.push(response.statusCode)
            if (seen.length > 2) return response
            return retryWithMergedOptions({ headers: { "x-count": String(seen.length) }, preserveHooks: true })
          },
        ],
      }
      const { retryCount } = await api("x", { hooks })
      return [retryCount, seen, arrivals.map(({ headers }) => headers["x-count"])]
    },
    { releases: on.newest, gives: [2, [200, 200, 200], [undefined, "1", "2"]] },
  ),
  hook(
    "afterresponse",
    "afterResponse that throws ends the request",
    async ({ api }) => {
      const hooks: Partial<Hooks> = {
        afterResponse: [
          () => {
            throw new RangeError("mine")
          },
        ],
      }
      const { name, message } = await errorOf(api("x", { hooks }))
      return [name, message]
    },
    { gives: ["RequestError", "mine"] },
  ),
  hook(
    "beforecache",
    "beforeCache may keep an answer out of the cache",
    async ({ api }) => {
      const cache = new Map()
      const seen: unknown[] = []
      const hooks: Partial<Hooks> = {
        beforeCache: [
          ({ statusCode }) => {
            seen.push(statusCode)
            return false
          },
        ],
      }
      await api("x", { cache, hooks })
      return [seen, cache.size]
    },
    { releases: on.newest, answer: () => ({ headers: { "cache-control": "public, max-age=60" } }), gives: [[200], 0] },
  ),
  hook(
    "hooks-api",
    "hooks run for streams too",
    async ({ api }) => {
      const ran: string[] = []
      const { text } = await import("node:stream/consumers")
      await text(api.stream("x", { hooks: noting(ran) }))
      return ran
    },
    {
      answer: ({ target }) => (target === "/x" ? { status: 302, headers: { location: "/to" } } : {}),
      gives: expect.arrayContaining(["beforeRequest", "beforeRedirect"]),
    },
  ),
  hook(
    "beforerequest",
    "beforeRequest may answer itself",
    async ({ api }, { server: { arrivals } }) => {
      const own = (): Readable =>
        Object.assign(Readable.from([Buffer.from("own")]), {
          statusCode: 200,
          headers: { "x-own": "1" },
          complete: true,
        })
      const ran: string[] = []
      const hooks = { beforeRequest: [own as never], afterResponse: noting(ran).afterResponse ?? [] }
      const { body, statusCode, headers } = await api("x", { hooks })
      return [body, statusCode, headers["x-own"], ran, arrivals.length]
    },
    { gives: ["own", 200, "1", ["afterResponse"], 0] },
  ),
]
