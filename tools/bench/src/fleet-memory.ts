import { randomBytes } from "node:crypto"
import { encryptedStore, TokenCache } from "@countersign/auth-core"
import { type RedisClient, redisStore } from "@countersign/redis"
import { hasRedis, localRedis } from "@countersign/testkit"
import { Redis } from "ioredis"
import { createClient } from "redis"
import { customerToken, TOKEN_BYTES } from "./customer-token.ts"
import { bytesInUse } from "./memory.ts"
import type { Part, Row } from "./row.ts"

const CUSTOMERS = 100_000

interface Connected {
  readonly client: RedisClient
  /** How many keys are in Redis. */
  size(): Promise<number>
  close(): unknown
}

/** Measures a process that shares the tokens of many customers, encrypted, on a real Redis. */
export const fleetMemory: Part = async () => {
  if (!hasRedis()) return { rows: [] }
  const byNodeRedis = await withTokens(async (url) => {
    const client = createClient({ url })
    await client.connect()
    return { client, size: () => client.dbSize(), close: () => client.close() }
  })
  const byIoRedis = await withTokens(async (url) => {
    const client = new Redis(url)
    return { client, size: () => client.dbsize(), close: () => client.quit() }
  })
  const what = `process with ${CUSTOMERS.toLocaleString("en")} customers' tokens of 1.5 kB, shared by Redis and encrypted`
  return {
    rows: [
      { ...byNodeRedis, id: "memory-fleet", what, target: { atMost: 250 } },
      { ...byIoRedis, id: "memory-fleet-ioredis", what: "the same through ioredis" },
    ],
  }
}

async function withTokens(connect: (url: string) => Promise<Connected>): Promise<Omit<Row, "id" | "what">> {
  const redis = await localRedis()
  const { client, size, close } = await connect(redis.url)
  const before = await bytesInUse()
  const keys = [{ id: "1", key: randomBytes(32) }]
  const store = encryptedStore(redisStore(client), { keys })
  // All come at once, so a busy machine takes longer than usual, and a store that is too slow would be left out.
  const cache = new TokenCache({ maxEntries: CUSTOMERS, store, storeTimeoutMs: 60_000 })
  const providers = Array.from({ length: CUSTOMERS }, (_, index) => customerToken(index))
  await Promise.all(providers.map(async (provider) => cache.get(provider)))
  // The values are written behind their callers.
  const until = performance.now() + 60_000
  while ((await size()) < CUSTOMERS) {
    if (performance.now() > until) throw new Error(`Only ${await size()} of ${CUSTOMERS} tokens are in Redis.`)
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  const inUse = await bytesInUse()
  const { rss } = process.memoryUsage()
  await cache.close()
  await close()
  await redis.stop()
  const [tokens, first] = [CUSTOMERS * TOKEN_BYTES, before].map((bytes) => (bytes / 1e6).toFixed(0))
  return {
    against: "memory in use after collections",
    value: inUse / 1e6,
    unit: "MB",
    // Node lets its heap grow as far as the machine allows before it collects.
    detail: `before the first ${first} MB, the tokens alone ${tokens} MB; resident set ${(rss / 1e6).toFixed(0)} MB`,
  }
}
