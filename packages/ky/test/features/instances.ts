import type { KyInstance, Options } from "ky"
import type { Dispatcher } from "undici-types"
import { expect } from "vitest"
import { hooksOf, type KyFeature, readme, SINCE_1_14, SINCE_2, text } from "./ky-client.ts"

/** Instances, and the features of the fetch below them. */
export const instances: readonly KyFeature[] = [
  {
    name: "extend: merges headers and hooks, replaces the rest",
    documentation: readme("kyextenddefaultoptions"),
    run: async ({ create }, { server }) => {
      const seen: string[] = []
      const hook = (name: string) => hooksOf({ beforeRequest: [() => void seen.push(name)] })
      const parent = create({ headers: { rainbow: "r", unicorn: "u" }, hooks: hook("parent"), method: "put" })
      const child = parent.extend({ headers: { unicorn: "v" }, hooks: hook("child"), method: "patch" })
      await child("a")
      await parent("a")
      return [seen, server.arrivals.map(({ method, headers }) => [method, headers.rainbow, headers.unicorn])]
    },
    gives: [
      ["parent", "child", "parent"],
      [
        ["PATCH", "r", "v"],
        ["PUT", "r", "u"],
      ],
    ],
  },
  {
    name: "extend: removes what is undefined",
    documentation: readme("kyextenddefaultoptions"),
    run: async ({ create }, { server }) => {
      const seen: string[] = []
      const parent = create({
        headers: { rainbow: "r", unicorn: "u" },
        hooks: hooksOf({
          beforeRequest: [() => void seen.push("before")],
          afterResponse: [() => void seen.push("after")],
        }),
      })
      const removed = { headers: { rainbow: undefined }, hooks: { beforeRequest: undefined } } as unknown as Options
      const child = parent.extend(removed)
      await child("a")
      return [seen, server.arrivals[0]?.headers.rainbow, server.arrivals[0]?.headers.unicorn]
    },
    gives: [["after"], undefined, "u"],
  },
  {
    name: "extend: by a function of the parent's options",
    documentation: readme("kyextenddefaultoptions"),
    run: async ({ create }, { server }) => {
      const parent = create({ searchParams: { a: 1 }, headers: { rainbow: "r" } })
      const seen: unknown[] = []
      const child = parent.extend((options) => {
        seen.push(options.searchParams, new Headers(options.headers as HeadersInit).get("rainbow"))
        return { searchParams: { b: 2 } }
      })
      await child("a")
      return [seen, server.arrivals[0]?.target]
    },
    gives: [[{ a: 1 }, "r"], "/a?a=1&b=2"],
  },
  {
    name: "extend: a signal of each instance ends the request",
    documentation: readme("kyextenddefaultoptions"),
    releases: SINCE_2,
    answer: () => new Promise(() => undefined),
    run: async ({ create }, { limitMs }) => {
      const [first, second] = [new AbortController(), new AbortController()]
      const api = create({ signal: first.signal, retry: 0 }).extend({ signal: second.signal })
      setTimeout(() => first.abort(), limitMs)
      return await api("a").catch((error: unknown) => String(error))
    },
    gives: "AbortError: This operation was aborted",
  },
  {
    name: "replaceOption: replaces in place of merging",
    documentation: readme("replaceoption"),
    releases: SINCE_2,
    run: async ({ create, module }, { server }) => {
      const seen: string[] = []
      const hook = (name: string) => hooksOf({ beforeRequest: [() => void seen.push(name)] })
      const parent = create({ headers: { rainbow: "r" }, searchParams: { a: 1 }, hooks: hook("parent") })
      const child = parent.extend({
        headers: module.replaceOption({ unicorn: "u" }),
        searchParams: module.replaceOption({ b: 2 }),
      })
      await child("a")
      const [arrival] = server.arrivals
      return [seen, arrival?.target, arrival?.headers.rainbow, arrival?.headers.unicorn]
    },
    gives: [["parent"], "/a?b=2", undefined, "u"],
  },
  {
    name: "create and extend are there, with the shortcuts, stop and retry",
    documentation: readme("kycreatedefaultoptions"),
    run: async ({ api }) => Object.entries(api).map(([name, value]) => `${name}: ${typeof value}`),
    gives: expect.arrayContaining(["create: function", "extend: function", "get: function", "stop: symbol"]),
  },
  {
    name: "stop and retry are the same of every instance",
    documentation: readme("kystop"),
    releases: SINCE_1_14,
    run: async ({ api, module }) => [api.stop === module.default.stop, api.retry === module.default.retry],
    gives: [true, true],
  },
  {
    name: "create: inherits nothing",
    documentation: readme("kycreatedefaultoptions"),
    run: async ({ create }, { server }) => {
      const other: KyInstance = create({ headers: { rainbow: "r" } }).create({ headers: { unicorn: "u" } })
      await other(server.url.replace("127.0.0.1", "localhost"))
      return [server.arrivals[0]?.headers.rainbow, server.arrivals[0]?.headers.unicorn]
    },
    gives: [undefined, "u"],
  },
  {
    name: "redirects: followed, and told",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/API/RequestInit#redirect",
    answer: ({ target }) => ({ "/1": { status: 302, headers: { location: "/2?a=b" } } })[target] ?? {},
    run: async ({ api }, { server }) => {
      const { status, url, redirected } = await api.post("1", { json: 1 })
      return [status, url, redirected, server.arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`)]
    },
    gives: [200, "http://server-1/2?a=b", true, ["POST /1 1", "GET /2?a=b "]],
  },
  {
    name: "redirects: 307 and 308 keep method and body",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/API/RequestInit#redirect",
    answer: ({ target }) =>
      target === "/end" ? {} : { status: Number(target.slice(1)), headers: { location: "/end" } },
    run: async ({ api }, { server }) => {
      for (const status of ["307", "308"]) await api.put(status, { body: new Blob(["abc"], { type: "a/b" }) })
      return server.arrivals.map(({ method, body, headers }) => `${method} ${body} ${headers["content-type"]}`)
    },
    gives: Array(4).fill("PUT abc a/b"),
  },
  {
    name: "redirects: to another origin, without the caller's Authorization",
    documentation: "https://developer.mozilla.org/en-US/docs/Web/API/Fetch_API/Using_Fetch",
    run: async ({ api }, { server, listen }) => {
      const foreign = server.url.replace("127.0.0.1", "localhost")
      const url = await listen((_request, response) => response.writeHead(302, { location: `${foreign}/a` }).end())
      await api(new URL(url), { headers: { authorization: "Basic a", "x-own": "1" } })
      return [server.arrivals[0]?.headers.authorization, server.arrivals[0]?.headers["x-own"]]
    },
    gives: [undefined, "1"],
  },
  {
    name: "redirect: manual and error",
    documentation: readme("throwhttperrors"),
    answer: () => ({ status: 302, headers: { location: "/to" } }),
    run: async ({ api, module }) => {
      const manual = await api("a", { redirect: "manual" }).catch((error: unknown) => error)
      const error = await api("a", { redirect: "error", retry: 0 }).catch((thrown: unknown) => String(thrown))
      const unread = await api("a", { redirect: "manual", throwHttpErrors: false })
      return [manual instanceof module.HTTPError, unread.headers.get("location"), error]
    },
    gives: [true, "/to", expect.stringMatching("fetch failed|NetworkError")],
  },
  {
    name: "dispatcher: of undici, for proxies, HTTP/2 and pools",
    documentation: readme("proxy-support-nodejs"),
    run: async ({ api }, { server }) => {
      const seen: string[] = []
      // The dispatcher of the platform's own undici.
      const platform = (globalThis as unknown as Record<symbol, Dispatcher>)[Symbol.for("undici.globalDispatcher.1")]
      const dispatcher = platform?.compose((dispatch) => (options, handler) => {
        seen.push(`${options.method} ${options.path}`)
        return dispatch({ ...options, path: "/elsewhere" }, handler)
      })
      const response = await api("a", { dispatcher } as Options)
      return [await text(response), seen, server.arrivals.map(({ target }) => target)]
    },
    gives: ['200 {"ok":true}', ["GET /a"], ["/elsewhere"]],
  },
  {
    name: "pagination by fetch's own means",
    documentation: readme("pagination"),
    answer: ({ target }, index) => ({
      headers: index < 2 ? { link: `<${target.split("?")[0]}?page=${index + 2}>; rel="next"` } : {},
      body: JSON.stringify([index]),
    }),
    run: async ({ api }, { server }) => {
      const items: number[] = []
      for (let next: string | undefined = "commits"; next !== undefined; ) {
        const response: Response = await api(next)
        items.push(...((await response.json()) as number[]))
        next = /<\/([^>]*)>; rel="next"/.exec(response.headers.get("link") ?? "")?.[1]
      }
      return [items, server.arrivals.map(({ target }) => target)]
    },
    gives: [
      [0, 1, 2],
      ["/commits", "/commits?page=2", "/commits?page=3"],
    ],
  },
]
