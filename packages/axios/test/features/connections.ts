import { randomUUID } from "node:crypto"
import { Agent, createServer, request } from "node:http"
import { createServer as createHttp2Server } from "node:http2"
import { createServer as createHttpsServer, Agent as HttpsAgent } from "node:https"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type FeatureContext, selfSigned } from "@countersign/testkit"
import type { AxiosAdapter, AxiosRequestConfig } from "axios"
import { expect } from "vitest"
import { errorOf, failure, on, section } from "./axios-feature.ts"

/** A host that only the caller's lookup resolves. */
export const LOOKED_UP = "api.example.com"

const option = section("request-config")
const http2 = section("http2-support")
const fetching = section("fetch-adapter")
const ownFetch = section("custom-fetch")

const { key, cert } = selfSigned("localhost")

/** Its address: an origin, or a path. */
async function open(server: Server, { defer }: Pick<FeatureContext, "defer">, path?: string): Promise<number> {
  await new Promise<void>((resolve) => (path === undefined ? server.listen(0, resolve) : server.listen(path, resolve)))
  defer(() => {
    server.close()
    if ("closeAllConnections" in server && typeof server.closeAllConnections === "function")
      server.closeAllConnections()
  })
  return path === undefined ? (server.address() as AddressInfo).port : 0
}

const socketPath = (): string => join(tmpdir(), `countersign-axios-${process.pid}-${randomUUID()}.sock`)

const echo: AxiosAdapter = async (config) => ({
  data: [config.method, config.url?.replace(config.baseURL ?? "", ""), config.data],
  status: 200,
  statusText: "",
  headers: {},
  config,
})

export const connections = [
  option(
    "httpAgent keeps connections, and is shown each request",
    async (api, { listen, defer }) => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      defer(() => agent.destroy())
      const ports = new Set<unknown>()
      api.defaults.baseURL = await listen(({ socket }, response) => {
        ports.add(socket.remotePort)
        response.end("{}")
      })
      for (const _ of [1, 2, 3]) await api.get("/x", { httpAgent: agent })
      return [ports.size, Object.keys(agent.freeSockets).length]
    },
    { releases: on.http, gives: [1, 1] },
  ),
  option(
    "httpsAgent says whom to trust",
    async (api, context) => {
      const agent = new HttpsAgent({ ca: cert })
      context.defer(() => agent.destroy())
      const server = createHttpsServer({ key, cert }, (_, response) => response.end('"by TLS"'))
      const url = `https://localhost:${await open(server, context)}/x`
      return [(await api.get(url, { httpsAgent: agent })).data, (await failure(api.get(url))).code]
    },
    { releases: on.http, gives: ["by TLS", "DEPTH_ZERO_SELF_SIGNED_CERT"] },
  ),
  option(
    "socketPath sends to a Unix socket",
    async (api, context) => {
      const path = socketPath()
      await open(
        createServer(({ url, headers }, response) => response.end(JSON.stringify([url, typeof headers.host]))),
        context,
        path,
      )
      return [
        (await api.get("http://localhost/x?a=b", { socketPath: path })).data,
        (await api.get("/x", { socketPath: path, baseURL: "http://localhost" })).data,
      ]
    },
    {
      releases: on.http,
      gives: [
        ["/x?a=b", "string"],
        ["/x", "string"],
      ],
    },
  ),
  option(
    "allowedSocketPaths refuses others",
    async (api) => {
      const config = { socketPath: "/tmp/other.sock", allowedSocketPaths: ["/tmp/mine.sock"] }
      return failure(api.get("/x", config))
    },
    { releases: on.newestHttp, gives: expect.objectContaining({ code: "ERR_BAD_OPTION_VALUE" }) },
  ),
  option(
    "proxy is sent the request for the real host, with its own user and password",
    async (api, context) => {
      const seen: unknown[] = []
      const proxy = await proxying(context, seen)
      const { status } = await api.post("/x?a=b", "text", {
        proxy: { ...proxy, auth: { username: "me", password: "mine" } },
      })
      return [status, seen]
    },
    { releases: on.http, gives: [200, [["http://server-1/x?a=b", "server-1", `Basic ${btoa("me:mine")}`]]] },
  ),
  option(
    "proxy is found in the environment, unless it is turned off",
    async (api, context) => {
      const seen: unknown[] = []
      const { host, port } = await proxying(context, seen)
      const { NO_PROXY, no_proxy, http_proxy } = process.env
      Object.assign(process.env, { http_proxy: `http://me:mine@${host}:${port}`, no_proxy: "", NO_PROXY: "" })
      try {
        await api.get("/x")
        await api.get("/direct", { proxy: false })
        process.env.no_proxy = "127.0.0.1"
        await api.get("/direct")
      } finally {
        for (const [name, value] of Object.entries({ NO_PROXY, no_proxy, http_proxy })) {
          if (value === undefined) delete process.env[name]
          else process.env[name] = value
        }
      }
      return [seen, context.server.arrivals.map(({ target }) => target)]
    },
    {
      alone: true,
      releases: on.http,
      gives: [[["http://server-1/x", "server-1", `Basic ${btoa("me:mine")}`]], ["/direct", "/direct"]],
    },
  ),
  option(
    "proxy is asked for each redirect",
    async (api, context) => {
      const seen: unknown[] = []
      const proxy = await proxying(context, seen, "/to")
      await api.get("/x", { proxy })
      return seen
    },
    {
      releases: on.http,
      gives: [
        ["http://server-1/x", "server-1", undefined],
        ["http://server-1/to", "server-1", undefined],
      ],
    },
  ),
  option(
    "proxy tunnels what goes by TLS",
    async (api, context) => {
      const agent = new HttpsAgent({ ca: cert })
      context.defer(() => agent.destroy())
      const server = createHttpsServer({ key, cert }, ({ url }, response) => response.end(JSON.stringify(url)))
      const port = await open(server, context)
      const seen: unknown[] = []
      const { connect } = await import("node:net")
      const proxy = createServer().on("connect", ({ url, headers }, client) => {
        seen.push([url === `localhost:${port}`, headers["x-own"]])
        const upstream = connect(port, "localhost", () => {
          client.write("HTTP/1.1 200 Connection established\r\n\r\n")
          client.pipe(upstream).pipe(client)
        })
        context.defer(() => upstream.destroy())
      })
      const config = { proxy: { host: "127.0.0.1", port: await open(proxy, context) }, httpsAgent: agent }
      const { data } = await api.get(`https://localhost:${port}/x`, { ...config, headers: { "X-Own": "1" } })
      return [data, seen]
    },
    { releases: on.newestHttp, gives: ["/x", [[true, undefined]]] },
  ),
  option(
    "lookup finds the address, with a callback or a promise",
    async (api, { server }) => {
      const asked: string[] = []
      const url = server.url.replace("127.0.0.1", LOOKED_UP)
      const callback = (
        name: string,
        _: object,
        done: (error: null, address: string, family: number) => void,
      ): void => {
        asked.push(name)
        done(null, "127.0.0.1", 4)
      }
      const promise = async (name: string): Promise<[string, number]> => {
        asked.push(name)
        return ["127.0.0.1", 4]
      }
      const config = { headers: { Host: "127.0.0.1" } }
      for (const lookup of [callback, promise] as never[]) {
        await api.get(`${url}/x`, { lookup, ...config, httpAgent: new Agent() })
      }
      return asked
    },
    { releases: on.http, gives: [LOOKED_UP, LOOKED_UP] },
  ),
  option(
    "family says by which protocol",
    async (api, { server }) => {
      const url = server.url.replace("127.0.0.1", "localhost")
      return [(await api.get(url, { family: 4 })).status, (await failure(api.get(url, { family: 6 }))).code]
    },
    { releases: on.http, gives: [200, expect.stringMatching(/^(ECONNREFUSED|ENOTFOUND)$/)] },
  ),
  option(
    "transport sends, and follows no redirects",
    async (api, { server }) => {
      const seen: unknown[] = []
      const transport = {
        request(options: object, onResponse: () => void) {
          seen.push(Reflect.get(options, "path"), Reflect.get(options, "method"))
          return request(options, onResponse)
        },
      }
      const { response } = await errorOf(api.get("/x", { transport }))
      return [seen, response?.status, server.arrivals.length]
    },
    {
      releases: on.http,
      answer: () => ({ status: 302, headers: { location: "/to" } }),
      gives: [["/x", "GET"], 302, 1],
    },
  ),
  option(
    "insecureHTTPParser takes headers that are no HTTP",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen(({ socket }, _) =>
        socket.end("HTTP/1.1 200 OK\r\nX-Odd: a\u0001b\r\nContent-Length: 2\r\n\r\n{}"),
      )
      return [(await api.get("/x", { insecureHTTPParser: true })).status, (await failure(api.get("/x"))).code]
    },
    { releases: on.http, gives: [200, expect.stringMatching(/^(HPE_INVALID_HEADER_TOKEN|ECONNRESET)$/)] },
  ),
  http2(
    "httpVersion: 2",
    async (api, context) => {
      const server = createHttp2Server((request, response) => {
        response.setHeader("x-own", "1")
        response.end(JSON.stringify([request.httpVersion, request.method, request.url]))
      })
      const url = `http://127.0.0.1:${await open(server, context)}/x?a=b`
      const { data, status, headers } = await api.post(
        url,
        { a: 1 },
        { httpVersion: 2, http2Options: { sessionTimeout: 5 } },
      )
      return [data, status, headers["x-own"]]
    },
    { releases: on.newestHttp, gives: [["2.0", "POST", "/x?a=b"], 200, "1"] },
  ),
  option(
    "adapter may be a function, which is given what axios would send",
    async (api) => {
      return (await api.post("/x", { a: 1 }, { adapter: echo })).data
    },
    { gives: ["post", "/x", '{"a":1}'] },
  ),
  option(
    "adapter is given params to make a part of the URL of",
    async (api) => {
      const adapter: AxiosAdapter = async (config) => ({
        ...(await echo(config)),
        data: [config.url, config.baseURL, config.params],
      })
      return (await api.get("/x", { params: { a: 1 }, adapter })).data
    },
    { gives: ["/x", "http://server-1", { a: 1 }] },
  ),
  option(
    "adapter may be named, alone or in a list, on the instance or for a request",
    async (api) => {
      const kinds: unknown[] = []
      for (const adapter of ["http", "fetch", ["fetch", "http"], ["xhr", "http"]] as const) {
        kinds.push((await api.get("/x", { adapter: [adapter].flat() })).request.constructor.name)
      }
      return kinds
    },
    { gives: ["ClientRequest", "Request", "Request", "ClientRequest"] },
  ),
  option(
    "adapter of the instance may be replaced, as mocks do",
    async (api) => {
      api.defaults.adapter = echo
      return (await api.get("/x")).data
    },
    { gives: ["get", "/x", undefined] },
  ),
  option(
    "adapter may reject with anything",
    async (api) => {
      const adapter: AxiosAdapter = () => Promise.reject({ mine: true })
      return api.get("/x", { adapter }).catch((error: unknown) => error)
    },
    { gives: { mine: true } },
  ),
  option(
    "a data: URL needs no server",
    async (api) => {
      const { data, status } = await api.get("data:text/plain;base64,YQ==", { baseURL: "", responseType: "text" })
      return [data, status]
    },
    { releases: on.http, gives: ["a", 200] },
  ),
  fetching(
    "fetchOptions are given to fetch",
    async (api, { listen }) => {
      api.defaults.baseURL = await listen((_, response) => response.writeHead(302, { location: "/to" }).end())
      const { code } = await errorOf(api.get("/x", { fetchOptions: { redirect: "error" } }))
      const { response } = await errorOf(api.get("/x", { fetchOptions: { redirect: "manual" } }))
      return [code, response?.status]
    },
    { releases: on.fetch, gives: ["ERR_NETWORK", 302] },
  ),
  fetching(
    "request is the Request",
    async (api) => {
      const { request } = await api.post("/x?a=b", { a: 1 })
      const { method, url, bodyUsed } = request
      return [request.constructor.name, method, url, bodyUsed]
    },
    { releases: on.fetch, gives: ["Request", "POST", "http://server-1/x?a=b", true] },
  ),
  ownFetch(
    "env.fetch, with and without a Request",
    async (api) => {
      const seen: unknown[] = []
      const own = async (input: Request | string, init?: RequestInit): Promise<Response> => {
        const [url, { method }] = typeof input === "string" ? [input, init ?? {}] : [input.url, input]
        seen.push(typeof input, new URL(url).pathname, method)
        return Response.json({ own: true })
      }
      const env = { fetch: own } as unknown as NonNullable<AxiosRequestConfig["env"]>
      const without = { ...env, Request: null, Response: null } as unknown as typeof env
      return [(await api.post("/x", "a", { env })).data, (await api.post("/y", "a", { env: without })).data, seen]
    },
    {
      releases: on.newestFetch,
      gives: [{ own: true }, { own: true }, ["object", "/x", "POST", "string", "/y", "POST"]],
    },
  ),
]

/** A proxy that answers requests itself, and can answer the first with a redirect. */
async function proxying(
  { defer }: FeatureContext,
  seen: unknown[],
  to?: string,
): Promise<{ host: string; port: number; protocol: string }> {
  const proxy = createServer(({ url, headers }, response) => {
    seen.push([url, headers.host, headers["proxy-authorization"]])
    if (to !== undefined && seen.length === 1) response.writeHead(302, { location: to })
    response.end("{}")
  })
  return { host: "127.0.0.1", port: await open(proxy, { defer }), protocol: "http" }
}
