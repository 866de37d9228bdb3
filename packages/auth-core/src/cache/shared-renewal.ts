import type { Clock } from "../identity/clock.ts"
import type { Expiring } from "../identity/provider.ts"
import type { Backoff, Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-event.ts"
import type { StoredFailure } from "./envelope.ts"
import { GuardedStore, StoreUnavailable } from "./guarded-store.ts"
import { agedLifetime, type LifetimeOptions } from "./lifetime.ts"
import type { Renewal } from "./renewal.ts"
import { type Records, SharedRecords, withoutStore } from "./shared-records.ts"
import type { CacheStore, Lease, StoreChange } from "./store.ts"
import { storeKeyOf, valueKeyOf } from "./store-key.ts"

/** What a process wants of the others. */
export interface RenewalRequest<T> {
  readonly identity: string
  /** Whether a stored value would do: not the one to be replaced. */
  isWanted(value: T): boolean
  /** Whether this is the value that a server refused, which must not stay in the store. */
  isRefused(value: T): boolean
  /** What serves meanwhile, unless callers wait for another one. */
  current(): T | undefined
  /** What this process itself knows of earlier failures. */
  readonly earlier: Failure | undefined
  /** Asks the provider, unless the failure forbids it. */
  ask(earlier: Failure | undefined): Promise<Renewal<T>>
}

/** What is kept of an identity. */
export type Kept = "value" | "failure"

export interface SharedRenewalOptions {
  readonly store: CacheStore
  readonly storeTimeoutMs: number
  readonly leaseMs: number
  readonly clock: Clock
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
  readonly emit: (event: CacheEvent) => void
  /** Told what others change in the store. */
  readonly onChange: (identity: string, what: Kept, change: StoreChange) => void
}

interface Job<T> extends RenewalRequest<T> {
  readonly storeKey: string
}

const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 250
/** How many identities are known by their store keys, for a store that tells of changes. */
const MOST_IDENTITIES = 100_000

/**
 * Comes by a new value together with other processes: takes what one of them has stored, else asks the provider if no other
 * is about to, and stores what it gives. Without the store, or when a lease never ends, it asks the provider itself.
 */
export class SharedRenewal {
  readonly #options: SharedRenewalOptions
  readonly #store: GuardedStore
  readonly #records: SharedRecords
  readonly #stopWatching: () => void
  /** By store key. */
  readonly #identities = new Map<string, string>()
  /** By store key. */
  readonly #waiters = new Map<string, Set<() => void>>()
  /** By identity. */
  readonly #forgetting = new Map<string, Promise<void>>()

  constructor(options: SharedRenewalOptions) {
    const { store, storeTimeoutMs: timeoutMs, clock, emit } = options
    this.#options = options
    this.#store = new GuardedStore({ store, timeoutMs, clock, emit })
    this.#records = new SharedRecords({ store: this.#store, clock, emit })
    this.#stopWatching = this.#store.watch((key, change) => this.#noticed(key, change))
  }

  /** Stops listening to the store. */
  close(): void {
    this.#stopWatching()
  }

  async renew<T extends Expiring>(request: RenewalRequest<T>): Promise<Renewal<T>> {
    const { clock, leaseMs } = this.#options
    await this.#forgetting.get(request.identity)
    const job: Job<T> = { ...request, storeKey: this.#storeKeyOf(request.identity) }
    // Long enough for one holder to die and the next to finish.
    const giveUpAt = clock.monotonic() + 2 * leaseMs
    let { earlier } = request
    try {
      for (let pollMs = FIRST_POLL_MS; clock.monotonic() < giveUpAt; pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)) {
        const records = await this.#records.read<T>(job.identity, job.storeKey)
        earlier = this.#laterOf(request.earlier, records.failure)
        const settled = this.#settledBy(job, records, earlier)
        if (settled !== undefined) return settled
        const lease = await this.#store.acquireLease(job.storeKey, leaseMs)
        if (lease !== undefined) return await this.#renewAsHolder(job, lease)
        const current = request.current()
        if (current !== undefined) return { kind: "busy", value: current }
        await this.#changeOf(job.storeKey, pollMs)
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
    }
    return await request.ask(earlier)
  }

  /** Forgets what is shared of an identity; refreshes that begin meanwhile wait for that. */
  async forget(identity: string, what: Kept): Promise<void> {
    const earlier = this.#forgetting.get(identity)
    const forgetting = (async () => {
      const storeKey = this.#storeKeyOf(identity)
      await (what === "value" ? this.#records.deleteValue(storeKey) : this.#records.deleteFailure(storeKey))
      await earlier
    })()
    this.#forgetting.set(identity, forgetting)
    await forgetting
    if (this.#forgetting.get(identity) === forgetting) this.#forgetting.delete(identity)
  }

  async #renewAsHolder<T extends Expiring>(job: Job<T>, lease: Lease): Promise<Renewal<T>> {
    const { identity, storeKey } = job
    try {
      // Whoever held the lease a moment ago may have left something.
      const records = await this.#records.read<T>(identity, storeKey)
      const earlier = this.#laterOf(job.earlier, records.failure)
      const settled = this.#settledBy(job, records, earlier)
      if (settled !== undefined) return settled
      if (records.value !== undefined && job.isRefused(records.value.value)) await this.#records.deleteValue(storeKey)
      const renewal = await job.ask(earlier)
      if (renewal.kind === "failed" && renewal.failure) await this.#records.writeFailure(storeKey, renewal.failure)
      if (renewal.kind !== "value") return renewal
      const isNewest = await this.#records.writeValue(lease, renewal.value, renewal.lifetime)
      if (earlier !== undefined) await this.#records.deleteFailure(storeKey)
      return isNewest ? renewal : ((await this.#newerThan(job)) ?? renewal)
    } finally {
      await withoutStore(lease.release())
    }
  }

  /** What the holder of a later lease has written. */
  async #newerThan<T extends Expiring>(job: Job<T>): Promise<Renewal<T> | undefined> {
    const records = await withoutStore(this.#records.read<T>(job.identity, job.storeKey))
    return records && this.#settledBy(job, records, undefined)
  }

  /** What the records settle already: a value that will do, or a failure that forbids to ask. */
  #settledBy<T extends Expiring>(
    job: Job<T>,
    { value }: Records<T>,
    earlier: Failure | undefined,
  ): Renewal<T> | undefined {
    const { clock, lifetime, backoff } = this.#options
    if (value !== undefined && job.isWanted(value.value)) {
      const left = agedLifetime(value, value.ageMs, lifetime)
      const isYoungEnough = (job.current() === undefined ? left.hardMs : left.softMs) > 0
      if (isYoungEnough) return { kind: "value", value: value.value, lifetime: left, source: "store" }
    }
    const active = backoff.active(earlier, clock.monotonic())
    return active && { kind: "backed-off", failure: active }
  }

  /** Of the failures that this process and the others know, the one that forbids more. */
  #laterOf(own: Failure | undefined, stored: StoredFailure | undefined): Failure | undefined {
    const { clock, backoff } = this.#options
    const now = clock.monotonic()
    const shared = stored && backoff.remember(stored, now)
    if (own === undefined || (shared !== undefined && shared.retryAt >= own.retryAt)) return shared
    return backoff.again(own, now)
  }

  #noticed(key: string, change: StoreChange): void {
    for (const wake of this.#waiters.get(key) ?? []) wake()
    const valueKey = valueKeyOf(key)
    const identity = this.#identities.get(valueKey ?? key)
    if (identity !== undefined) this.#options.onChange(identity, valueKey === undefined ? "value" : "failure", change)
  }

  /** Waits until something may have happened to a key. */
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

  #storeKeyOf(identity: string): string {
    const storeKey = storeKeyOf(identity)
    if (this.#options.store.watch === undefined) return storeKey
    this.#identities.delete(storeKey)
    this.#identities.set(storeKey, identity)
    const [oldest] = this.#identities.keys()
    if (this.#identities.size > MOST_IDENTITIES && oldest !== undefined) this.#identities.delete(oldest)
    return storeKey
  }
}
