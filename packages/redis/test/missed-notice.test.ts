// A change that comes before the channel is open is not heard. Who waits for it looks once more when the channel opens,
// since the next look without that is more than a second away.
import { setTimeout as delay } from "node:timers/promises"
import { askServer, hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { redisStore, TokenCache, type TokenProvider } from "../src/index.ts"
import { slowLine } from "./slow-line.ts"
import { supportedClients } from "./supported-clients.ts"

/** A look takes so long, and a channel opens after twice this time or more. */
const STORE_MS = 200

describe.skipIf(!hasRedis())("a change that was missed", () => {
  let redis: LocalRedis
  const closing: (() => unknown)[] = []
  beforeEach(async () => {
    redis = await localRedis()
  })
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
    await redis.stop()
  })

  async function cacheAt(port: number, name: "redis 6" | "ioredis 6"): Promise<TokenCache> {
    const { client, close } = await supportedClients[name].single({ port })
    closing.push(close)
    const store = redisStore(client)
    // The client is connected from here on.
    await store.get("another")
    const cache = new TokenCache({ store, storeTimeoutMs: 20_000, random: () => 0 })
    closing.push(() => cache.close())
    return cache
  }

  const isAwaited = async (): Promise<boolean> => {
    const [key] = (await askServer(redis.port, "KEYS", "countersign:*")).split(/\s+/).filter((word) => /:v2/.test(word))
    return key !== undefined && (await askServer(redis.port, "HGET", key, "awaited")).includes("1")
  }

  it.each(["redis 6", "ioredis 6"] as const)("is found when the channel opens, through %s", async (name) => {
    const line = await slowLine(redis.port, STORE_MS)
    closing.push(line.close)
    let calls = 0
    const provider: TokenProvider = Object.assign(
      async () => {
        calls += 1
        while (!(await isAwaited())) await delay(1)
        return { value: `token-${calls}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
      },
      { identityKey: "missed/notice" },
    )
    const [holder, waiter] = [await cacheAt(redis.port, name), await cacheAt(line.port, name)]
    const first = holder.get(provider)
    while (calls === 0) await delay(1)
    const begun = performance.now()
    expect(await waiter.get(provider)).toEqual(await first)
    // One look, and 1 s until the next.
    expect(performance.now() - begun).toBeLessThan(STORE_MS + 1_000)
    expect(calls).toBe(1)
  })
})
