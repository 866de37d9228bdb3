import type { Hmac } from "../digest/digest.ts"
import { invalidOption } from "../errors/auth-error.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import { randomHmac } from "./fingerprint.ts"
import type { CacheStore, Lease, StoreChange, StoredWait, StoreNotice, StoreQuestion, Taken } from "./store.ts"

/** Options of {@link memoryStore}. */
export interface MemoryStoreOptions {
  /** How many values it holds. The least recently used go first. @default 10_000 */
  maxEntries?: number | undefined
  /** Its monotonic time is the time of the store. @default the machine's clock */
  clock?: Pick<Clock, "monotonic"> | undefined
}

/** The record of one key. */
interface MemoryRecord {
  /** Version of the last value that was set or deleted. */
  version: number
  value?: { readonly text: string; readonly endsAt: number } | undefined
  failure?: { readonly text: string; readonly version: number; waitsUntil: number; keptUntil: number } | undefined
  /** The number of the last lease. */
  number: number
  holder?: { readonly name: string; readonly until: number } | undefined
  /** Somebody waits for the holder. */
  isAwaited: boolean
}

/** How long a record outlives its last version, milliseconds. An older lease sets nothing. */
const FENCE_MS = 3_600_000

/**
 * A store in this process: for caches that share values, for tests, and as a model for other stores. It coordinates
 * renewals, and reports changes.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function memoryStore(options: MemoryStoreOptions = {}): Required<CacheStore> {
  const { maxEntries = 10_000, clock = systemClock } = options
  if (!(maxEntries >= 1)) throw invalidOption("`maxEntries` must be a number, 1 or more.")
  const records = new Map<string, MemoryRecord>()
  const listeners = new Set<(notice: StoreNotice) => void>()
  let hmac: Hmac | undefined

  /** Microseconds, so that versions differ. */
  const micros = (): number => Math.floor(clock.monotonic() * 1_000)
  const now = (): number => Math.floor(micros() / 1_000)

  const isOver = ({ version, number, value, failure, holder }: MemoryRecord): boolean => {
    const fencedUntil = Math.floor(Math.max(version, number) / 1_000) + FENCE_MS
    return Math.max(fencedUntil, value?.endsAt ?? 0, failure?.keptUntil ?? 0, holder?.until ?? 0) <= now()
  }
  const recordOf = (key: string): MemoryRecord => {
    const found = records.get(key)
    const record = found === undefined || isOver(found) ? { version: 0, number: 0, isAwaited: false } : found
    records.delete(key)
    return record
  }
  const keep = (key: string, record: MemoryRecord): void => {
    records.set(key, record)
    // Only a full map looks for its oldest key, since the iterator passes the places of all deleted keys.
    const [oldest] = records.size > maxEntries ? records.keys() : []
    if (oldest !== undefined) records.delete(oldest)
  }
  const tell = (key: string, change: StoreChange, result?: Pick<StoreNotice, "value" | "failure">): void => {
    for (const listener of listeners) listener({ key, change, ...result })
  }
  const nextVersion = ({ version, number }: MemoryRecord): number => Math.max(micros(), version + 1, number + 1)
  const change = <T>(key: string, work: (record: MemoryRecord) => T): T => {
    const record = recordOf(key)
    const result = work(record)
    if (record.version > 0 || record.number > 0 || record.failure !== undefined) keep(key, record)
    return result
  }
  /** Ends a lease, unless a later one holds by now. Returns whether somebody waits for it. */
  const free = (record: MemoryRecord, number: number): boolean => {
    const { isAwaited } = record
    if (record.number !== number || record.holder === undefined) return false
    record.holder = undefined
    record.isAwaited = false
    return isAwaited
  }
  const isFenced = (record: MemoryRecord, number: number): boolean =>
    record.version > number || micros() - number > FENCE_MS * 1_000

  /** Ends a lease with its result, unless a later version was set. */
  const end = (key: string, number: number, write: (record: MemoryRecord, isAwaited: boolean) => void): boolean =>
    change(key, (record) => {
      // Those who wait get the result, even if the holder has asked for another lease meanwhile.
      const { isAwaited } = record
      const wasAwaited = free(record, number)
      const isSet = !isFenced(record, number)
      if (isSet) write(record, isAwaited)
      else if (wasAwaited) tell(key, "released")
      return isSet
    })

  const leaseOf = (key: string, number: number): Lease => ({
    version: String(number),
    async set(text, endsAt) {
      return end(key, number, (record, isAwaited) => {
        record.version = number
        record.value = { text, endsAt }
        record.failure = undefined
        tell(key, "set", isAwaited ? { value: { text, version: String(number), endsAt } } : undefined)
      })
    },
    async setFailure(text, waitsUntil, keptUntil) {
      const failure = records.get(key)?.failure
      if (failure !== undefined && failure.version > number && failure.keptUntil > now()) return false
      return end(key, number, (record, isAwaited) => {
        record.failure = { text, version: number, waitsUntil, keptUntil }
        tell(key, "failed", isAwaited ? { failure: { text, version: String(number), waitsUntil } } : undefined)
      })
    },
    async release() {
      change(key, (record) => {
        if (free(record, number)) tell(key, "released")
      })
    },
  })

  const take = (key: string, record: MemoryRecord, question: StoreQuestion): Taken => {
    const { unwanted, isRefused, failure: wish, lease } = question
    const at = now()
    const { value, version } = record
    if (wish === "forgiven" && record.failure !== undefined) {
      record.failure = undefined
      tell(key, "forgiven")
    }
    if (value !== undefined && value.endsAt > at && String(version) !== unwanted) {
      return { kind: "value", now: at, version: String(version), ...value }
    }
    const kept = record.failure !== undefined && record.failure.keptUntil > at ? record.failure : undefined
    const failure: StoredWait | undefined = kept && {
      text: kept.text,
      version: String(kept.version),
      waitsUntil: kept.waitsUntil,
    }
    if (failure !== undefined && failure.waitsUntil > at && wish === undefined) {
      return { kind: "failure", now: at, ...failure }
    }
    const { holder } = record
    const held = holder !== undefined && holder.until > at && holder.name !== lease?.holder ? holder : undefined
    if (isRefused === true && held === undefined && value !== undefined && String(version) === unwanted) {
      record.value = undefined
      tell(key, "deleted")
    }
    if (lease === undefined) return { kind: "none", now: at }
    if (held !== undefined) {
      record.isAwaited = true
      return { kind: "held", now: at, until: held.until }
    }
    record.number = nextVersion(record)
    record.holder = { name: lease.holder, until: at + lease.ms }
    return { kind: "lease", now: at, lease: leaseOf(key, record.number), failure }
  }

  return {
    async get(key) {
      const taken = change(key, (record) => take(key, record, { failure: "ignored" }))
      return taken.kind === "value" ? taken.text : undefined
    },
    async set(key, text, ttlMs) {
      change(key, (record) => {
        record.version = nextVersion(record)
        record.value = { text, endsAt: now() + ttlMs }
        record.failure = undefined
        tell(key, "set")
      })
    },
    async delete(key) {
      change(key, (record) => {
        const wasThere = record.value !== undefined
        record.version = nextVersion(record)
        record.value = undefined
        if (wasThere) tell(key, "deleted")
      })
    },
    async take(key, question) {
      return change(key, (record) => take(key, record, question))
    },
    async namesOf(secret) {
      hmac ??= randomHmac()
      return [hmac(secret)]
    },
    watch(listener) {
      listeners.add(listener)
      return {
        follow: () => undefined,
        unfollow: () => undefined,
        isHearing: () => listeners.has(listener),
        end: () => void listeners.delete(listener),
      }
    },
  }
}
