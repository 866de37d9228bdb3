import { AuthError } from "../errors/auth-error.ts"
import { type Clock, systemClock } from "../identity/clock.ts"
import type { CacheStore, Lease, StoreChange } from "./store.ts"

export interface MemoryStoreOptions {
  /** How many values are kept; the least recently used go first. @default 10_000 */
  maxEntries?: number | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
}

interface Entry {
  readonly value: string
  readonly endsAt: number
  /** Number of the lease under which it was written. */
  readonly fence: number
}

/**
 * A store in this process: for several caches that are to share, for tests, and as the pattern of others. Has leases, with
 * fencing, and tells of changes.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function memoryStore(options: MemoryStoreOptions = {}): Required<CacheStore> {
  const { maxEntries = 10_000, clock = systemClock } = options
  if (!(maxEntries >= 1)) throw new AuthError("AUTH_INVALID_OPTION", "`maxEntries` must be a number from 1 up.")
  const entries = new Map<string, Entry>()
  const leases = new Map<string, { fence: number; endsAt: number }>()
  const listeners = new Set<(key: string, change: StoreChange) => void>()
  let lastFence = 0

  const living = <T extends { endsAt: number }>(map: Map<string, T>, key: string): T | undefined => {
    const found = map.get(key)
    if (found === undefined || clock.monotonic() < found.endsAt) return found
    map.delete(key)
    return undefined
  }
  const put = (key: string, value: string, ttlMs: number, fence: number): void => {
    entries.delete(key)
    entries.set(key, { value, endsAt: clock.monotonic() + ttlMs, fence })
    const [oldest] = entries.keys()
    if (entries.size > maxEntries && oldest !== undefined) entries.delete(oldest)
    for (const listener of listeners) listener(key, "set")
  }

  return {
    async get(key) {
      const entry = living(entries, key)
      if (entry === undefined) return undefined
      entries.delete(key)
      entries.set(key, entry)
      return entry.value
    },
    async set(key, value, ttlMs) {
      put(key, value, ttlMs, lastFence)
    },
    async delete(key) {
      if (!entries.delete(key)) return
      for (const listener of listeners) listener(key, "deleted")
    },
    async acquireLease(key, ttlMs) {
      if (living(leases, key) !== undefined) return undefined
      const mine = { fence: ++lastFence, endsAt: clock.monotonic() + ttlMs }
      leases.set(key, mine)
      const lease: Lease = {
        async set(value, valueTtlMs) {
          if ((living(entries, key)?.fence ?? 0) > mine.fence) return false
          put(key, value, valueTtlMs, mine.fence)
          return true
        },
        async release() {
          if (leases.get(key) === mine) leases.delete(key)
        },
      }
      return lease
    },
    watch(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}
