import { Agent, createServer } from "node:http"
import type { AddressInfo, Server } from "node:net"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type GuardOptions, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

let server: RecordingServer
let proxy: Server
let asked: unknown[]
beforeEach(async () => {
  server = await recordingServer()
  asked = []
  proxy = createServer(({ url, headers }, response) => {
    asked.push([url, headers["x-auth-token"]])
    response.end("proxied")
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
})
afterEach(async () => {
  proxy.close()
  await server.close()
})

describe.each(clients)("%s: plain http to this machine, through a proxy", (_, client) => {
  const proxyUrl = (): string => `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const proxying = (NO_PROXY = "") => new Agent({ proxyEnv: { HTTP_PROXY: proxyUrl(), NO_PROXY } } as object)
  const api = (http: Agent, options: GuardOptions = {}) =>
    withAuth(client.extend({ agent: { http }, retry: { limit: 0 } }), numbering(), { hosts: ["127.0.0.1"], ...options })

  it.each([
    ["by Node's agent", proxying],
    ["by an agent that tunnels", () => Object.assign(new Agent(), { proxy: new URL(proxyUrl()) })],
  ])("is refused: %s", async (_name, agent) => {
    const sent = api(agent()).post(`${server.url}/x`, { body: "body" })
    await expect(sent).rejects.toMatchObject({
      code: "AUTH_INSECURE_URL",
      message: expect.stringContaining("NO_PROXY"),
    })
    expect([asked, server.arrivals]).toEqual([[], []])
  })

  it("goes through with allowInsecure, and without auth", async () => {
    await api(proxying(), { allowInsecure: true }).get(`${server.url}/x`)
    await api(proxying()).get(`${server.url}/x`, { context: { countersign: false } })
    expect(asked).toEqual([
      [`${server.url}/x`, "secret-1"],
      [`${server.url}/x`, undefined],
    ])
  })

  it("bypasses the proxy if NO_PROXY says so", async () => {
    await api(proxying("127.0.0.1")).get(`${server.url}/x`)
    expect([asked, server.arrivals.map(({ headers }) => headers["x-auth-token"])]).toEqual([[], ["secret-1"]])
  })
})
