// Loaded only by caches that have a store.
import type { BoundSecret, Expiring, SecretBinding } from "../identity/provider.ts"
import { within } from "../runtime/clock.ts"
import type { Renewal } from "./ask-provider.ts"
import { activeFailure, type Failure, failureFrom, longestDelayMs } from "./backoff.ts"
import type { Mark } from "./cache-entries.ts"
import type { CacheSettings } from "./cache-options.ts"
import { agedLifetime } from "./lifetime.ts"
import {
  type Records,
  SharedRecords,
  type StoredFailure,
  storeKeyOf,
  stretch,
  valueKeyOf,
  withoutStore,
} from "./shared-records.ts"
import type { CacheStore, Lease, StoreChange } from "./store.ts"
import { StoreCircuitBreaker, StoreUnavailable } from "./store-circuit-breaker.ts"

/** One renewal together with other processes. */
export interface RenewalRequest<T> {
  readonly entry: StoreEntry
  /** Whether a stored value will do. The value to be replaced will not. */
  isWanted(value: T): boolean
  /** Whether a server refused this value, so that it must leave the store. */
  isRefused(value: T): boolean
  /** The value that serves meanwhile; nothing when callers wait for a new one. */
  current(): T | undefined
  /** The last failure that this process knows. */
  readonly earlier: Failure | undefined
  /** Asks the provider, unless the failure forbids it. */
  ask(earlier: Failure | undefined): Promise<Renewal<T>>
}

/** One entry of a cache and its keys in the store. */
export interface StoreEntry {
  readonly identity: string
  readonly mark: Mark
  /** Values are written under the first and read under all. */
  readonly storeKeys: readonly [string, ...string[]]
}

/** The kinds of record of an identity. */
export type Kept = "value" | "failure"

export interface SharedRenewalOptions
  extends Pick<CacheSettings, "storeTimeoutMs" | "leaseMs" | "clock" | "lifetime" | "backoff" | "emit"> {
  readonly store: CacheStore
  /** Receives the changes that others make in the store. */
  readonly onChange: (entry: StoreEntry, what: Kept, change: StoreChange) => void
}

const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 250
/** How many entries are found by their store keys, where a store reports changes. */
const MOST_IDENTITIES = 100_000

/**
 * Gets a new value together with other processes: takes the value that one of them has stored, else asks the provider,
 * unless another process is doing so, and stores the result. Without the store, or when a lease never ends, it asks the
 * provider.
 */
export class SharedRenewal {
  readonly #options: SharedRenewalOptions
  readonly #store: StoreCircuitBreaker
  readonly #records: SharedRecords
  readonly #stopWatching: () => void
  /** By store key. */
  readonly #entries = new Map<string, StoreEntry>()
  /** By store key. */
  readonly #waiters = new Map<string, Set<() => void>>()
  /** By store key. */
  readonly #forgetting = new Map<string, Promise<void>>()
  #secondLook: Promise<boolean> | undefined
  readonly #stretched = new WeakMap<BoundSecret, Promise<string>>()

  constructor(options: SharedRenewalOptions) {
    const { store, storeTimeoutMs: timeoutMs, clock, emit } = options
    this.#options = options
    this.#store = new StoreCircuitBreaker({ store, timeoutMs, clock, emit })
    this.#records = new SharedRecords({ store: this.#store, clock, emit })
    this.#stopWatching = this.#store.watch((key, change) => this.#noticed(key, change))
  }

  /** Stops listening to the store. */
  close(): void {
    this.#stopWatching()
  }

  async renew<T extends Expiring>(request: RenewalRequest<T>): Promise<Renewal<T>> {
    const { clock, leaseMs } = this.#options
    const { entry } = request
    const [storeKey] = entry.storeKeys
    this.#know(entry)
    await this.#forgotten(storeKey)
    // Long enough for one holder to die and for the next to finish.
    const giveUpAt = clock.monotonic() + 2 * leaseMs
    let { earlier } = request
    let isRead = false
    for (let looks = 0; looks < 2; looks++) {
      try {
        for (
          let pollMs = FIRST_POLL_MS;
          clock.monotonic() < giveUpAt;
          pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)
        ) {
          const records = await this.#records.read<T>(entry.identity, entry.storeKeys)
          isRead = true
          earlier = this.#laterOf(request.earlier, records.failure)
          const settled = this.#settledBy(request, records, earlier)
          if (settled !== undefined) return settled
          const lease = await this.#store.acquireLease(storeKey, leaseMs)
          if (lease !== undefined) return await this.#renewAsHolder(request, lease)
          const current = request.current()
          if (current !== undefined) return { kind: "busy", value: current }
          await this.#changeOf(storeKey, pollMs)
        }
        break
      } catch (error) {
        if (!(error instanceof StoreUnavailable)) throw error
        // A lease that was requested may be granted too late, and would then block this very process.
        if (isRead || !error.isSlow || !(await this.#answersAgain(storeKey))) break
      }
    }
    return await request.ask(earlier)
  }

  /**
   * Whether a store that was too slow answers after a random moment. Otherwise all processes of a fleet would call the
   * issuer at once. All who wait in this process share one look.
   */
  #answersAgain(storeKey: string): Promise<boolean> {
    const { clock, lifetime, storeTimeoutMs } = this.#options
    this.#secondLook ??= (async () => {
      await clock.sleep((storeTimeoutMs / 2) * lifetime.random())
      return this.#store.answersAgain(storeKey)
    })().finally(() => {
      this.#secondLook = undefined
    })
    return this.#secondLook
  }

  /**
   * The store keys of an identity under a secret; nothing while the store is unavailable.
   *
   * @param binding absent where no secret of ours is involved
   */
  async storeKeysOf(
    identity: string,
    binding: SecretBinding | undefined,
    secret: BoundSecret | undefined,
  ): Promise<StoreEntry["storeKeys"] | undefined> {
    if (binding === undefined) return [storeKeyOf(identity)]
    if (secret === undefined) return undefined
    const named = this.#store.namesOf(secret.revealAll()) ?? this.#stretch(secret, binding.identity)
    const names = await withoutStore<readonly string[]>(named)
    const [first, ...others] = names?.map((name) => storeKeyOf(identity, name)) ?? []
    return first === undefined ? undefined : [first, ...others]
  }

  /** Deletes the records of some keys. Refreshes that begin meanwhile wait for that. */
  async forget(storeKeys: readonly string[], what: Kept): Promise<void> {
    const [storeKey] = storeKeys
    if (storeKey === undefined) return
    const earlier = this.#forgetting.get(storeKey)
    const forgetting = (async () => {
      await (what === "value" ? this.#records.deleteValues(storeKeys) : this.#records.deleteFailures(storeKeys))
      await earlier
    })()
    this.#forgetting.set(storeKey, forgetting)
    await forgetting
    if (this.#forgetting.get(storeKey) === forgetting) this.#forgetting.delete(storeKey)
  }

  /** Waits until an entry is forgotten, but not for long: the request behind that may have ended early. */
  async #forgotten(storeKey: string): Promise<void> {
    const { clock, storeTimeoutMs } = this.#options
    const forgetting = this.#forgetting.get(storeKey)
    if (forgetting === undefined) return
    const tooLong = new Error("too long")
    await within(
      clock,
      2 * storeTimeoutMs,
      () => tooLong,
      () => forgetting,
    ).catch(() => undefined)
    if (this.#forgetting.get(storeKey) === forgetting) this.#forgetting.delete(storeKey)
  }

  async #renewAsHolder<T extends Expiring>(job: RenewalRequest<T>, lease: Lease): Promise<Renewal<T>> {
    const { identity, storeKeys } = job.entry
    try {
      // The previous holder may have stored a value a moment ago.
      const records = await this.#records.read<T>(identity, storeKeys)
      const earlier = this.#laterOf(job.earlier, records.failure)
      const settled = this.#settledBy(job, records, earlier)
      if (settled !== undefined) return settled
      const refused = records.values.filter(({ value }) => job.isRefused(value))
      await this.#records.deleteValues(refused.map(({ storeKey }) => storeKey))
      const renewal = await job.ask(earlier)
      if (renewal.kind === "failed" && renewal.failure) await this.#records.writeFailure(storeKeys[0], renewal.failure)
      if (renewal.kind !== "value") return renewal
      const isNewest = await this.#records.writeValue(lease, renewal.value, renewal.lifetime)
      if (earlier !== undefined) await this.#records.deleteFailures(storeKeys)
      return isNewest ? renewal : ((await this.#newerThan(job)) ?? renewal)
    } finally {
      await withoutStore(lease.release())
    }
  }

  /** The result of the holder of a later lease. */
  async #newerThan<T extends Expiring>(job: RenewalRequest<T>): Promise<Renewal<T> | undefined> {
    const records = await withoutStore(this.#records.read<T>(job.entry.identity, job.entry.storeKeys))
    return records && this.#settledBy(job, records, undefined)
  }

  /** The result that the records already hold: a value that will do, or a failure that forbids to ask. */
  #settledBy<T extends Expiring>(
    job: RenewalRequest<T>,
    { values }: Records<T>,
    earlier: Failure | undefined,
  ): Renewal<T> | undefined {
    const { clock, lifetime, backoff } = this.#options
    for (const value of values) {
      if (!job.isWanted(value.value)) continue
      const left = agedLifetime(value, value.ageMs, lifetime)
      const isYoungEnough = (job.current() === undefined ? left.hardMs : left.softMs) > 0
      if (isYoungEnough) return { kind: "value", value: value.value, lifetime: left, source: "store" }
    }
    const failure = activeFailure(earlier, "issuer", backoff, clock.monotonic())
    return failure && { kind: "backed-off", failure }
  }

  /** The failure with the longer wait: that of this process or that of the others. */
  #laterOf(own: Failure | undefined, stored: StoredFailure | undefined): Failure | undefined {
    // The wait of a known failure has already begun, even if the clock of its writer is ahead.
    const isKnown = stored !== undefined && stored.writtenAt === own?.writtenAt
    const shared = stored && !isKnown ? this.#failureOf(stored) : undefined
    return own === undefined || (shared !== undefined && shared.retryAt >= own.retryAt) ? shared : own
  }

  /** The failure of another process. Whatever its record says, it forbids no more than one of this process. */
  #failureOf({ ageMs, delayMs, ...failure }: StoredFailure): Failure | undefined {
    const { clock, backoff } = this.#options
    if (backoff.steps === undefined) return undefined
    const leftMs = Math.max(0, Math.min(delayMs, longestDelayMs(backoff.steps)) - ageMs)
    return failureFrom({ ...failure, delayMs: leftMs }, backoff, clock.monotonic())
  }

  #noticed(key: string, change: StoreChange): void {
    for (const wake of this.#waiters.get(key) ?? []) wake()
    const valueKey = valueKeyOf(key)
    const entry = this.#entries.get(valueKey ?? key)
    if (entry !== undefined) this.#options.onChange(entry, valueKey === undefined ? "value" : "failure", change)
  }

  /** Waits until a key may have changed. */
  async #changeOf(storeKey: string, pollMs: number): Promise<void> {
    const noticed = new AbortController()
    const wake = (): void => noticed.abort()
    const waiters = this.#waiters.get(storeKey) ?? new Set()
    this.#waiters.set(storeKey, waiters.add(wake))
    try {
      await this.#options.clock.sleep(pollMs, noticed.signal)
    } catch {
      // Noticed.
    } finally {
      waiters.delete(wake)
      if (waiters.size === 0) this.#waiters.delete(storeKey)
    }
  }

  /** Remembers the entry of each store key, where the store reports changes. */
  #know(entry: StoreEntry): void {
    if (this.#options.store.watch === undefined) return
    for (const storeKey of entry.storeKeys) {
      this.#entries.delete(storeKey)
      this.#entries.set(storeKey, entry)
      const [oldest] = this.#entries.keys()
      if (this.#entries.size > MOST_IDENTITIES && oldest !== undefined) this.#entries.delete(oldest)
    }
  }

  /** Runs once for each secret, however many identities are built on it. */
  async #stretch(secret: BoundSecret, salt: string): Promise<[string]> {
    const stretched = this.#stretched.get(secret) ?? stretch(secret.revealAll(), salt)
    this.#stretched.set(secret, stretched)
    return [await stretched]
  }
}
