import { createServer } from "node:http"
import type { AddressInfo, Server } from "node:net"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import { EnvHttpProxyAgent, getGlobalDispatcher, ProxyAgent, setGlobalDispatcher, fetch as undiciFetch } from "undici"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { createFetch, type GuardOptions } from "../src/index.ts"

let server: RecordingServer
let proxy: Server
let asked: string[]
beforeEach(async () => {
  server = await recordingServer()
  asked = []
  proxy = createServer(({ url = "" }, response) => {
    asked.push(url)
    response.end("proxied")
  }).on("connect", ({ url = "" }, client) => {
    asked.push(url)
    client.end()
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
})
afterEach(async () => {
  proxy.close()
  await server.close()
})

const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`

describe("fetch: plain http to this machine, through a proxy", () => {
  const send = (dispatcher: unknown, options: GuardOptions = {}) =>
    createFetch(numbering(), { hosts: ["127.0.0.1"], fetch: undiciFetch as never, ...options })(`${server.url}/x`, {
      dispatcher,
    } as RequestInit)

  it.each([
    ["ProxyAgent", () => new ProxyAgent(proxyUrl())],
    ["EnvHttpProxyAgent", () => new EnvHttpProxyAgent({ httpProxy: proxyUrl() })],
  ])("is refused: %s", async (_, make) => {
    await expect(send(make())).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
    expect([asked, server.arrivals]).toEqual([[], []])
  })

  it("goes there with allowInsecure", async () => {
    await send(new ProxyAgent(proxyUrl()), { allowInsecure: true }).catch(() => undefined)
    expect(asked).toHaveLength(1)
  })

  it("is refused if the global dispatcher uses the proxy, as under NODE_USE_ENV_PROXY", async () => {
    const before = getGlobalDispatcher()
    setGlobalDispatcher(new EnvHttpProxyAgent({ httpProxy: proxyUrl() }))
    try {
      const sent = createFetch(numbering(), { hosts: ["127.0.0.1"] })(`${server.url}/x`)
      await expect(sent).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
    } finally {
      setGlobalDispatcher(before)
    }
    await createFetch(numbering(), { hosts: ["127.0.0.1"] })(`${server.url}/x`)
    expect(asked).toEqual([])
    expect(server.arrivals).toHaveLength(1)
  })
})
