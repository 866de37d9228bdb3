import axios from "axios"
import { expect } from "vitest"
import { on, section } from "./axios-feature.ts"

const option = section("request-config")
const axiosHeaders = section("axiosheaders")
const casing = section("preserving-a-specific-header-case")

/** The headers without those of the authentication. */
const own = (headers: Record<string, unknown>): unknown =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => /^x-(?!auth-token)/.test(name)))

export const requestHeaders = [
  option(
    "headers may be text, numbers, booleans, lists or nothing",
    async (api, { server: { arrivals } }) => {
      const values = { text: "a", number: 1, true: true, list: ["a", "b"], null: null, false: false }
      const headers = Object.fromEntries(Object.entries(values).map(([name, value]) => [`X-${name}`, value]))
      await api.get("/x", { headers })
      return arrivals.map(({ headers }) => own(headers))
    },
    { gives: [{ "x-text": "a", "x-number": "1", "x-true": "true", "x-list": expect.stringMatching(/^a, ?b$/) }] },
  ),
  axiosHeaders(
    "headers may be AxiosHeaders",
    async (api, { server: { arrivals } }) => {
      const headers = new axios.AxiosHeaders({ "X-A": "1" }).set("x-b", "2").setAccept("text/x")
      await api.get("/x", { headers })
      return arrivals.map(({ headers }) => [own(headers), headers.accept])
    },
    { gives: [[{ "x-a": "1", "x-b": "2" }, "text/x"]] },
  ),
  casing(
    "headers keep the case they are given in",
    async (api, { listen }) => {
      const names: string[] = []
      api.defaults.baseURL = await listen(({ rawHeaders }, response) => {
        names.push(...rawHeaders.filter((name, index) => index % 2 === 0 && /own/i.test(name)))
        response.end("{}")
      })
      await api.post("/x", "a", { headers: { "x-OWN-one": "1", "X-Own-Two": "2" } })
      return names
    },
    { releases: on.http, gives: ["x-OWN-one", "X-Own-Two"] },
  ),
  option("headers of axios' own go out: Accept, Content-Type, User-Agent, Accept-Encoding", async (api) => {
    await api.get("/x")
    await api.post("/x", { a: 1 })
    return (await api.post("/x", "text")).config.headers
  }),
  option(
    "headers of axios' own may be replaced, and turned off",
    async (api, { server: { arrivals } }) => {
      await api.get("/x", { headers: { Accept: "a/b", "User-Agent": "me", "Accept-Encoding": "identity" } })
      await api.get("/x", { headers: { "User-Agent": false } })
      return arrivals.map(({ headers }) => [headers.accept, headers["user-agent"], headers["accept-encoding"]])
    },
    { releases: on.http, gives: [["a/b", "me", "identity"], expect.arrayContaining([undefined])] },
  ),
  option(
    "auth is sent as basic credentials, in place of another Authorization",
    async (api, { server: { arrivals } }) => {
      await api.get("/x", { auth: { username: "me", password: "m:ne" }, headers: { Authorization: "Bearer other" } })
      return arrivals.map(({ headers }) => headers.authorization)
    },
    { gives: [`Basic ${btoa("me:m:ne")}`] },
  ),
  option(
    "user and password in the URL are sent as basic credentials",
    async (api, { server: { url, arrivals } }) => {
      await api.get(`${url.replace("//", "//me:mine@")}/x`)
      return arrivals.map(({ headers, target }) => [headers.authorization, target])
    },
    { releases: [...on.http, ...on.newestFetch], gives: [[`Basic ${btoa("me:mine")}`, "/x"]] },
  ),
  option(
    "Authorization and Cookie of the caller's own are sent",
    async (api, { server: { arrivals } }) => {
      await api.get("/x", { headers: { Authorization: "Bearer mine", Cookie: "a=b; c=d" } })
      return arrivals.map(({ headers }) => [headers.authorization, headers.cookie])
    },
    { gives: [["Bearer mine", "a=b; c=d"]] },
  ),
  option(
    "Host of the caller's own is sent",
    async (api, { server: { arrivals } }) => {
      await api.get("/x", { headers: { Host: "127.0.0.1:1" } })
      return arrivals.map(({ headers }) => headers.host)
    },
    { releases: on.http, gives: ["127.0.0.1:1"] },
  ),
  option(
    "xsrfCookieName, xsrfHeaderName, withXSRFToken and withCredentials change nothing outside of browsers",
    async (api, { server: { arrivals } }) => {
      const xsrf = { xsrfCookieName: "mine", xsrfHeaderName: "X-Mine", withXSRFToken: true, withCredentials: true }
      await api.get("/x", { headers: { Cookie: "mine=1" }, ...xsrf })
      return arrivals.map(({ headers }) => own(headers))
    },
    { gives: [{}] },
  ),
]
