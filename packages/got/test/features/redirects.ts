import type { Answer, Arrival } from "@countersign/testkit"
import { expect } from "vitest"
import { errorOf, failure, page } from "./got-feature.ts"

const option = page("2-options")

/** `/301/to?from` redirects to `/to?from`, and the header x-to to any URL. Everything else is answered. */
function redirecting({ target, headers }: Arrival): Answer {
  const [, status, location] = /^\/(3\d\d)(\/.*)$/.exec(target) ?? []
  const to = headers["x-to"]?.toString() ?? location
  return to === undefined ? {} : { status: Number(status ?? 302), headers: { location: to } }
}

const sent = ({ method, target, body, headers }: Arrival): string =>
  [method, target, body, headers["content-type"] ?? ""].join(" ").trim()

export const redirects = [
  ...[301, 302, 303, 307, 308].map((status) =>
    option(
      "followredirect",
      `a redirect by ${status} is followed, with method and body as they should be`,
      async ({ api }, { server: { arrivals } }) => {
        const { url, redirectUrls, requestUrl } = await api.post(`${status}/to?a=b`, { json: { a: 1 } })
        await api(`${status}/to`)
        await api.put(`${status}/to`, { body: "text" })
        await api.head(`${status}/to`)
        return [url, redirectUrls.map(String), String(requestUrl), arrivals.map(sent)]
      },
      { answer: redirecting },
    ),
  ),
  option(
    "methodrewriting",
    "methodRewriting makes GET of POST",
    async ({ api }, { server: { arrivals } }) => {
      for (const status of [301, 302, 307]) await api.post(`${status}/to`, { body: "a", methodRewriting: true })
      return arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`)
    },
    {
      answer: redirecting,
      gives: ["POST /301/to a", "GET /to ", "POST /302/to a", "GET /to ", "POST /307/to a", "POST /to a"],
    },
  ),
  option(
    "followredirect",
    "followRedirect: false gives the redirect itself",
    async ({ api }, { server: { arrivals } }) => {
      const { statusCode, headers, redirectUrls } = await api("302/to", { followRedirect: false })
      return [statusCode, headers.location, redirectUrls, arrivals.length]
    },
    { answer: redirecting, gives: [302, "/to", [], 1] },
  ),
  option(
    "followredirect",
    "followRedirect may decide by the answer",
    async ({ api }, { server: { arrivals } }) => {
      const { statusCode } = await api("301/302/to", { followRedirect: ({ headers }) => headers.location !== "/to" })
      return [statusCode, arrivals.map(({ target }) => target)]
    },
    { answer: redirecting, gives: [302, ["/301/302/to", "/302/to"]] },
  ),
  option(
    "maxredirects",
    "more than maxRedirects is a MaxRedirectsError",
    async ({ api, own }, { server: { arrivals } }) => {
      const within = await api("301/302/307/to", { maxRedirects: 3 })
      const error = await errorOf(api("301/302/307/to", { maxRedirects: 2 }))
      const { name, code, message, response } = error
      return [
        within.statusCode,
        name,
        code,
        message,
        response?.statusCode,
        error instanceof own.MaxRedirectsError,
        arrivals.length,
      ]
    },
    {
      answer: redirecting,
      gives: [200, "MaxRedirectsError", "ERR_TOO_MANY_REDIRECTS", expect.any(String), 307, true, 7],
    },
  ),
  option(
    "maxredirects",
    "redirects without an end are an error after ten",
    async ({ api }, { server: { arrivals } }) => [(await failure(api("x"))).code, arrivals.length],
    { answer: () => ({ status: 302, headers: { location: "/x" } }), gives: ["ERR_TOO_MANY_REDIRECTS", 11] },
  ),
  option(
    "headers",
    "at another origin cookies, user and password stay behind, and what else the caller has goes along",
    async ({ api }, { listen }) => {
      const seen: unknown[] = []
      const elsewhere = await listen(({ headers, method }, response) => {
        seen.push([method, headers.authorization, headers.cookie, headers["x-own"]])
        response.end("{}")
      })
      const headers = { "x-to": elsewhere, cookie: "a=b", "x-own": "1" }
      await api("302/x", { headers, username: "me", password: "mine" })
      await api("302/x", { headers: { ...headers, authorization: "Bearer mine" } })
      return seen
    },
    { answer: redirecting, gives: Array(2).fill(["GET", undefined, undefined, "1"]) },
  ),
  option(
    "headers",
    "within the origin all goes along",
    async ({ api }, { server: { arrivals } }) => {
      await api("302/to", { headers: { cookie: "a=b", "x-own": "1" }, username: "me", password: "mine" })
      return arrivals.map(({ headers }) => [headers.authorization, headers.cookie, headers["x-own"]])
    },
    { answer: redirecting, gives: Array(2).fill([`Basic ${btoa("me:mine")}`, "a=b", "1"]) },
  ),
  option(
    "followredirect",
    "a redirect to what is no URL is an error",
    async ({ api }) => {
      const { name, code } = await failure(api("x", { headers: { "x-to": "http://" } }))
      return [name, code]
    },
    { answer: redirecting, gives: ["RequestError", "ERR_INVALID_URL"] },
  ),
  option("followredirect", "a redirect without a location is an answer", async ({ api }) => failure(api("x")), {
    answer: () => ({ status: 302 }),
    gives: expect.objectContaining({ name: "HTTPError", status: 302 }),
  }),
  option(
    "followredirect",
    "the redirect event of the promise tells of each hop",
    async ({ api }) => {
      const seen: unknown[] = []
      await api("301/302/to").on("redirect", ({ url }, { statusCode }) => void seen.push(String(url), statusCode))
      return seen
    },
    { answer: redirecting, gives: ["http://server-1/302/to", 301, "http://server-1/to", 302] },
  ),
]
