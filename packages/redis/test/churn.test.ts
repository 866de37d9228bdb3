// Far more identities than memory holds, all new: every value must reach the store, although nobody waits for the writes.
import { setTimeout as delay } from "node:timers/promises"
import { hasRedis, type LocalRedis, localRedis, reportFigures } from "@countersign/testkit"
import { Redis as IoRedis } from "ioredis"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { redisStore, TokenCache } from "../src/index.ts"

/** `COUNTERSIGN_IDENTITIES=100000` takes a minute or two. */
const IDENTITIES = Number(process.env.COUNTERSIGN_IDENTITIES ?? 3_000)
const AT_ONCE = 200
const LIFETIME_MS = 86_400_000

describe.skipIf(!hasRedis())("identities in a churn", () => {
  let redis: LocalRedis
  beforeAll(async () => {
    redis = await localRedis()
  })
  afterAll(() => redis.stop())

  it("all reach the store", async () => {
    const client = new IoRedis(redis.url)
    const cache = new TokenCache({ store: redisStore(client), maxEntries: IDENTITIES / 10 })
    let calls = 0
    const read = async (id: number): Promise<void> => {
      const issue = async (): Promise<{ value: string; issuedAt: number; expiresAt: number }> => {
        calls += 1
        await delay(5)
        return { value: `token-${id}`, issuedAt: Date.now(), expiresAt: Date.now() + LIFETIME_MS }
      }
      await cache.get(Object.assign(issue, { identityKey: `churn/${id}` }))
    }
    for (let from = 0; from < IDENTITIES; from += AT_ONCE)
      await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => read(from + index)))
    await cache.close()
    const values = async (): Promise<number> => {
      const keys = await client.keys("countersign:{*")
      const held = await Promise.all(keys.map((key) => client.hexists(key, "value")))
      return held.reduce((sum, one) => sum + one, 0)
    }
    // A write that a busy machine delayed beyond the time limit of the store is repeated.
    await expect.poll(values, { timeout: 60_000, interval: 500 }).toBe(IDENTITIES)
    reportFigures({ identities: await values(), calls })
    expect(calls).toBe(IDENTITIES)
    client.disconnect()
  }, 600_000)
})
