import type { Answer, Arrival } from "@countersign/testkit"
import type { OptionsInit } from "got"
import { expect } from "vitest"
import { errorOf, page } from "./got-feature.ts"

const option = page("2-options")
const cache = page("cache")

const onlyPublic =
  "An answer to a request with authentication is kept only where the server calls it public, as HTTP demands."

/** An answer with a cache policy, validated by its ETag. */
const kept =
  (control: string) =>
  ({ headers }: Arrival, index: number): Answer => {
    const answer = { headers: { etag: '"1"', "cache-control": control } }
    return headers["if-none-match"] === '"1"' ? { status: 304, ...answer } : { ...answer, body: `answer ${index}` }
  }

function jar(): { cookieJar: NonNullable<OptionsInit["cookieJar"]>; asked: unknown[] } {
  const cookies = new Map<string, string>()
  const asked: unknown[] = []
  return {
    asked,
    cookieJar: {
      async getCookieString(url: string) {
        asked.push(["get", url])
        return [...cookies].map(([name, value]) => `${name}=${value}`).join("; ")
      },
      async setCookie(cookie: string, url: string) {
        asked.push(["set", cookie, url])
        const [name = "", value = ""] = cookie.split(";")[0]?.split("=") ?? []
        if (name === "bad") throw new Error("no such cookie")
        cookies.set(name, value)
      },
    },
  }
}

export const cookiesAndCache = [
  option(
    "cookiejar",
    "cookieJar keeps cookies, and gives them to what follows, redirects too",
    async ({ api }, { server: { arrivals } }) => {
      const { cookieJar, asked } = jar()
      await api("x", { cookieJar })
      await api("y", { cookieJar })
      return [arrivals.map(({ headers }) => headers.cookie), asked]
    },
    {
      answer: ({ target }) =>
        target === "/x" ? { status: 302, headers: { location: "/to", "set-cookie": ["a=1; Path=/", "b=2"] } } : {},
      gives: [[undefined, "a=1; b=2", "a=1; b=2"], expect.any(Array)],
    },
  ),
  option(
    "cookiejar",
    "cookieJar may be one with callbacks, as tough-cookie's",
    async ({ api }, { server: { arrivals } }) => {
      let cookie = ""
      type Done = (error: Error | null, value?: unknown) => void
      const cookieJar = {
        getCookieString: (...given: Done[]) => given.at(-1)?.(null, cookie),
        // The options may be left out, as in the documentation.
        setCookie(given: string, _url: string, options: Done, done: Done) {
          cookie = given
          ;(done ?? options)(null)
        },
      }
      for (const _ of [1, 2]) await api("x", { cookieJar: cookieJar as never })
      return arrivals.map(({ headers }) => headers.cookie)
    },
    { answer: () => ({ headers: { "set-cookie": "a=b" } }), gives: [undefined, "a=b"] },
  ),
  option(
    "ignoreinvalidcookies",
    "a cookie that the jar refuses is an error, unless ignoreInvalidCookies is true",
    async ({ api }) => {
      const { cookieJar } = jar()
      const { name, message } = await errorOf(api("x", { cookieJar }))
      return [name, message, (await api("x", { cookieJar, ignoreInvalidCookies: true })).statusCode]
    },
    { answer: () => ({ headers: { "set-cookie": "bad=1" } }), gives: ["RequestError", "no such cookie", 200] },
  ),
  cache(
    "cache",
    "cache keeps what is called public",
    async ({ api }, { server: { arrivals } }) => {
      const store = new Map()
      const answers = [
        await api("x", { cache: store }),
        await api("x", { cache: store }),
        await api("y", { cache: store }),
      ]
      return [answers.map(({ isFromCache, body }) => [isFromCache, body]), store.size, arrivals.length]
    },
    {
      answer: kept("public, max-age=60"),
      gives: [
        [
          [false, "answer 0"],
          [true, "answer 0"],
          [false, "answer 1"],
        ],
        2,
        2,
      ],
    },
  ),
  cache(
    "cache",
    "cache asks again what is old, and keeps it when it has not changed",
    async ({ api }, { server: { arrivals } }) => {
      const store = new Map()
      const answers = [await api("x", { cache: store }), await api("x", { cache: store })]
      const asked = arrivals.map(({ headers }) => headers["if-none-match"])
      return [answers.map(({ isFromCache, body, statusCode }) => [isFromCache, body, statusCode]), asked]
    },
    {
      answer: kept("public, max-age=0"),
      gives: [
        [
          [false, "answer 0", 200],
          [true, "answer 0", 200],
        ],
        [undefined, '"1"'],
      ],
    },
  ),
  cache(
    "cache",
    "cache keeps what is not called public",
    async ({ api }, { server: { arrivals } }) => {
      const store = new Map()
      const answers = [await api("x", { cache: store }), await api("x", { cache: store })]
      return [answers.map(({ isFromCache }) => isFromCache), store.size, arrivals.length]
    },
    {
      answer: kept("max-age=60"),
      gives: [[false, true], 1, 1],
      differs: { because: onlyPublic, gives: [[false, false], 0, 2], onTheWire: true },
    },
  ),
  cache(
    "cache",
    "cache keeps nothing that may not be stored",
    async ({ api }, { server: { arrivals } }) => {
      const store = new Map()
      await api("x", { cache: store })
      await api.post("x", { cache: store, json: {} })
      return [store.size, arrivals.length]
    },
    { answer: kept("no-store"), gives: [0, 2] },
  ),
  option(
    "cacheoptions",
    "cacheOptions say how to read what the server says",
    async ({ api }) => {
      const store = new Map()
      const options = { cache: store, cacheOptions: { shared: false, ignoreCargoCult: true } }
      const answers = [await api("x", options), await api("x", options)]
      return [answers.map(({ isFromCache }) => isFromCache), store.size]
    },
    { answer: kept("public, max-age=60, no-cache, pre-check=0, post-check=0"), gives: [[false, true], 1] },
  ),
  cache(
    "cache",
    "a store that fails is a CacheError",
    async ({ api, own }) => {
      const broken = {
        get: async () => Promise.reject(new Error("store gone")),
        set: async () => undefined,
        delete: async () => false,
      }
      const error = await errorOf(api("x", { cache: broken as never }))
      return [error.name, error.code, error.message, error instanceof own.CacheError]
    },
    { gives: ["CacheError", "ERR_CACHE_ACCESS", expect.any(String), true] },
  ),
  cache(
    "",
    "a stream tells whether it comes from the cache",
    async ({ api }) => {
      const { text } = await import("node:stream/consumers")
      const store = new Map()
      const seen: unknown[] = []
      for (const _ of [1, 2]) {
        const stream = api.stream("x", { cache: store })
        seen.push(await text(stream), stream.isFromCache)
      }
      return seen
    },
    { answer: kept("public, max-age=60"), gives: ["answer 0", false, "answer 0", true] },
  ),
]
