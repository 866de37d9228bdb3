import { randomBytes } from "node:crypto"
import { encryptedStore, type Token, TokenCache, type TokenProvider } from "@countersign/auth-core"
import { redisStore } from "@countersign/redis"
import { hasRedis, localRedis } from "@countersign/testkit"
import { createClient } from "redis"
import type { Part } from "./row.ts"

const CUSTOMERS = 100_000

/** Measures a process that shares the tokens of many customers, encrypted, on a real Redis. */
export const fleetMemory: Part = async () => {
  if (!hasRedis()) return { rows: [] }
  const redis = await localRedis()
  const client = createClient({ url: redis.url })
  await client.connect()
  const keys = [{ id: "1", key: randomBytes(32) }]
  const cache = new TokenCache({ maxEntries: CUSTOMERS, store: encryptedStore(redisStore(client), { keys }) })
  const providers = Array.from({ length: CUSTOMERS }, (_, index) => customer(index))
  await Promise.all(providers.map(async (provider) => cache.get(provider)))
  // A request that is still at work would count.
  await cache.close()
  globalThis.gc?.()
  const { rss } = process.memoryUsage()
  await client.close()
  await redis.stop()
  return {
    rows: [
      {
        id: "memory-fleet",
        what: "process with 100,000 customers' tokens of 1.5 kB, shared by Redis and encrypted",
        against: "resident set",
        value: rss / 1e6,
        unit: "MB",
        target: { atMost: 250 },
        isUnsteady: true,
      },
    ],
  }
}

function customer(number: number): TokenProvider {
  const provider = async (): Promise<Token> => {
    const issuedAt = Date.now()
    return { value: randomBytes(1_125).toString("base64"), issuedAt, expiresAt: issuedAt + 86_400_000 }
  }
  return Object.assign(provider, { identityKey: `customer-${number}` })
}
