import type { Clock } from "../identity/clock.ts"
import type { Expiring } from "../identity/provider.ts"
import type { Backoff, Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-event.ts"
import { readFailure, readValue, type StoredFailure, writeFailure, writeValue } from "./envelope.ts"
import { type GuardedStore, StoreUnavailable } from "./guarded-store.ts"
import { agedLifetime, type LifetimeOptions } from "./lifetime.ts"
import type { Renewal } from "./renewal.ts"
import type { Lease } from "./store.ts"
import { failureKeyOf, storeKeyOf } from "./store-key.ts"

/** What a process wants of the others. */
export interface RenewalRequest<T> {
  readonly identity: string
  readonly storeKey: string
  /** Whether a stored value would do: not the one to be replaced. */
  isWanted(value: T): boolean
  /** The value that a server refused, which must not stay in the store. */
  isRefused(value: T): boolean
  /** What serves meanwhile, unless callers wait for another one. */
  current(): T | undefined
  /** What this process itself knows of earlier failures. */
  readonly earlier: Failure | undefined
  /** Asks the provider, unless the failure forbids it. */
  ask(earlier: Failure | undefined): Promise<Renewal<T>>
}

export interface SharedRenewalOptions {
  readonly store: GuardedStore
  readonly leaseMs: number
  readonly clock: Clock
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
  readonly emit: (event: CacheEvent) => void
}

interface Found<T> {
  readonly renewal: Renewal<T> | undefined
  /** The value that a server refused is still there. */
  readonly holdsRefused: boolean
  readonly earlier: Failure | undefined
}

const FIRST_POLL_MS = 20
const LONGEST_POLL_MS = 250
/** Counts of failures outlive the wait, so that the next failure makes a longer one. */
const COUNTS_TTL_MS = 60 * 60_000

/**
 * Comes by a new value together with other processes: takes what one of them has stored, else asks the provider if no other
 * is about to, and stores what it gives. Without the store, or when the lease never ends, it asks the provider itself.
 */
export class SharedRenewal {
  readonly #store: GuardedStore
  readonly #leaseMs: number
  readonly #clock: Clock
  readonly #lifetime: LifetimeOptions
  readonly #backoff: Backoff
  readonly #emit: (event: CacheEvent) => void
  readonly #forgetting = new Map<string, Promise<void>>()
  readonly #waiters = new Map<string, Set<() => void>>()

  constructor({ store, leaseMs, clock, lifetime, backoff, emit }: SharedRenewalOptions) {
    this.#store = store
    this.#leaseMs = leaseMs
    this.#clock = clock
    this.#lifetime = lifetime
    this.#backoff = backoff
    this.#emit = emit
  }

  async renew<T extends Expiring>(request: RenewalRequest<T>): Promise<Renewal<T>> {
    const giveUpAt = this.#clock.monotonic() + this.#leaseMs + LONGEST_POLL_MS
    let earlier = request.earlier
    await this.#forgetting.get(request.identity)
    try {
      for (
        let pollMs = FIRST_POLL_MS;
        this.#clock.monotonic() < giveUpAt;
        pollMs = Math.min(pollMs * 1.5, LONGEST_POLL_MS)
      ) {
        const found = await this.#look(request)
        if (found.renewal !== undefined) return found.renewal
        earlier = found.earlier
        const lease = await this.#store.acquireLease(request.storeKey, this.#leaseMs)
        if (lease !== undefined) return await this.#renewAsHolder(request, lease)
        const current = request.current()
        if (current !== undefined) return { kind: "busy", value: current }
        await this.#changeOf(request.storeKey, pollMs)
      }
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
    }
    return await request.ask(earlier)
  }

  /** Forgets what is shared of an identity; refreshes that begin meanwhile wait for that. */
  async forget(identity: string | undefined, what: "value" | "failure"): Promise<void> {
    if (identity === undefined) return
    const earlier = this.#forgetting.get(identity)
    const forgetting = (async () => {
      const storeKey = await storeKeyOf(identity)
      await ignoringStore(this.#store.delete(what === "value" ? storeKey : failureKeyOf(storeKey)))
      await earlier
    })()
    this.#forgetting.set(identity, forgetting)
    await forgetting
    if (this.#forgetting.get(identity) === forgetting) this.#forgetting.delete(identity)
  }

  /** Wakes who waits for that key. */
  notice(storeKey: string): void {
    for (const wake of this.#waiters.get(storeKey) ?? []) wake()
  }

  async #renewAsHolder<T extends Expiring>(request: RenewalRequest<T>, lease: Lease): Promise<Renewal<T>> {
    try {
      // Whoever held the lease a moment ago may have left something.
      const found = await this.#look(request)
      if (found.renewal !== undefined) return found.renewal
      if (found.holdsRefused) await ignoringStore(this.#store.delete(request.storeKey))
      const renewal = await request.ask(found.earlier)
      return await this.#share(request, lease, renewal, found.earlier !== undefined)
    } finally {
      await ignoringStore(lease.release())
    }
  }

  async #share<T extends Expiring>(
    request: RenewalRequest<T>,
    lease: Lease,
    renewal: Renewal<T>,
    hadFailed: boolean,
  ): Promise<Renewal<T>> {
    const failureKey = failureKeyOf(request.storeKey)
    const now = this.#clock.now()
    if (renewal.kind === "failed" && renewal.failure !== undefined) {
      const ttlMs = renewal.failure.delayMs + COUNTS_TTL_MS
      await ignoringStore(this.#store.set(failureKey, writeFailure(renewal.failure, now), ttlMs))
    }
    if (renewal.kind !== "value") return renewal
    // What never ends, such as a permanent key, is cheap to come by and does not leave the process.
    if (renewal.lifetime.endMs === Number.POSITIVE_INFINITY) return renewal
    const text = writeValue(renewal.value, renewal.lifetime, now)
    const isNewest = await ignoringStore(lease.set(text, renewal.lifetime.endMs))
    if (hadFailed) await ignoringStore(this.#store.delete(failureKey))
    // The holder of a later lease was faster.
    if (isNewest === false) return (await ignoringStore(this.#look(request)))?.renewal ?? renewal
    return renewal
  }

  async #look<T extends Expiring>(request: RenewalRequest<T>): Promise<Found<T>> {
    const { identity, storeKey } = request
    const [valueText, failureText] = await this.#store.get(storeKey, failureKeyOf(storeKey))
    const now = this.#clock.now()
    const stored = valueText === undefined ? undefined : readValue<T>(valueText, now)
    const storedFailure = failureText === undefined ? undefined : readFailure(failureText, now)
    const isUnreadable = (text?: string, parsed?: object): boolean => text !== undefined && parsed === undefined
    if (isUnreadable(valueText, stored) || isUnreadable(failureText, storedFailure)) {
      this.#emit({ type: "store-unreadable", identity })
    }
    const earlier = this.#laterOf(request.earlier, storedFailure)
    const found = { earlier, holdsRefused: stored !== undefined && request.isRefused(stored.value) }
    if (stored !== undefined && request.isWanted(stored.value)) {
      const lifetime = agedLifetime(stored, stored.ageMs, this.#lifetime)
      const isYoungEnough = (request.current() === undefined ? lifetime.hardMs : lifetime.softMs) > 0
      if (isYoungEnough) return { ...found, renewal: { kind: "value", value: stored.value, lifetime, source: "store" } }
    }
    const active = this.#backoff.active(earlier, this.#clock.monotonic())
    return { ...found, renewal: active && { kind: "backed-off", failure: active } }
  }

  /** Of the failures that this process and the others know, the one that forbids more. */
  #laterOf(own: Failure | undefined, stored: StoredFailure | undefined): Failure | undefined {
    const now = this.#clock.monotonic()
    const shared = stored && this.#backoff.remember(stored, now)
    if (own === undefined || (shared !== undefined && shared.retryAt >= own.retryAt)) return shared
    return this.#backoff.again(own, now)
  }

  /** Waits until something may have happened to a key. */
  async #changeOf(storeKey: string, pollMs: number): Promise<void> {
    const noticed = new AbortController()
    const wake = (): void => noticed.abort()
    const waiters = this.#waiters.get(storeKey) ?? new Set()
    this.#waiters.set(storeKey, waiters.add(wake))
    try {
      await this.#clock.sleep(pollMs, noticed.signal)
    } catch {
      // Noticed.
    } finally {
      waiters.delete(wake)
      if (waiters.size === 0) this.#waiters.delete(storeKey)
    }
  }
}

async function ignoringStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}
