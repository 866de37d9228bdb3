import { fakeClock } from "@countersign/testkit"
import { expect, it } from "vitest"
import { failureKeyOf } from "../../src/cache/store.ts"
import { storeKeyOf } from "../../src/cache/stored-value.ts"
import { AuthError, type CacheStore, memoryStore, TokenCache, type TokenCacheOptions } from "../../src/index.ts"
import { scriptedProvider, tokenAt } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const YEAR = 365 * 24 * HOUR

interface Written {
  delayMs: number
  aheadMs?: number
  counts?: { rejected: number; unavailable: number }
}

/** The time during which a cache does not call the issuer because of a stored record, two days at most. */
async function blockedMs(
  { delayMs, aheadMs = 0, counts = { rejected: 1, unavailable: 0 } }: Written,
  options?: TokenCacheOptions,
): Promise<number> {
  const clock = fakeClock()
  const { get, set, delete: remove } = memoryStore({ clock })
  const store: CacheStore = { get, set, delete: remove }
  const error = { code: "AUTH_CREDENTIALS_REJECTED", message: "The password is wrong.", status: 401 }
  const text = `1.a ${clock.now() + aheadMs} ${delayMs} ${JSON.stringify({ v: 2, counts, error })}`
  const key = failureKeyOf(storeKeyOf("user"))
  const start = clock.monotonic()
  await store.set(key, text, 100 * YEAR)
  const cache = new TokenCache({ store, clock, random: () => 0, ...options })
  const provider = scriptedProvider("user", async () => tokenAt(clock, "token"))
  while (clock.monotonic() - start < 48 * HOUR) {
    const outcome = await clock.until(Promise.resolve(cache.get(provider)).catch((reason: unknown) => reason))
    if (!(outcome instanceof AuthError)) break
    await clock.advance(MINUTE)
  }
  return clock.monotonic() - start
}

it.each<[string, Written]>([
  ["a huge delay", { delayMs: 1e15 }],
  ["a huge delay, by a clock that is ahead", { delayMs: 1e15, aheadMs: YEAR }],
  ["a long delay, by a clock that is behind", { delayMs: YEAR, aheadMs: -1 * MINUTE }],
])("a failure with %s blocks no longer than the longest own one", async (_, written) => {
  const ms = await blockedMs(written)
  expect(ms).toBeGreaterThanOrEqual(HOUR)
  expect(ms).toBeLessThanOrEqual(80 * MINUTE)
})

it("a failure of a process whose clock is ahead blocks for its delay, not until the time of that clock", async () => {
  const ms = await blockedMs({ delayMs: 5 * MINUTE, aheadMs: 3 * HOUR })
  expect(ms).toBeGreaterThanOrEqual(5 * MINUTE)
  expect(ms).toBeLessThanOrEqual(7 * MINUTE)
})

it("a cache with longer waits applies them to others too", async () => {
  const backoff = { rejected: { firstMs: HOUR, longestMs: 10 * HOUR } }
  const ms = await blockedMs({ delayMs: 9 * HOUR }, { backoff })
  expect(ms).toBeGreaterThanOrEqual(9 * HOUR)
  expect(ms).toBeLessThanOrEqual(9 * HOUR + 2 * MINUTE)
})

it.each([
  ["a negative delay", { delayMs: -1e15 }],
  ["negative counts", { delayMs: HOUR, counts: { rejected: -5, unavailable: 0 } }],
])("a failure with %s blocks nothing", async (_, written) => {
  expect(await blockedMs(written)).toBeLessThan(SECOND)
})

it("a cache without back-off ignores the failures of others", async () => {
  expect(await blockedMs({ delayMs: HOUR }, { backoff: false })).toBeLessThan(SECOND)
})
