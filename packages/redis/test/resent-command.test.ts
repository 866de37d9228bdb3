// ioredis and its relatives send a command again whose answer was lost with the connection. The server has then run it
// twice. A lease that a process took by the first must not keep it waiting for itself.
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { redisStore, TokenCache } from "../src/index.ts"
import { type SupportedClient, supportedClients } from "./supported-clients.ts"

/** Passes everything on, but closes each connection for which `cuts` says so, when the server has answered its script. */
async function cuttingProxy(port: number, cuts: () => boolean): Promise<{ server: Server; port: number }> {
  const server = createServer((client: Socket) => {
    const upstream = connect(port, "127.0.0.1")
    let isCut = false
    client.on("data", (bytes) => {
      if (/\r\neval\r\n/i.test(bytes.toString("latin1"))) isCut = cuts()
      upstream.write(bytes)
    })
    upstream.on("data", (bytes) => {
      // The server has run the script. Its answer is lost.
      if (isCut) client.destroy()
      else client.write(bytes)
    })
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on("error", () => undefined)
      socket.on("close", () => other.destroy())
    }
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return { server, port: (server.address() as AddressInfo).port }
}

describe.skipIf(!hasRedis())("a script whose answer is lost", () => {
  let redis: LocalRedis
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    redis = await localRedis()
  })
  afterAll(() => redis.stop())
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  it.each(Object.entries<SupportedClient>(supportedClients))(
    "delays a cold read by less than a second: %s",
    async (name, supported) => {
      let isCutting = true
      const proxy = await cuttingProxy(redis.port, () => {
        const cuts = isCutting
        isCutting = false
        return cuts
      })
      closing.push(() => proxy.server.close())
      const { client, close } = await supported.single(proxy)
      closing.push(close)
      const cache = new TokenCache({ store: redisStore(client), storeTimeoutMs: 1_000 })
      closing.push(() => cache.close())
      let calls = 0
      const provider = Object.assign(
        async () => {
          calls += 1
          return { value: `token-${calls}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
        },
        { identityKey: `resent/${name}` },
      )
      const begun = performance.now()
      expect((await cache.get(provider)).value).toBe("token-1")
      const tookMs = performance.now() - begun
      expect(isCutting).toBe(false)
      expect(tookMs).toBeLessThan(1_000)
      expect(calls).toBe(1)
      await delay(50)
      const peer = await supported.single(redis)
      closing.push(peer.close)
      const other = new TokenCache({ store: redisStore(peer.client), storeTimeoutMs: 1_000 })
      closing.push(() => other.close())
      expect((await other.get(provider)).value).toMatch(/^token-/)
    },
    30_000,
  )
})
