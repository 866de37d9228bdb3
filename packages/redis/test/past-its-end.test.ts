// A real server and three wrong things at once: the value is written late, its writer is suspended between, and the wall
// clock of its reader is wrong. The issuer's clock decides.

import { setTimeout as delay } from "node:timers/promises"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type CacheEvent, redisStore, TokenCache } from "../src/index.ts"
import { slowLine } from "./slow-line.ts"
import { supportedClients } from "./supported-clients.ts"

const LIFETIME_MS = 4_000
const LATE_MS = 2_000
const MINUTE = 60_000

describe.skipIf(!hasRedis())("a value in the store", () => {
  let redis: LocalRedis
  const closing: (() => unknown)[] = []
  beforeAll(async () => {
    redis = await localRedis()
  })
  afterAll(() => redis.stop())
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })

  it.each([-60, -10, 0, 10, 60])(
    "is not given out past its end, however late it was written, where the clock is %d minutes wrong",
    async (minutes) => {
      const line = await slowLine(redis.port)
      closing.push(() => line.close())
      const ends = new Map<string, number>()
      const providerOf = (during: () => void = () => undefined) =>
        Object.assign(
          async () => {
            const value = `token-${ends.size + 1}`
            ends.set(value, performance.now() + LIFETIME_MS)
            during()
            return { value, issuedAt: Date.now(), expiresAt: Date.now() + LIFETIME_MS }
          },
          { identityKey: `past/${minutes}` },
        )
      const cacheOn = async (port: number, skewMs: number, events: CacheEvent[] = []): Promise<TokenCache> => {
        const { client, close } = await supportedClients["ioredis 6"].single({ port })
        closing.push(close)
        const sleep = async (ms: number, signal?: AbortSignal): Promise<void> =>
          void (await delay(ms, undefined, { signal }))
        const clock = { now: () => Date.now() + skewMs, monotonic: () => performance.now(), sleep }
        const onEvent = (event: CacheEvent): void => void events.push(event)
        const cache = new TokenCache({ store: redisStore(client), clock, onEvent, storeTimeoutMs: 3_000 })
        closing.push(() => cache.close())
        return cache
      }
      const writer = await cacheOn(line.port, 0)
      expect((await writer.get(providerOf(() => line.hold()))).value).toBe("token-1")
      await delay(LATE_MS)
      line.go()

      const events: CacheEvent[] = []
      const reader = await cacheOn(redis.port, minutes * MINUTE, events)
      const provider = providerOf()
      const given = new Set<string>()
      const begun = performance.now()
      while (performance.now() - begun < LIFETIME_MS) {
        const { value } = await reader.get(provider)
        given.add(value)
        expect(performance.now()).toBeLessThan(ends.get(value) ?? 0)
        await delay(5)
      }
      expect(given).toContain("token-1")
      expect(given.size).toBeGreaterThan(1)
      expect(events.some((event) => event.type === "acquired" && event.source === "store")).toBe(true)
    },
    30_000,
  )
})
