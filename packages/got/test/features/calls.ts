import type { RecordingServer } from "@countersign/testkit"
import { expect } from "vitest"
import { errorOf, failure, on, page } from "./got-feature.ts"

const promise = page("1-promise")
const option = page("2-options")

const targets = ({ arrivals }: RecordingServer): string[] => arrivals.map(({ target }) => target)

export const calls = [
  promise(
    "promise-api",
    "there is a function for each usual method",
    async ({ api }, { server }) => {
      for (const method of ["get", "post", "put", "patch", "head", "delete"] as const) await api[method](method)
      return server.arrivals.map(({ method, target }) => `${method} ${target}`)
    },
    { gives: ["GET /get", "POST /post", "PUT /put", "PATCH /patch", "HEAD /head", "DELETE /delete"] },
  ),
  promise(
    "promise-api",
    "there is a function for QUERY",
    async ({ api }, { server }) => {
      await api.query("x", { json: { a: 1 } })
      return server.arrivals.map(({ method, body }) => `${method} ${body}`)
    },
    { releases: on.newest, gives: ['QUERY {"a":1}'] },
  ),
  option(
    "method",
    "method may be any",
    async ({ api }, { server }) => {
      for (const method of ["OPTIONS", "TRACE", "PURGE", "propfind"]) await api("x", { method })
      return server.arrivals.map(({ method }) => method.toUpperCase())
    },
    { gives: ["OPTIONS", "TRACE", "PURGE", "PROPFIND"] },
  ),
  option(
    "url",
    "url may be text or a URL",
    async ({ api }, { server }) => {
      const { url } = server
      await api(`${url}/text`, { prefixUrl: "" })
      await api(new URL(`${url}/object?a=b`), { prefixUrl: "" })
      return targets(server)
    },
    { gives: ["/text", "/object?a=b"] },
  ),
  option(
    "url",
    "a space in the url is escaped, and what is escaped already stays",
    async ({ api }, { server }) => {
      await api("ü/%C3%BC/a%2Fb/c d?q=a b&r=%20&s=a%2Bb")
      return targets(server)
    },
    { gives: ["/%C3%BC/%C3%BC/a%2Fb/c%20d?q=a%20b&r=%20&s=a%2Bb"] },
  ),
  option("url", "an apostrophe in the url", async ({ api }, { server }) => {
    await api("it's?q='a'")
    return targets(server)
  }),
  option(
    "prefixurl",
    "prefixUrl is put before the url, of the instance or of the request, with or without a slash",
    async ({ api }, { server }) => {
      await api("a/b")
      await api("a", { prefixUrl: `${server.url}/v1` })
      await api("a", { prefixUrl: new URL(`${server.url}/v2/`) })
      await api("")
      return targets(server)
    },
    { gives: ["/a/b", "/v1/a", "/v2/a", "/"] },
  ),
  option(
    "allowabsoluteurls",
    "allowAbsoluteUrls: false refuses a full url",
    async ({ api }, { server }) => {
      const { name, message } = await failure(api(`${server.url}/x`, { allowAbsoluteUrls: false }))
      return [name, message, server.arrivals.length]
    },
    { releases: on.newest, gives: [expect.any(String), expect.any(String), 0] },
  ),
  option(
    "searchparams",
    "searchParams may be an object, text or URLSearchParams, and takes the place of the query",
    async ({ api }, { server }) => {
      await api("x?first=1", { searchParams: { a: "b", c: 1, d: true, e: null, f: undefined } })
      await api("x", { searchParams: "a=b&a=c" })
      await api("x", {
        searchParams: new URLSearchParams([
          ["a", "1"],
          ["a", "&"],
        ]),
      })
      return targets(server)
    },
    { gives: ["/x?a=b&c=1&d=true&e=", "/x?a=b&a=c", "/x?a=1&a=%26"] },
  ),
  option(
    "searchparams",
    "a space in searchParams is a plus",
    async ({ api }, { server }) => {
      await api("x", { searchParams: { q: "a b" } })
      return targets(server)
    },
    {
      gives: ["/x?q=a+b"],
      differs: {
        because: "The signing guide writes a space as %20, and the URL goes out as it is signed.",
        gives: ["/x?q=a%20b"],
        onTheWire: true,
      },
    },
  ),
  option(
    "headers",
    "headers may be text, lists or nothing, and got has its own",
    async ({ api }, { server }) => {
      await api("x", { headers: { "X-Own": "1", "x-list": ["a", "b"], "user-agent": undefined, "x-none": undefined } })
      await api("x", { headers: { "user-agent": "me", "accept-encoding": "identity" } })
      return server.arrivals.map(({ headers }) => [headers["x-own"], headers["x-list"], headers["user-agent"]])
    },
    {
      gives: [
        ["1", expect.stringMatching(/^a, ?b$/), undefined],
        [undefined, undefined, "me"],
      ],
    },
  ),
  option(
    "headers",
    "Authorization, Cookie and Host of the caller's own are sent",
    async ({ api }, { server }) => {
      const own = { authorization: "Bearer mine", cookie: "a=b", host: "127.0.0.1:1" }
      await api("x", { headers: own })
      return server.arrivals.map(({ headers }) => [headers.authorization, headers.cookie, headers.host])
    },
    { gives: [["Bearer mine", "a=b", "127.0.0.1:1"]] },
  ),
  option(
    "username",
    "username and password are sent as basic credentials, from options or the url",
    async ({ api }, { server }) => {
      await api("x", { username: "me", password: "m:ne" })
      await api(`${server.url.replace("//", "//me:mine@")}/x`, { prefixUrl: "" })
      return server.arrivals.map(({ headers }) => headers.authorization)
    },
    { gives: [`Basic ${btoa("me:m:ne")}`, `Basic ${btoa("me:mine")}`] },
  ),
  option(
    "context",
    "context reaches hooks, and nothing of it goes out",
    async ({ api }) => {
      const seen: unknown[] = []
      await api.extend({ context: { instance: 1 } })("x", {
        context: { call: 2 },
        hooks: { beforeRequest: [({ context }) => void seen.push({ ...context })] },
      })
      return seen
    },
    { gives: [{ instance: 1, call: 2 }] },
  ),
  promise(
    "",
    "the promise can be awaited more than once, and has on, once and off",
    async ({ api }) => {
      const sent = api("x")
      const seen: unknown[] = []
      const listener = ({ statusCode }: { statusCode: number }): void => void seen.push(statusCode)
      sent.on("response", listener).on("request", ({ method }) => void seen.push(method))
      const [one, other] = [await sent, await sent]
      return [one === other, seen]
    },
    { gives: [true, ["GET", 200]] },
  ),
  option(
    "",
    "a URL that is none, and options that are unknown, are refused",
    async ({ api, own }, { server }) => {
      const url = await errorOf(api("http://", { prefixUrl: "" }))
      const option = await errorOf(Promise.resolve().then(() => api("x", { nonsense: true } as never)))
      const failed = [url, option].map(({ name, message }) => [name, message])
      return [failed, url instanceof own.RequestError, server.arrivals.length]
    },
    { gives: [expect.any(Array), expect.any(Boolean), 0] },
  ),
  option(
    "url",
    "a url without a protocol, or with a slash before it, is refused",
    async ({ api }, { server }) => {
      const names: unknown[] = []
      names.push((await errorOf(api("//nowhere", { prefixUrl: "" }))).name)
      names.push((await errorOf(Promise.resolve().then(() => api("example.com/x", { prefixUrl: "" })))).name)
      return [names, server.arrivals.length]
    },
    { gives: [expect.any(Array), 0] },
  ),
  option(
    "resetting-options",
    "options of the instance can be reset for a request",
    async ({ api }, { server }) => {
      const instance = api.extend({
        searchParams: { a: 1 },
        headers: { "x-own": "1" },
        context: { own: 1 },
        timeout: { request: 5_000 },
        responseType: "json",
      })
      const { request, body } = await instance("x", {
        searchParams: undefined,
        headers: { "x-own": undefined, "user-agent": undefined },
        context: { own: undefined },
        timeout: { request: undefined as never },
        responseType: "text",
      })
      const { context, timeout } = request.options
      const { headers, target } = server.arrivals[0] ?? { headers: {} }
      return [target, Object.keys(headers).includes("x-own"), headers["user-agent"], context.own, timeout.request, body]
    },
    { releases: on.newest, gives: ["/x", false, undefined, undefined, undefined, '{"ok":true}'] },
  ),
  option("context", "context may hold what is not enumerable", async ({ api }) => {
    const context = Object.defineProperty({}, "secret", { value: "1", configurable: true, writable: true })
    const seen: unknown[] = []
    await api.extend({ context })("x", {
      hooks: { beforeRequest: [(options) => void seen.push(options.context.secret, Object.keys(options.context))] },
    })
    return seen
  }),
]
