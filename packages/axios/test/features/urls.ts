import type { RecordingServer } from "@countersign/testkit"
import { expect } from "vitest"
import { on, section } from "./axios-feature.ts"

const option = section("request-config")
const encoding = section("strict-rfc-3986-percent-encoding-for-query-params")
const method = section("instance-methods")

const targets = ({ arrivals }: RecordingServer): string[] => arrivals.map(({ target }) => target)

export const urls = [
  option(
    "url is put behind the baseURL of the instance or of the request",
    async (api, { server }) => {
      await api.get("a/b")
      await api.get("/a/b?c=d")
      await api.get("c", { baseURL: `${server.url}/v1/` })
      await api.get("", { baseURL: `${server.url}/v2` })
      return targets(server)
    },
    { gives: ["/a/b", "/a/b?c=d", "/v1/c", "/v2"] },
  ),
  option(
    "a url that is absolute holds in place of the baseURL",
    async (api, { server }) => {
      await api.get(`${server.url}/absolute`, { baseURL: `${server.url}/v1` })
      return targets(server)
    },
    { gives: ["/absolute"] },
  ),
  option(
    "allowAbsoluteUrls: false puts the baseURL before any url",
    async (api, { server }) => {
      await api.get("http://elsewhere/x", { baseURL: `${server.url}/v1`, allowAbsoluteUrls: false })
      return targets(server)
    },
    { releases: on.newest, gives: ["/v1/http://elsewhere/x"] },
  ),
  option(
    "url and baseURL without a double slash behind the protocol are refused",
    async (api) => {
      const codes: unknown[] = []
      for (const url of ["https:example.com", "https:/example.com"]) {
        codes.push(await api.get(url).catch(({ code }: { code: string }) => code))
      }
      return codes
    },
    { releases: on.newest, gives: ["ERR_INVALID_URL", "ERR_INVALID_URL"] },
  ),
  option(
    "dot segments and fragments are left out",
    async (api, { server }) => {
      await api.get("/a/../b/./c?d=e#part", { params: { f: 1 } })
      return targets(server)
    },
    { gives: ["/b/c?d=e&f=1"] },
  ),
  option(
    "what needs escaping is escaped, and what is escaped already stays",
    async (api, { server }) => {
      await api.get("/ü/%C3%BC/a%2Fb?ü=%C3%BC&plus=a%2Bb")
      return targets(server)
    },
    { gives: ["/%C3%BC/%C3%BC/a%2Fb?%C3%BC=%C3%BC&plus=a%2Bb"] },
  ),
  option(
    "params may be lists, dates, objects or nothing",
    async (api, { server }) => {
      const when = new Date(0)
      await api.get("/x?first=1", { params: { a: [1, 2], b: { c: "d" }, e: null, f: undefined, when, g: true, h: "" } })
      return targets(server)
    },
    { gives: [expect.stringMatching(/^\/x\?first=1&a(\[\]|%5B%5D)=1&/)] },
  ),
  option(
    "params may be URLSearchParams",
    async (api, { server }) => {
      await api.get("/x", { params: new URLSearchParams("a=1&a=2&b=%26") })
      return targets(server)
    },
    { gives: ["/x?a=1&a=2&b=%26"] },
  ),
  option(
    "paramsSerializer.indexes says how lists are written",
    async (api, { server }) => {
      for (const indexes of [false, null, true]) {
        await api.get("/x", { params: { a: [1, 2] }, paramsSerializer: { indexes } })
      }
      return targets(server).map(decodeURIComponent)
    },
    { gives: ["/x?a[]=1&a[]=2", "/x?a=1&a=2", "/x?a[0]=1&a[1]=2"] },
  ),
  option(
    "paramsSerializer.dots writes objects with dots",
    async (api, { server }) => {
      await api.get("/x", { params: { a: { b: 1 } }, paramsSerializer: { dots: true } })
      return targets(server)
    },
    { gives: ["/x?a.b=1"] },
  ),
  option(
    "paramsSerializer.encode encodes each name and value",
    async (api, { server }) => {
      await api.get("/x", { params: { a: "b" }, paramsSerializer: { encode: (value: string) => `_${value}_` } })
      return targets(server)
    },
    { gives: ["/x?_a_=_b_"] },
  ),
  option(
    "paramsSerializer.serialize writes the query",
    async (api, { server }) => {
      const serialize = (params: Record<string, unknown>): string => Object.keys(params).join("~")
      await api.get("/x", { params: { a: 1, b: 2 }, paramsSerializer: { serialize } })
      return targets(server)
    },
    { gives: ["/x?a~b"] },
  ),
  option(
    "paramsSerializer as a function writes the query",
    async (api, { server }) => {
      await api.get("/x", { params: { a: 1 }, paramsSerializer: (params) => Object.keys(params).join("~") })
      return targets(server)
    },
    { gives: ["/x?a"] },
  ),
  option(
    "paramsSerializer.maxDepth refuses what is deeper",
    async (api) => {
      const params = { a: { b: { c: 1 } } }
      return api
        .get("/x", { params, paramsSerializer: { maxDepth: 1 } })
        .catch(({ name, code }: { name: string; code: string }) => [name, code])
    },
    { releases: on.newest },
  ),
  encoding(
    "characters that a query may hold stay readable, unless encode says otherwise",
    async (api, { server }) => {
      const params = { at: "10:30", price: "$1,2" }
      await api.get("/x", { params })
      await api.get("/x", { params, paramsSerializer: { encode: encodeURIComponent } })
      return targets(server)
    },
    { gives: ["/x?at=10:30&price=$1,2", "/x?at=10%3A30&price=%241%2C2"] },
  ),
  encoding(
    "a space in params is a plus",
    async (api, { server }) => {
      await api.get("/x", { params: { q: "a b" } })
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
  method(
    "getUri gives the URL, and sends nothing",
    async (api, { server }) => {
      return [api.getUri({ url: "/x", params: { a: "b c" } }), server.arrivals.length]
    },
    { gives: ["http://server-1/x?a=b+c", 0] },
  ),
]
