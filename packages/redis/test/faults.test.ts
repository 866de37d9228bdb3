// A real Redis with faults. Requests go on with the values in memory or with a call to the issuer.

import type { AddressInfo } from "node:net"
import { createServer } from "node:net"
import { setTimeout as delay } from "node:timers/promises"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { Redis as IoRedis } from "ioredis"
import { createClient } from "redis"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  AuthError,
  type CacheEvent,
  encryptedStore,
  type RedisClient,
  redisStore,
  TokenCache,
  type TokenCacheOptions,
  type TokenProvider,
} from "../src/index.ts"

const HOUR = 3_600_000

/** The time limit of one store operation, which also limits a request with several. */
const STORE_TIMEOUT_MS = 200
const BOUND_MS = 20_000
/** Options that use the store even on a slow machine. */
const PATIENT = { storeTimeoutMs: 20_000 }

describe.skipIf(!hasRedis())("a Redis in trouble", () => {
  let redis: LocalRedis
  const closing: (() => unknown)[] = []
  beforeEach(async () => {
    redis = await localRedis()
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    await redis.stop()
  })

  const clients = {
    async "node-redis"(url: string): Promise<RedisClient> {
      const client = createClient({ url, socket: { reconnectStrategy: 50 } })
      client.on("error", () => undefined)
      client.connect().catch(() => undefined)
      closing.push(() => client.destroy())
      return client
    },
    async ioredis(url: string): Promise<RedisClient> {
      const client = new IoRedis(url, { retryStrategy: () => 50, maxRetriesPerRequest: null })
      client.on("error", () => undefined)
      closing.push(() => client.disconnect())
      return client
    },
  }

  /** One process of a fleet. */
  function process(client: RedisClient, options: TokenCacheOptions = {}): { cache: TokenCache; events: CacheEvent[] } {
    const events: CacheEvent[] = []
    const cache = new TokenCache({
      store: redisStore(client),
      storeTimeoutMs: STORE_TIMEOUT_MS,
      onEvent: (event) => void events.push(event),
      ...options,
    })
    closing.push(() => cache.close())
    return { cache, events }
  }

  /** The key of the only identity, once its value is written. */
  async function onlyKey(admin: IoRedis): Promise<string> {
    const keys = async (): Promise<string[]> => await admin.keys("countersign:{*")
    await expect.poll(async () => (await keys()).length).toBe(1)
    const [key = ""] = await keys()
    await expect.poll(() => admin.hexists(key, "value")).toBe(1)
    return key
  }

  function issuer(name = "faults/test"): { provider: TokenProvider; calls: () => number } {
    let calls = 0
    const provider = async (): Promise<{ value: string; issuedAt: number; expiresAt: number }> => {
      calls += 1
      await delay(10)
      return { value: `token-${calls}`, issuedAt: Date.now(), expiresAt: Date.now() + HOUR }
    }
    return { provider: Object.assign(provider, { identityKey: name }), calls: () => calls }
  }

  describe.each(Object.entries(clients))("through %s", (_, connect) => {
    async function timed<T>(work: T | Promise<T>): Promise<T> {
      const begun = performance.now()
      const result = await work
      expect(performance.now() - begun).toBeLessThan(BOUND_MS)
      return result
    }

    it("that is down from the start causes one call to the issuer, and none for later reads", async () => {
      await redis.kill()
      const { cache, events } = process(await connect(redis.url))
      const [first, second] = [issuer("one"), issuer("two")]
      expect((await timed(cache.get(first.provider))).value).toBe("token-1")
      const failures = events.filter(({ type }) => type === "store-failed").length
      expect(failures).toBeGreaterThan(0)
      await cache.get(second.provider)
      expect(events.filter(({ type }) => type === "store-failed")).toHaveLength(failures)
    })

    it("that comes back is used again", async () => {
      await redis.kill()
      const { cache, events } = process(await connect(redis.url))
      await cache.get(issuer("before").provider)
      await redis.start()
      const deadline = Date.now() + 15_000
      const { provider } = issuer("after")
      let isShared = false
      while (!isShared && Date.now() < deadline) {
        await cache.refresh(provider)
        const other = process(await connect(redis.url))
        await delay(200)
        const { value } = await other.cache.get(provider)
        isShared = other.events.some((event) => event.type === "acquired" && event.source === "store") && value !== ""
      }
      expect(isShared).toBe(true)
      expect(events.length).toBeGreaterThan(0)
    }, 30_000)

    it("that hangs is given up after the time limit of one operation", async () => {
      const client = await connect(redis.url)
      const { cache } = process(client)
      await cache.get(issuer("warm").provider)
      const admin = new IoRedis(redis.url)
      await admin.call("CLIENT", "PAUSE", "60000", "ALL")
      admin.disconnect()
      const { provider, calls } = issuer("cold")
      expect((await timed(cache.get(provider))).value).toBe("token-1")
      expect(calls()).toBe(1)
    })

    it("that is out of memory keeps nothing, and no request fails", async () => {
      const admin = new IoRedis(redis.url)
      await admin.config("SET", "maxmemory", "1")
      await admin.config("SET", "maxmemory-policy", "noeviction")
      admin.disconnect()
      const { cache, events } = process(await connect(redis.url))
      const { provider, calls } = issuer()
      expect((await timed(cache.get(provider))).value).toBe("token-1")
      expect((await cache.get(provider)).value).toBe("token-1")
      expect(calls()).toBe(1)
      expect(events.some(({ type }) => type === "store-failed")).toBe(true)
    })

    it.each([
      ["junk", (admin: IoRedis, key: string) => admin.hset(key, "value", "}junk{")],
      ["a value of another version", (admin: IoRedis, key: string) => admin.hset(key, "value", '{"v":99,"value":{}}')],
    ])("that holds %s counts as one that holds nothing", async (_kind, spoil) => {
      const client = await connect(redis.url)
      const { provider, calls } = issuer()
      await process(client, PATIENT).cache.get(provider)
      const admin = new IoRedis(redis.url)
      const key = await onlyKey(admin)
      await spoil(admin, key)
      admin.disconnect()
      const { cache, events } = process(client, PATIENT)
      expect((await timed(cache.get(provider))).value).toBe("token-2")
      expect(calls()).toBe(2)
      expect(events.some(({ type }) => type === "store-unreadable" || type === "store-failed")).toBe(true)
    })

    it("that holds another type under the key is used all the same", async () => {
      const client = await connect(redis.url)
      const { provider, calls } = issuer()
      await process(client, PATIENT).cache.get(provider)
      const admin = new IoRedis(redis.url)
      const key = await onlyKey(admin)
      await admin.del(key)
      await admin.lpush(key, "x")
      expect((await timed(process(client, PATIENT).cache.get(provider))).value).toBe("token-2")
      await expect.poll(() => admin.type(key)).toBe("hash")
      admin.disconnect()
      expect((await timed(process(client, PATIENT).cache.get(provider))).value).toBe("token-2")
      expect(calls()).toBe(2)
    })

    it("that is not a Redis fails no request", async () => {
      const server = createServer((socket) => {
        socket.on("error", () => undefined)
        socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      closing.push(() => server.close())
      const { cache } = process(await connect(`redis://127.0.0.1:${(server.address() as AddressInfo).port}`))
      expect((await timed(cache.get(issuer().provider))).value).toBe("token-1")
    })

    it("that wants a password fails no request", async () => {
      await redis.stop()
      redis = await localRedis("--requirepass", "secret")
      const { cache } = process(await connect(redis.url))
      expect((await timed(cache.get(issuer().provider))).value).toBe("token-1")
    })
  })

  describe("a healthy Redis", () => {
    it("gets no call while memory has a fresh value", async () => {
      const client = await clients["node-redis"](redis.url)
      const { cache } = process(client, PATIENT)
      const { provider } = issuer()
      await cache.get(provider)
      await delay(50)
      const admin = new IoRedis(redis.url)
      await admin.config("RESETSTAT")
      for (let read = 0; read < 1_000; read++) await cache.get(provider)
      const stats = await admin.info("commandstats")
      admin.disconnect()
      expect(stats).not.toMatch(/cmdstat_(get|eval|evalsha):/)
    })

    it("tells the other processes when a server refused a value", async () => {
      const { provider, calls } = issuer()
      const [one, two] = [
        process(await clients["node-redis"](redis.url), PATIENT),
        process(await clients.ioredis(redis.url), PATIENT),
      ]
      const first = await one.cache.get(provider)
      await two.cache.get(provider)
      expect(calls()).toBe(1)
      await delay(100)
      await one.cache.get(provider, { rejected: first })
      for (let wait = 0; wait < 1_000 && (await two.cache.get(provider)).value === first.value; wait++) await delay(10)
      expect((await two.cache.get(provider)).value).toBe("token-2")
      expect(calls()).toBe(2)
    })

    it("keeps a fleet with a wrong password from locking its account", async () => {
      let calls = 0
      const provider = Object.assign(
        async () => {
          calls += 1
          throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Incorrect password.", {
            status: 401,
            errorCode: "IAM.0062",
          })
        },
        { identityKey: "faults/wrong-password" },
      )
      const client = await clients["node-redis"](redis.url)
      const fleet = Array.from({ length: 10 }, () => process(client, PATIENT).cache)
      const codes = await Promise.all(
        fleet.map((cache) => Promise.resolve(cache.get(provider)).catch((error: AuthError) => error.code)),
      )
      expect(new Set(codes)).toEqual(new Set(["AUTH_CREDENTIALS_REJECTED"]))
      expect(calls).toBeLessThan(5)
    })

    it("holds encrypted values, and keys change without a call to the issuer", async () => {
      const client = await clients["node-redis"](redis.url)
      const [older, newer, unknown] = [1, 2, 3].map((id) => ({ id: `k${id}`, key: new Uint8Array(32).fill(id) }))
      const { provider, calls } = issuer()
      const withKeys = (...keys: unknown[]): TokenCache =>
        process(client, { ...PATIENT, store: encryptedStore(redisStore(client), { keys: keys as never }) }).cache
      const written = await withKeys(older).get(provider)
      const admin = new IoRedis(redis.url)
      expect(await admin.hget(await onlyKey(admin), "value")).not.toContain(written.value)
      expect(await withKeys(newer, older).get(provider)).toEqual(written)
      expect(calls()).toBe(1)
      // From then on the old key is not needed for this value.
      await expect.poll(async () => (await admin.keys("countersign:{*")).length).toBe(2)
      admin.disconnect()
      expect(await withKeys(newer).get(provider)).toEqual(written)
      // It is a miss without a key.
      expect((await withKeys(unknown).get(provider)).value).toBe("token-2")
    })
  })
})
