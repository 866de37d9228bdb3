import { sign } from "@countersign/auth-core"
import { createVerifier } from "@countersign/server"
import { askServer, hasRedis, type LocalCluster, type LocalRedis, localCluster, localRedis } from "@countersign/testkit"
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { type RedisClient, redisReplayStore } from "../src/index.ts"
import { grantDocumented } from "./documented-rights.ts"
import { type SupportedClient, supportedClients } from "./supported-clients.ts"

const credentials = { accessKeyId: "AKEXAMPLE", secretAccessKey: "skExample" }

function signed(path: string) {
  const request = { method: "GET", url: `https://a.example.com/${path}` }
  return { ...request, headers: sign(request, credentials) }
}

describe.skipIf(!hasRedis())("redisReplayStore", () => {
  let server: LocalRedis
  let cluster: LocalCluster
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    server = await localRedis()
    cluster = await localCluster()
    await grantDocumented("replay", server.port, "secret")
  }, 60_000)
  afterAll(() => Promise.all([server.stop(), cluster.stop()]))
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  async function connected(client: SupportedClient): Promise<RedisClient> {
    const { client: one, close } = await client.single(server, { username: "replay", password: "secret" })
    closing.push(close)
    return one
  }

  it.each(Object.entries<SupportedClient>(supportedClients))(
    "knows a request once, across processes, with few rights: %s",
    async (name, supported) => {
      const [here, there] = [redisReplayStore(await connected(supported)), redisReplayStore(await connected(supported))]
      const answers = await Promise.all(
        Array.from({ length: 50 }, (_, index) => (index % 2 ? here : there).remember(name, 5_000)),
      )
      expect(answers.filter((isNew) => isNew)).toHaveLength(1)
      expect(await here.remember(`${name} other`, 5_000)).toBe(true)
      const ttl = Number(await askServer(server.port, "pttl", `countersign:replay:${name}`))
      expect(ttl).toBeGreaterThan(0)
      expect(ttl).toBeLessThanOrEqual(5_000)
    },
    30_000,
  )

  it.each(Object.entries<SupportedClient>(supportedClients))(
    "works in a cluster: %s",
    async (name, supported) => {
      const { client, close } = await supported.cluster(cluster)
      closing.push(close)
      const store = redisReplayStore(client)
      // It may still be connecting.
      await vi.waitFor(() => store.remember(`${name} first`, 5_000), { timeout: 10_000 })
      for (let index = 0; index < 20; index++) {
        expect(await store.remember(`${name} ${index}`, 5_000)).toBe(true)
        expect(await store.remember(`${name} ${index}`, 5_000)).toBe(false)
      }
    },
    30_000,
  )

  it("forgets a request when its time is over", async () => {
    const store = redisReplayStore(await connected(supportedClients["redis 6"]), {
      prefix: "countersign:replay:short:",
    })
    expect(await store.remember("a", 0.5)).toBe(true)
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(await store.remember("a", 5_000)).toBe(true)
  })

  it("guards a fleet of verifiers: one of many equal requests is accepted, and forged ones leave nothing", async () => {
    const fleet = await Promise.all(
      (["redis 6", "ioredis 6", "valkey-glide 2.5"] as const).map(async (name) =>
        createVerifier({
          keys: (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined),
          replay: redisReplayStore(await connected(supportedClients[name]), { prefix: "countersign:replay:fleet:" }),
        }),
      ),
    )
    const keys = async (): Promise<number> =>
      (await askServer(server.port, "keys", "countersign:replay:fleet:*")).split("\n").filter(Boolean).length
    const forged = { ...signed("a"), method: "PUT" }
    for (const verifier of fleet) expect(await verifier.verify(forged)).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(await keys()).toBe(0)
    const request = signed("a")
    const verdicts = await Promise.all(Array.from({ length: 60 }, (_, index) => fleet[index % 3]?.verify(request)))
    expect(verdicts.filter((verdict) => verdict?.ok)).toHaveLength(1)
    expect(verdicts.filter((verdict) => verdict?.ok === false && verdict.code === "SIGNATURE_REPLAYED")).toHaveLength(
      59,
    )
    expect(await keys()).toBe(1)
  })

  it("that does not answer refuses with 503, or lets pass if the route says so", async () => {
    const own = await localRedis()
    closing.push(() => own.stop())
    const { client, close } = await supportedClients["redis 6"].single(own)
    closing.push(close)
    const store = redisReplayStore(client)
    const verifier = createVerifier({ keys: () => credentials, replay: { store, timeoutMs: 200 } })
    expect(await verifier.verify(signed("before"))).toMatchObject({ ok: true })
    own.pause()
    expect(await verifier.verify(signed("paused"))).toMatchObject({ code: "REPLAY_STORE_FAILED", status: 503 })
    const open = verifier.with({ replay: { store, timeoutMs: 200, acceptIfStoreFails: true } })
    expect(await open.verify(signed("paused"))).toMatchObject({ ok: true })
    own.resume()
    expect(await verifier.verify(signed("after"))).toMatchObject({ ok: true })
  })

  it("takes no other client, and no prefix with braces", async () => {
    expect(() => redisReplayStore({} as never)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
    const client = await connected(supportedClients["redis 6"])
    expect(() => redisReplayStore(client, { prefix: "{a}" })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })
})
