import { randomBytes } from "node:crypto"
import { encryptedStore, TokenCache } from "@countersign/auth-core"
import { redisStore } from "@countersign/redis"
import { hasRedis, localRedis } from "@countersign/testkit"
import { createClient } from "redis"
import { customerToken } from "./customer-token.ts"
import type { Part } from "./row.ts"

const CUSTOMERS = 100_000

/** Measures a process that shares the tokens of many customers, encrypted, on a real Redis. */
export const fleetMemory: Part = async () => {
  if (!hasRedis()) return { rows: [] }
  const redis = await localRedis()
  const client = createClient({ url: redis.url })
  await client.connect()
  const keys = [{ id: "1", key: randomBytes(32) }]
  const store = encryptedStore(redisStore(client), { keys })
  // All come at once, so a busy machine takes longer than usual, and a store that is too slow would be left out.
  const cache = new TokenCache({ maxEntries: CUSTOMERS, store, storeTimeoutMs: 60_000 })
  const providers = Array.from({ length: CUSTOMERS }, (_, index) => customerToken(index))
  await Promise.all(providers.map(async (provider) => cache.get(provider)))
  // A request that is still at work would count.
  await cache.close()
  const shared = await client.dbSize()
  if (shared < CUSTOMERS) throw new Error(`Only ${shared} of ${CUSTOMERS} tokens are in Redis.`)
  globalThis.gc?.()
  const { heapUsed, external, rss } = process.memoryUsage()
  await client.close()
  await redis.stop()
  return {
    rows: [
      {
        id: "memory-fleet",
        what: "process with 100,000 customers' tokens of 1.5 kB, shared by Redis and encrypted",
        against: "memory in use after a collection",
        value: (heapUsed + external) / 1e6,
        unit: "MB",
        target: { atMost: 250 },
        // Node lets its heap grow as far as the machine allows before it collects.
        detail: `resident set ${(rss / 1e6).toFixed(0)} MB`,
      },
    ],
  }
}
