import { subscribe, unsubscribe } from "node:diagnostics_channel"
import type { Got, HandlerFunction, Response } from "got"
import { expect } from "vitest"
import { errorOf, on, page } from "./got-feature.ts"

const instance = page("10-instances")
const option = page("2-options")
const diagnostics = page("diagnostics-channel")
const cache = page("cache")
const plugin = page("lets-make-a-plugin")

export const instances = [
  instance(
    "gotextendoptions-instances",
    "extend merges options, headers and hooks, and leaves the instance alone",
    async ({ api }, { server: { arrivals } }) => {
      const one = api.extend({ headers: { "x-one": "1", "x-both": "1" }, searchParams: { a: 1 } })
      const two = one.extend({ headers: { "x-two": "2", "x-both": "2" }, responseType: "json" })
      await two("x")
      await one("x")
      await api("x")
      return arrivals.map(({ target, headers }) => [target, headers["x-one"], headers["x-two"], headers["x-both"]])
    },
    {
      gives: [
        ["/x?a=1", "1", "2", "2"],
        ["/x?a=1", "1", undefined, "1"],
        ["/x", undefined, undefined, undefined],
      ],
    },
  ),
  instance(
    "gotextendoptions-instances",
    "extend takes other instances, with all they have",
    async ({ api, own }, { server: { arrivals } }) => {
      const other = own.default.extend({
        headers: { "x-other": "1" },
        handlers: [(options, next) => next(Object.assign(options, { context: { handled: true } }))],
      })
      const seen: unknown[] = []
      const merged = api.extend(other, {
        hooks: { beforeRequest: [({ context }) => void seen.push(context.handled)] },
      })
      await merged("x")
      return [seen, arrivals.map(({ headers }) => headers["x-other"])]
    },
    { gives: [[true], ["1"]] },
  ),
  instance(
    "gotextendoptions-instances",
    "an instance keeps what it does when others extend themselves by it",
    async ({ api, own }, { server: { arrivals } }) => {
      const merged = own.default.extend({ headers: { "x-own": "1" } }, api)
      await merged("x")
      return arrivals.map(({ headers }) => headers["x-own"])
    },
    { gives: ["1"] },
  ),
  instance(
    "gotdefaults",
    "defaults show the options, and cannot be changed unless mutableDefaults is true",
    async ({ api }, { server: { arrivals } }) => {
      const { options, handlers, mutableDefaults } = api.defaults
      const frozen = await errorOf(
        Promise.resolve().then(() => Object.assign(api.defaults.options, { maxRedirects: 1 })),
      )
      const mutable = api.extend({ mutableDefaults: true })
      mutable.defaults.options.headers["x-late"] = "1"
      await mutable("x")
      return [
        [options.prefixUrl, options.maxRedirects, handlers.length, mutableDefaults, mutable.defaults.mutableDefaults],
        frozen.name,
        arrivals.map(({ headers }) => headers["x-late"]),
      ]
    },
    { gives: [[expect.any(String), 10, expect.any(Number), false, true], "TypeError", ["1"]] },
  ),
  instance(
    "handlers",
    "handlers see each call, may wait, and may change options and result",
    async ({ api }) => {
      const ran: unknown[] = []
      const first: HandlerFunction = async (options, next) => {
        ran.push("first", options.method)
        await new Promise((resolve) => setTimeout(resolve, 5))
        options.headers["x-own"] = "1"
        const answer = (await next(options)) as { statusCode: number }
        ran.push(answer.statusCode)
        return Object.assign(answer, { extra: true }) as never
      }
      const second: HandlerFunction = (options, next) => {
        ran.push("second", options.headers["x-own"])
        return next(options)
      }
      const answer = await api.extend({ handlers: [first, second] })("x")
      return [ran, Reflect.get(answer, "extra")]
    },
    { gives: [["first", "GET", "second", "1", 200], true] },
  ),
  instance(
    "handlers",
    "handlers may catch errors, and see streams too",
    async ({ api }) => {
      const { text } = await import("node:stream/consumers")
      const kinds: unknown[] = []
      const handler: HandlerFunction = (options, next) => {
        kinds.push(options.isStream)
        if (options.isStream) return next(options)
        return (async () => {
          try {
            return await next(options)
          } catch (error) {
            throw new RangeError(`handled: ${(error as Error).name}`)
          }
        })() as never
      }
      const instance = api.extend({ handlers: [handler] })
      const { message } = await errorOf(instance("x"))
      return [message, await text(instance.stream("x", { throwHttpErrors: false })), kinds]
    },
    {
      releases: on.oldest,
      answer: () => ({ status: 404, body: "none" }),
      gives: ["handled: HTTPError", "none", [false, true]],
    },
  ),
  plugin(
    "",
    "a plugin, made of a handler and hooks, works on an instance",
    async ({ api }) => {
      const rateLimits: Got = api.extend({
        responseType: "json",
        handlers: [
          (options, next) =>
            (async () => {
              const response = (await next(options)) as { headers: Record<string, string>; body: object }
              Reflect.set(response.body, "limit", Number(response.headers["x-limit"]))
              return response as never
            })() as never,
        ],
      })
      return (await rateLimits("x")).body
    },
    { answer: () => ({ headers: { "x-limit": "5" }, body: '{"a":1}' }), gives: { a: 1, limit: 5 } },
  ),
  option(
    "merge-behavior-explained",
    "options of a request may be given as Options",
    async ({ api, own }, { server: { arrivals, url } }) => {
      const options = new own.Options(`${url}/x`, { headers: { "x-own": "1" }, prefixUrl: "" }, api.defaults.options)
      const { statusCode } = (await api(undefined, undefined, options)) as Response
      return [statusCode, arrivals.map(({ headers, target }) => [headers["x-own"], target])]
    },
    { gives: [200, [["1", "/x"]]] },
  ),
  option(
    "",
    "options of a response can be used for another request",
    async ({ api }, { server: { arrivals } }) => {
      const { request } = await api.post("x", { json: { a: 1 }, headers: { "x-own": "1" } })
      const { options } = request
      await api(options.url ?? "", {
        prefixUrl: "",
        headers: options.headers,
        method: options.method,
        body: options.body as never,
      })
      return arrivals.map(({ method, headers, body }) => [method, headers["x-own"], `${body}`])
    },
    { gives: Array(2).fill(["POST", "1", '{"a":1}']) },
  ),
  diagnostics(
    "",
    "diagnostics channels are told of each step",
    async ({ api }, { server }) => {
      const names = [
        "request:create",
        "request:start",
        "response:start",
        "response:end",
        "request:retry",
        "request:error",
      ]
      const told: unknown[] = []
      const listeners = names.map((name) => {
        const listener = (message: unknown): void => {
          const { url, method, statusCode, retryCount } = message as Record<string, unknown>
          const own = String(url).startsWith(server.url)
          if (own) told.push([name, url, method, statusCode, retryCount])
        }
        subscribe(`got:${name}`, listener)
        return () => unsubscribe(`got:${name}`, listener)
      })
      try {
        await api("diagnosed", { retry: { limit: 1, backoffLimit: 1, noise: 0 } })
      } finally {
        for (const end of listeners) end()
      }
      return told
    },
    {
      releases: on.newest,
      alone: true,
      answer: (_, index) => (index === 0 ? { status: 503 } : {}),
      gives: expect.arrayContaining([["request:start", "http://server-1/diagnosed", "GET", undefined, undefined]]),
    },
  ),
  option(
    "how-to-store-options",
    "an instance may be extended by Options",
    async ({ api, own }, { server: { arrivals } }) => {
      const options = new own.Options({ headers: { "x-own": "1" } })
      options.headers["x-later"] = "2"
      await api.extend({ headers: options.headers as never, searchParams: { a: 1 } })("x")
      return arrivals.map(({ target, headers }) => [target, headers["x-own"], headers["x-later"]])
    },
    { gives: [["/x?a=1", "1", "2"]] },
  ),
  cache(
    "advanced-caching-mechanisms",
    "a handler may give one promise to several callers",
    async ({ api }, { server: { arrivals } }) => {
      const pending = new Map<string, unknown>()
      const handler: HandlerFunction = (options, next) => {
        const { href } = new URL(options.url ?? "")
        if (!pending.has(href)) pending.set(href, next(options))
        return pending.get(href) as ReturnType<typeof next>
      }
      const instance = api.extend({ handlers: [handler] })
      const [one, other] = await Promise.all([instance("x"), instance("x")])
      return [one === other, arrivals.length]
    },
    { gives: [true, 1] },
  ),
]
