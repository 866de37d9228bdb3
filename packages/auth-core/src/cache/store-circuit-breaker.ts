import { type Clock, within } from "../runtime/clock.ts"
import type { CacheEvent } from "./cache-options.ts"
import type { CacheStore, Lease, StoreChange } from "./store.ts"

export interface StoreCircuitBreakerOptions {
  readonly store: CacheStore
  readonly timeoutMs: number
  readonly clock: Clock
  readonly emit: (event: CacheEvent) => void
}

type StoreOperation = Extract<CacheEvent, { type: "store-failed" }>["operation"]

/** The store failed, was too slow, or is paused. The caller goes on without it. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable"
  /** It did not answer in time, and may only be slow for a moment. */
  readonly isSlow: boolean

  constructor(message: string, isSlow = false) {
    super(message)
    this.isSlow = isSlow
  }
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/**
 * Limits the cost of a store: an operation takes at most `timeoutMs`. After a failure the store is paused for 1 s, then
 * twice as long each time, up to 30 s. Then one operation tries it, and the others follow only if that succeeds.
 */
export class StoreCircuitBreaker {
  readonly #store: CacheStore
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #emit: (event: CacheEvent) => void
  #failures = 0
  #pausedUntil = Number.NEGATIVE_INFINITY

  constructor({ store, timeoutMs, clock, emit }: StoreCircuitBreakerOptions) {
    this.#store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#emit = emit
  }

  /** The values of some keys. */
  get(...keys: string[]): Promise<Array<string | undefined>> {
    return this.#guard("get", async () =>
      Promise.all(keys.map(async (key) => (await this.#store.get(key)) ?? undefined)),
    )
  }

  /** The store's own names of a secret, where it has any. */
  namesOf(secret: string): Promise<readonly string[]> | undefined {
    const { namesOf } = this.#store
    return namesOf && this.#guard("get", async () => namesOf.call(this.#store, secret))
  }

  set(key: string, value: string, ttlMs: number): Promise<void> {
    return this.#guard("set", async () => this.#store.set(key, value, ttlMs))
  }

  delete(key: string): Promise<void> {
    return this.#guard("delete", async () => this.#store.delete(key))
  }

  /** A lease. In a store without leases everybody gets one. */
  async acquireLease(key: string, ttlMs: number): Promise<Lease | undefined> {
    const { acquireLease } = this.#store
    if (acquireLease === undefined) {
      return {
        set: async (value, valueTtlMs) => {
          await this.set(key, value, valueTtlMs)
          return true
        },
        release: async () => undefined,
      }
    }
    const lease = await this.#guard("lease", async () => acquireLease.call(this.#store, key, ttlMs))
    return (
      lease && {
        set: (value, valueTtlMs) => this.#guard("set", async () => lease.set(value, valueTtlMs)),
        release: () => this.#guard("release", async () => lease.release()),
      }
    )
  }

  /** Whether a store that was too slow answers within half its time. If so, its pause ends at once. */
  async answersAgain(key: string): Promise<boolean> {
    try {
      const tooSlow = (): Error => new StoreUnavailable("timeout")
      await within(this.#clock, this.#timeoutMs / 2, tooSlow, async () => this.#store.get(key))
      this.#recovered()
      return true
    } catch {
      return false
    }
  }

  #recovered(): void {
    this.#failures = 0
    this.#pausedUntil = Number.NEGATIVE_INFINITY
  }

  /** Listens to the store, where it reports changes. */
  watch(listener: (key: string, change: StoreChange) => void): () => void {
    try {
      return this.#store.watch?.(listener) ?? (() => undefined)
    } catch (error) {
      this.#emit({ type: "store-failed", operation: "watch", durationMs: 0, reason: reasonOf(error), pausedMs: 0 })
      return () => undefined
    }
  }

  async #guard<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.monotonic()
    if (startedAt < this.#pausedUntil) throw new StoreUnavailable("The store is paused.")
    const isTrial = this.#failures > 0
    if (isTrial) this.#pausedUntil = startedAt + this.#timeoutMs
    try {
      const result = await within(this.#clock, this.#timeoutMs, () => new StoreUnavailable("timeout"), work)
      this.#recovered()
      return result
    } catch (error) {
      const now = this.#clock.monotonic()
      // Operations that fail together count as one failure.
      if (isTrial || now >= this.#pausedUntil) {
        this.#pausedUntil = now + Math.min(FIRST_PAUSE_MS * 2 ** this.#failures, LONGEST_PAUSE_MS)
        this.#failures += 1
      }
      this.#emit({
        type: "store-failed",
        operation,
        durationMs: now - startedAt,
        reason: reasonOf(error),
        pausedMs: this.#pausedUntil - now,
      })
      throw new StoreUnavailable("The store failed.", error instanceof StoreUnavailable)
    }
  }
}

/** Errors of store clients hold the command and its values, so only their name and code are passed on. */
function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.message
  if (!(error instanceof Error)) return typeof error
  return "code" in error && typeof error.code === "string" ? `${error.name} ${error.code}` : error.name
}
