import { on, section } from "./axios-feature.ts"

const method = section("instance-methods")
const creating = section("creating-an-instance")
const defaults = section("config-defaults")
const typed = section("symbol-keyed-custom-request-config")

export const instances = [
  method(
    "get, delete, head and options take a url and a config",
    async (api, { server: { arrivals } }) => {
      const config = { headers: { "X-Own": "1" }, params: { a: 1 } }
      await api.get("/x", config)
      await api.delete("/x", config)
      await api.head("/x", config)
      await api.options("/x", config)
      return arrivals.map(({ method, target, headers }) => [method, target, headers["x-own"]].join(" "))
    },
    { gives: ["GET /x?a=1 1", "DELETE /x?a=1 1", "HEAD /x?a=1 1", "OPTIONS /x?a=1 1"] },
  ),
  method(
    "delete may have a body",
    async (api, { server: { arrivals } }) => {
      await api.delete("/x", { data: { a: 1 } })
      return arrivals.map(({ method, body, headers }) => [method, `${body}`, headers["content-type"]])
    },
    { gives: [["DELETE", '{"a":1}', "application/json"]] },
  ),
  method(
    "post, put and patch take a url, data and a config",
    async (api, { server: { arrivals } }) => {
      const config = { headers: { "X-Own": "1" } }
      await api.post("/x", { a: 1 }, config)
      await api.put("/x", "text", config)
      await api.patch("/x", undefined, config)
      return arrivals.map(({ method, body, headers }) => [method, `${body}`, headers["x-own"]].join(" "))
    },
    { gives: ['POST {"a":1} 1', "PUT text 1", "PATCH  1"] },
  ),
  method(
    "query takes a url, data and a config",
    async (api, { server: { arrivals } }) => {
      await api.query("/x", { a: 1 })
      return arrivals.map(({ method, body }) => `${method} ${body}`)
    },
    { releases: on.newest, gives: ['QUERY {"a":1}'] },
  ),
  method(
    "request and the instance itself take a config, the instance also a url before it",
    async (api, { server: { arrivals } }) => {
      await api.request({ url: "/1", method: "post", data: "a" })
      await api({ url: "/2", method: "PUT", data: "b" })
      await api("/3")
      await api("/4", { method: "delete" })
      return arrivals.map(({ method, target, body }) => `${method} ${target} ${body}`)
    },
    { gives: ["POST /1 a", "PUT /2 b", "GET /3 ", "DELETE /4 "] },
  ),
  method(
    "method may be any",
    async (api, { server: { arrivals } }) => {
      for (const method of ["PURGE", "link", "REPORT"]) await api.request({ url: "/x", method })
      return arrivals.map(({ method }) => method)
    },
    { gives: ["PURGE", "LINK", "REPORT"] },
  ),
  defaults(
    "defaults of the instance may be changed at any time, headers for some methods too",
    async (api, { server: { arrivals } }) => {
      api.defaults.headers.common["X-Common"] = "c"
      api.defaults.headers.post["X-Post"] = "p"
      api.defaults.params = { always: 1 }
      await api.get("/x")
      await api.post("/x", "a", { headers: { "X-Common": "own" } })
      return arrivals.map(({ target, headers }) => [target, headers["x-common"], headers["x-post"]])
    },
    {
      gives: [
        ["/x?always=1", "c", undefined],
        ["/x?always=1", "own", "p"],
      ],
    },
  ),
  defaults(
    "defaults give way to the config of the request, member by member",
    async (api, { server: { arrivals } }) => {
      Object.assign(api.defaults, { timeout: 1, params: { a: 1, b: 1 }, validateStatus: () => false })
      const { status } = await api.get("/x", { timeout: 5_000, params: { b: 2 }, validateStatus: null })
      return [status, ...arrivals.map(({ target }) => target)]
    },
    { gives: [200, "/x?a=1&b=2"] },
  ),
  typed(
    "properties of the caller's own, and symbols, reach interceptors and responses",
    async (api) => {
      const flag = Symbol("flag")
      const seen: unknown[] = []
      const own: object = { [flag]: true, own: { a: 1 } }
      api.interceptors.request.use((config) => {
        seen.push(Reflect.get(config, flag), Reflect.get(config, "own"))
        return config
      })
      const { config } = await api.get("/x", own)
      return [...seen, Reflect.get(config, flag), Reflect.get(config, "own")]
    },
    { releases: on.newest, gives: [true, { a: 1 }, true, { a: 1 }] },
  ),
  creating(
    "create makes an instance with the same defaults, and without the interceptors",
    async (api, { server }) => {
      api.defaults.headers.common["X-Common"] = "c"
      api.interceptors.request.use((config) => {
        config.headers.set("X-Intercepted", "1")
        return config
      })
      const created = api.create({
        headers: { "X-Created": "1" },
        baseURL: server.url.replace("127.0.0.1", "localhost"),
      })
      await created.get("/x")
      return server.arrivals.map(({ headers }) => [headers["x-common"], headers["x-created"], headers["x-intercepted"]])
    },
    { gives: [["c", "1", undefined]] },
  ),
]
