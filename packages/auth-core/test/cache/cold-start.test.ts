import { type FakeClock, fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { type CacheStore, type Lease, memoryStore, TokenCache } from "../../src/index.ts"
import { tokenAt } from "./scripted-provider.ts"

const PROCESSES = 8
const READS = 1_000
const IAM_MS = 100
const STORE_TIMEOUT_MS = 500

/**
 * A store that is so far away that an operation takes `delayMs`; `Infinity` for one that does not answer. Its notices come
 * on a connection that opens with the first key: one operation to greet the server, and one to subscribe.
 */
function distant(store: Required<CacheStore>, clock: FakeClock, delayMs: number): CacheStore {
  const half = async (): Promise<void> => {
    await (delayMs === Number.POSITIVE_INFINITY ? new Promise<never>(() => undefined) : clock.sleep(delayMs / 2))
  }
  const slowly = async <T>(work: () => Promise<T>): Promise<T> => {
    await half()
    const result = await work()
    await half()
    return result
  }
  const leaseOf = (lease: Lease): Lease => ({
    version: lease.version,
    set: (...record) => slowly(() => lease.set(...record)),
    setFailure: (...record) => slowly(() => lease.setFailure(...record)),
    release: () => slowly(() => lease.release()),
  })
  return {
    get: (key) => slowly(() => store.get(key)),
    set: (...record) => slowly(() => store.set(...record)),
    delete: (key) => slowly(() => store.delete(key)),
    async take(...asked) {
      const taken = await slowly(() => store.take(...asked))
      return taken.kind === "lease" ? { ...taken, lease: leaseOf(taken.lease) } : taken
    },
    watch(listener) {
      let isSubscribed = false
      const heard = new Set<string>()
      const watch = store.watch((notice) => {
        if (isSubscribed) void half().then(() => listener(notice))
      })
      return {
        ...watch,
        follow(key) {
          const subscribe = async (): Promise<void> => {
            isSubscribed = true
          }
          void slowly(async () => undefined)
            .then(() => slowly(subscribe))
            .then(() => {
              heard.add(key)
              listener({ key, change: "released" })
            })
        },
        isHearing: (key) => heard.has(key),
      }
    },
  }
}

async function coldStart(delayMs: number): Promise<{ calls: number; longestMs: number; values: number }> {
  const clock = fakeClock()
  const store = distant(memoryStore({ clock }), clock, delayMs)
  let calls = 0
  let longestMs = 0
  const values = new Set<string>()
  const provider = Object.assign(
    async () => {
      const value = `token ${++calls}`
      await clock.sleep(IAM_MS)
      return tokenAt(clock, value)
    },
    { identityKey: "shared" },
  )
  const reads = Array.from({ length: PROCESSES }, () => {
    const cache = new TokenCache({ clock, store })
    return Array.from({ length: READS }, async () => {
      values.add((await cache.get(provider)).value)
      longestMs = Math.max(longestMs, clock.monotonic())
    })
  })
  // Small steps, since an import also takes real time.
  await clock.until(Promise.all(reads.flat()), 1)
  return { calls, longestMs, values: values.size }
}

describe("8 processes with 1,000 cold reads each", () => {
  it.each([0, 50, 400])(
    "make one call, and wait no longer than that and two operations: store at %d ms",
    async (ms) => {
      const { calls, longestMs, values } = await coldStart(ms)
      expect(calls).toBe(1)
      expect(values).toBe(1)
      expect(longestMs).toBeLessThanOrEqual(IAM_MS + 2 * ms + 10)
    },
  )

  it("make a call each, and wait no longer than that and two operations: no answer", async () => {
    const { calls, longestMs } = await coldStart(Number.POSITIVE_INFINITY)
    expect(calls).toBeLessThanOrEqual(PROCESSES)
    expect(longestMs).toBeLessThanOrEqual(IAM_MS + 2 * STORE_TIMEOUT_MS + 10)
  })
})
