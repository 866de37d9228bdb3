import { createServer } from "node:http"
import { type AddressInfo, connect, type Server } from "node:net"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import type { Dispatcher } from "undici"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type GuardOptions, withAuth } from "../src/index.ts"
import { releases } from "./releases.ts"

let server: RecordingServer
let proxy: Server
let asked: unknown[]
beforeEach(async () => {
  for (const name of ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"]) {
    vi.stubEnv(name, undefined)
  }
  server = await recordingServer()
  asked = []
  proxy = createServer(({ url, headers }, response) => {
    asked.push([url, headers["x-auth-token"]])
    response.end("proxied")
  }).on("connect", ({ url = "" }, client) => {
    asked.push(["CONNECT", url])
    const origin = connect(Number(url.split(":")[1]), "127.0.0.1", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n")
      client.pipe(origin).pipe(client)
    })
    for (const one of [origin, client]) one.on("error", () => client.destroy())
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
})
afterEach(async () => {
  vi.unstubAllEnvs()
  proxy.close()
  await server.close()
})

const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`

describe.each(releases)("%s: plain http to this machine, through a proxy", (_, undici) => {
  const send = async (dispatcher: Dispatcher, options: GuardOptions = {}, own?: { countersign: false }) => {
    const guarded = withAuth(dispatcher, numbering(), { hosts: ["127.0.0.1"], ...options })
    try {
      const { body } = await undici.request(`${server.url}/x`, { dispatcher: guarded, ...own })
      return await body.text()
    } finally {
      await guarded.destroy()
    }
  }
  const proxied: [name: string, make: () => Dispatcher][] = [
    ["ProxyAgent", () => new undici.ProxyAgent(proxyUrl())],
    ["ProxyAgent that interceptors are put on", () => new undici.ProxyAgent(proxyUrl()).compose((next) => next)],
    ["a class that extends ProxyAgent", () => new (class Corporate extends undici.ProxyAgent {})(proxyUrl())],
    [
      "ProxyAgent under another name, as by a minifier",
      () => {
        const agent = new undici.ProxyAgent(proxyUrl())
        Object.defineProperty(agent, "constructor", { value: class a {} })
        return agent
      },
    ],
    ["EnvHttpProxyAgent by its option", () => new undici.EnvHttpProxyAgent({ httpProxy: proxyUrl() })],
    [
      "EnvHttpProxyAgent by the environment",
      () => {
        vi.stubEnv("http_proxy", proxyUrl())
        vi.stubEnv("no_proxy", "example.com, 127.0.0.2 localhost:80,.0.0.1:1")
        return new undici.EnvHttpProxyAgent()
      },
    ],
  ]

  it.each(proxied)("is refused: %s", async (_name, make) => {
    const message = expect.stringContaining("NO_PROXY")
    await expect(send(make())).rejects.toMatchObject({ code: "AUTH_INSECURE_URL", message })
    expect([asked, server.arrivals]).toEqual([[], []])
  })

  it.each(proxied)("goes there with allowInsecure, and without auth: %s", async (_name, make) => {
    await send(make(), { allowInsecure: true })
    await send(make(), {}, { countersign: false })
    expect(asked).toHaveLength(2)
  })

  it.each(["127.0.0.1", "*", "a.example.com 127.0.0.1", "127.0.0.1:PORT", ".0.0.1", "*.0.0.1"])(
    "goes past the proxy where NO_PROXY says so: %s",
    async (noProxy) => {
      vi.stubEnv("http_proxy", proxyUrl())
      vi.stubEnv("no_proxy", noProxy.replace("PORT", new URL(server.url).port))
      await send(new undici.EnvHttpProxyAgent())
      expect([asked, server.arrivals.map(({ headers }) => headers["x-auth-token"])]).toEqual([[], ["secret-1"]])
    },
  )

  it("goes out directly if the environment names no proxy for it", async () => {
    vi.stubEnv("https_proxy", proxyUrl())
    await send(new undici.EnvHttpProxyAgent())
    expect([asked, server.arrivals]).toMatchObject([[], [{ headers: { "x-auth-token": "secret-1" } }]])
  })
})
