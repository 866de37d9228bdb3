import { describeCacheStore, hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { Cluster, Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type CacheStore, type RedisClient, redisReplayStore, redisStore, TokenCache } from "../src/index.ts"

describe.skipIf(!hasRedis())("redisStore", () => {
  let server: LocalRedis
  const open: { store: CacheStore; close: () => void }[] = []
  beforeAll(async () => {
    server = await localRedis()
  })
  afterAll(() => server.stop())

  const connecting = {
    "node-redis": async (): Promise<CacheStore> => {
      const client = createClient({ url: server.url })
      client.on("error", () => undefined)
      await client.connect()
      return kept(client, () => client.destroy())
    },
    ioredis: async (): Promise<CacheStore> => {
      const client = new IoRedis(server.url)
      client.on("error", () => undefined)
      return kept(client, () => client.disconnect())
    },
  }

  function kept(client: RedisClient, close: () => void): CacheStore {
    const store = redisStore(client)
    open.push({ store, close })
    return store
  }

  const dispose = (): void => {
    for (const { close } of open.splice(0)) close()
  }

  for (const [name, connect] of Object.entries(connecting)) {
    describeCacheStore(`redisStore with ${name}`, connect, { peerOf: connect, dispose })
  }
  describeCacheStore("redisStore with node-redis, its peer with ioredis", connecting["node-redis"], {
    peerOf: connecting.ioredis,
    dispose,
  })

  it("has keys that show no user and no secret, with a time to live", async () => {
    const client = createClient({ url: server.url })
    await client.connect()
    const cache = new TokenCache({ store: redisStore(client, { prefix: "fleet-a:" }) })
    const now = Date.now()
    const provider = Object.assign(async () => ({ value: "MIIsecret", issuedAt: now, expiresAt: now + 3_600_000 }), {
      identityKey: "password/=https%3A%2F%2Fiam.example.com/=alice",
    })
    await cache.get(provider)
    const keys = await client.keys("fleet-a:*")
    expect(keys.length).toBeGreaterThan(0)
    for (const key of keys) {
      expect(key).toMatch(/^fleet-a:\{\d{1,7}\}:v2\.[0-9a-f]{64}$/)
      expect(await client.pTTL(key)).toBeGreaterThan(0)
    }
    await cache.close()
    client.destroy()
  })

  it.each([[undefined], [{}], ["redis://127.0.0.1"]])("is refused with the client %o, at once", (client) => {
    expect(() => redisStore(client as never)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })

  it.each([{ keyPrefix: "{app}:" }, { redisOptions: { keyPrefix: "{app}:" } }])(
    "is refused in a cluster that puts braces before keys, at once, where a replay store is not: %j",
    (options) => {
      const cluster = new Cluster([server.port], { ...options, lazyConnect: true })
      expect(() => redisStore(cluster)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
      expect(() => redisReplayStore(cluster)).not.toThrow()
      const plain = new Cluster([server.port], { keyPrefix: "app:", lazyConnect: true })
      expect(() => redisStore(plain)).not.toThrow()
    },
  )

  it.each(["a{b}", "a b"])("is refused with the prefix %j, at once", async (prefix) => {
    const client = createClient({ url: server.url })
    expect(() => redisStore(client, { prefix })).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })
})
