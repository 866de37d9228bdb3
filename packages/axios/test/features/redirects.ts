import type { Answer, Arrival } from "@countersign/testkit"
import type { AxiosRequestConfig } from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section } from "./axios-feature.ts"

const option = section("request-config")
const errors = section("error-types")

/** `/301/to?from` redirects to `/to?from`. Everything else is answered. */
function redirecting({ target }: Arrival): Answer {
  const [, status, location] = /^\/(3\d\d)(\/.*)$/.exec(target) ?? []
  return location === undefined ? {} : { status: Number(status), headers: { location } }
}

const sent = ({ method, target, body, headers }: Arrival): string =>
  [method, target, body, headers["content-type"] ?? ""].join(" ").trim()

const statuses = [301, 302, 303, 307, 308]

export const redirects = [
  ...statuses.map((status) =>
    option(
      `a redirect by ${status} is followed, with method and body as they should be`,
      async (api, { server: { arrivals } }) => {
        const { request, data } = await api.post(`/${status}/to?a=b`, { a: 1 }, { headers: { "X-Own": "1" } })
        await api.get(`/${status}/to`)
        await api.put(`/${status}/to`, "text")
        await api.head(`/${status}/to`)
        return [data, request?.res?.responseUrl, arrivals.map(sent)]
      },
      { answer: redirecting },
    ),
  ),
  option(
    "maxRedirects: 0 gives the redirect itself",
    async (api, { server: { arrivals } }) => {
      const { response } = await errorOf(api.get("/302/to", { maxRedirects: 0 }))
      const accepted = await api.get("/302/to", { maxRedirects: 0, validateStatus: (status) => status === 302 })
      return [response?.status, response?.headers.location, accepted.status, arrivals.length]
    },
    {
      releases: [...on.http, ...on.newestFetch],
      answer: redirecting,
      gives: [302, "/to", 302, 2],
    },
  ),
  errors(
    "more than maxRedirects is an error",
    async (api, { server: { arrivals } }) => {
      const within = await api.get("/301/302/307/to", { maxRedirects: 3 })
      return [within.status, await failure(api.get("/301/302/307/to", { maxRedirects: 2 })), arrivals.length]
    },
    {
      releases: on.http,
      answer: redirecting,
      gives: [200, expect.objectContaining({ code: "ERR_FR_TOO_MANY_REDIRECTS" }), 7],
    },
  ),
  errors(
    "redirects without an end are an error",
    async (api, { server: { arrivals } }) => [await failure(api.get("/x")), arrivals.length],
    { answer: () => ({ status: 302, headers: { location: "/x" } }) },
  ),
  option(
    "beforeRedirect is told of each redirect, with what was answered",
    async (api) => {
      const told: unknown[] = []
      await api.post("/301/307/to?a=b", "text", {
        headers: { "X-Own": "1" },
        beforeRedirect(options, { statusCode, headers }) {
          const { protocol, hostname, path, method, href } = options
          const { location } = headers
          told.push([protocol, hostname, path, method, href, statusCode, location, options.headers["X-Own"]])
        },
      })
      return told
    },
    { releases: on.http, answer: redirecting },
  ),
  option(
    "beforeRedirect is told where from",
    async (api) => {
      const told: unknown[] = []
      const beforeRedirect: AxiosRequestConfig["beforeRedirect"] = (_, __, { url, method, headers }) => {
        told.push([url, method, headers["X-Own"]])
      }
      await api.post("/301/307/to", "text", { headers: { "X-Own": "1" }, beforeRedirect })
      return told
    },
    { releases: on.newestHttp, answer: redirecting },
  ),
  option(
    "beforeRedirect may change headers, and ends the request by throwing",
    async (api, { server: { arrivals } }) => {
      await api.get("/301/to", {
        headers: { "X-Kept": "1", "X-Dropped": "1" },
        beforeRedirect({ headers }) {
          delete headers["X-Dropped"]
          headers["X-Added"] = "1"
        },
      })
      const beforeRedirect = (): never => {
        throw new Error("not there")
      }
      const { "x-kept": kept, "x-dropped": dropped, "x-added": added } = arrivals[1]?.headers ?? {}
      return [kept, dropped, added, await failure(api.get("/301/to", { beforeRedirect }))]
    },
    {
      releases: on.http,
      answer: redirecting,
      gives: ["1", undefined, "1", expect.objectContaining({ code: "ERR_FR_REDIRECTION_FAILURE" })],
    },
  ),
  option(
    "beforeRedirect may give a user and a password",
    async (api, { server: { arrivals } }) => {
      const beforeRedirect: AxiosRequestConfig["beforeRedirect"] = (options) => {
        options.auth = "me:mine"
      }
      await api.get("/301/to", { beforeRedirect })
      return arrivals.map(({ headers }) => headers.authorization)
    },
    { releases: on.http, answer: redirecting, gives: [undefined, `Basic ${btoa("me:mine")}`] },
  ),
  option(
    "auth goes along within the origin, and stays behind elsewhere",
    async (api, { server, listen }) => {
      const seen: unknown[] = []
      const elsewhere = await listen(({ headers }, response) => {
        seen.push(headers.authorization)
        response.end("{}")
      })
      const auth = { username: "me", password: "mine" }
      await api.get("/301/to", { auth })
      await api.get("/x", { auth, headers: { "X-To": elsewhere } })
      return [server.arrivals.map(({ headers }) => headers.authorization), seen]
    },
    {
      releases: on.newestHttp,
      answer: (arrival) => redirectingTo(arrival) ?? redirecting(arrival),
      gives: [Array(3).fill(`Basic ${btoa("me:mine")}`), [undefined]],
    },
  ),
  option(
    "sensitiveHeaders stay behind at another origin",
    async (api, { server, listen }) => {
      const seen: unknown[] = []
      const elsewhere = await listen(({ headers }, response) => {
        seen.push(headers["x-api-key"], headers["x-own"])
        response.end("{}")
      })
      const headers = { "X-API-Key": "secret", "X-Own": "1" }
      await api.get("/x", { headers: { ...headers, "X-To": elsewhere }, sensitiveHeaders: ["x-api-key"] })
      await api.get("/301/to", { headers, sensitiveHeaders: ["x-api-key"] })
      return [seen, server.arrivals.map(({ headers }) => headers["x-api-key"])]
    },
    {
      releases: on.newestHttp,
      answer: (arrival) => redirectingTo(arrival) ?? redirecting(arrival),
      gives: [
        [undefined, "1"],
        ["secret", "secret", "secret"],
      ],
    },
  ),
  option(
    "sensitiveHeaders has to be a list of names",
    async (api, { server: { arrivals } }) => {
      const wrong = [["X-API-Key", 1], "X-API-Key"] as unknown as string[][]
      const failures: unknown[] = []
      for (const sensitiveHeaders of wrong) failures.push(await failure(api.get("/x", { sensitiveHeaders })))
      return [failures, arrivals.length]
    },
    {
      releases: on.newestHttp,
      gives: [Array(2).fill(expect.objectContaining({ code: "ERR_BAD_OPTION_VALUE" })), 0],
    },
  ),
  option("a redirect without a location is an answer", async (api) => failure(api.get("/x")), {
    answer: () => ({ status: 302 }),
    gives: expect.objectContaining({ status: 302 }),
  }),
]

function redirectingTo({ headers }: Arrival): Answer | undefined {
  const to = headers["x-to"]
  return typeof to === "string" ? { status: 302, headers: { location: to } } : undefined
}
