import type { Hmac } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import { randomHmac } from "./fingerprint.ts"
import type { CacheStore, Lease, StoreChange } from "./store.ts"
import "./shared-renewal.chunk.ts"

// Loads the code for shared renewals together with the store, so that the first read of a cache does not wait for it.

export interface MemoryStoreOptions {
  /** How many values it holds. The least recently used go first. @default 10_000 */
  maxEntries?: number | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

interface Ending {
  readonly endsAt: number
}

/**
 * A store in this process: for caches that share values, for tests, and as a model for other stores. It has leases with
 * fencing, and reports changes.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function memoryStore(options: MemoryStoreOptions = {}): Required<CacheStore> {
  const { maxEntries = 10_000, clock = systemClock } = options
  if (!(maxEntries >= 1)) throw new AuthError("AUTH_INVALID_OPTION", "`maxEntries` must be a number, 1 or more.")
  const entries = new Map<string, Ending & { readonly value: string }>()
  const leases = new Map<string, Ending>()
  /** The number of the last lease under which a key was set. Outlives the value. */
  const fences = new Map<string, number>()
  const listeners = new Set<(key: string, change: StoreChange) => void>()
  let lastFence = 0
  let hmac: Hmac | undefined

  const living = <T extends Ending>(map: Map<string, T>, key: string): T | undefined => {
    const found = map.get(key)
    if (found === undefined || clock.monotonic() < found.endsAt) return found
    map.delete(key)
    return undefined
  }
  const put = <T>(map: Map<string, T>, key: string, value: T): void => {
    map.delete(key)
    map.set(key, value)
    const [oldest] = map.keys()
    if (map.size > maxEntries && oldest !== undefined) map.delete(oldest)
  }
  const set = (key: string, value: string, ttlMs: number): void => {
    put(entries, key, { value, endsAt: clock.monotonic() + ttlMs })
    for (const listener of listeners) listener(key, "set")
  }

  return {
    async get(key) {
      const entry = living(entries, key)
      if (entry === undefined) return undefined
      put(entries, key, entry)
      return entry.value
    },
    async set(key, value, ttlMs) {
      set(key, value, ttlMs)
    },
    async delete(key) {
      if (!entries.delete(key)) return
      for (const listener of listeners) listener(key, "deleted")
    },
    async acquireLease(key, ttlMs) {
      if (living(leases, key) !== undefined) return undefined
      const mine = { endsAt: clock.monotonic() + ttlMs }
      const fence = ++lastFence
      put(leases, key, mine)
      const lease: Lease = {
        async set(value, valueTtlMs) {
          if ((fences.get(key) ?? 0) > fence) return false
          put(fences, key, fence)
          set(key, value, valueTtlMs)
          return true
        },
        async release() {
          if (leases.get(key) === mine) leases.delete(key)
        },
      }
      return lease
    },
    async namesOf(secret) {
      hmac ??= randomHmac()
      return [hmac(secret)]
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
