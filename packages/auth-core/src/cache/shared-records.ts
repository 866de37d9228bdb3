import type { Clock } from "../identity/clock.ts"
import type { Expiring } from "../identity/provider.ts"
import type { Failure, StoredFailure } from "./backoff.ts"
import type { CacheEvent } from "./cache-event.ts"
import { readFailure, readValue, type StoredValue, writeFailure, writeValue } from "./envelope.ts"
import { type GuardedStore, StoreUnavailable } from "./guarded-store.ts"
import type { Lifetime } from "./lifetime.ts"
import type { Lease } from "./store.ts"
import { failureKeyOf } from "./store-key.ts"

export interface SharedRecordsOptions {
  readonly store: GuardedStore
  readonly clock: Clock
  readonly emit: (event: CacheEvent) => void
}

/** What the store holds of one identity. */
export interface Records<T> {
  /** One for each key that has one. */
  readonly values: ReadonlyArray<StoredValue<T> & { readonly storeKey: string }>
  /** The one that forbids more. */
  readonly failure: StoredFailure | undefined
}

/** Counts of failures outlive the wait, so that the next failure makes a longer one. */
const COUNTS_TTL_MS = 60 * 60_000

/** Reads and writes what processes share of an identity. Writing does without the store where that fails. */
export class SharedRecords {
  readonly #store: GuardedStore
  readonly #clock: Clock
  readonly #emit: (event: CacheEvent) => void

  constructor({ store, clock, emit }: SharedRecordsOptions) {
    this.#store = store
    this.#clock = clock
    this.#emit = emit
  }

  /** @throws {StoreUnavailable} */
  async read<T extends Expiring>(identity: string, storeKeys: readonly string[]): Promise<Records<T>> {
    const texts = await this.#store.get(...storeKeys, ...storeKeys.map(failureKeyOf))
    const now = this.#clock.now()
    const values: Array<Records<T>["values"][number]> = []
    const failures: StoredFailure[] = []
    let isUnreadable = false
    for (const [index, text] of texts.entries()) {
      if (text === undefined) continue
      const storeKey = storeKeys[index]
      const value = storeKey === undefined ? undefined : readValue<T>(text, now)
      const failure = storeKey === undefined ? readFailure(text, now) : undefined
      if (storeKey !== undefined && value !== undefined) values.push({ ...value, storeKey })
      else if (failure !== undefined) failures.push(failure)
      else isUnreadable = true
    }
    if (isUnreadable) this.#emit({ type: "store-unreadable", identity })
    const [failure] = failures.sort((one, other) => other.delayMs - one.delayMs)
    return { values, failure }
  }

  /** False when the holder of a later lease has written already. */
  async writeValue(lease: Lease, value: Expiring, lifetime: Lifetime): Promise<boolean> {
    // What never ends, such as a permanent key, is cheap to come by and does not leave the process.
    const isSharable = lifetime.endMs >= 1 && lifetime.endMs !== Number.POSITIVE_INFINITY
    if (!isSharable) return true
    return (await withoutStore(lease.set(writeValue(value, lifetime, this.#clock.now()), lifetime.endMs))) ?? true
  }

  async writeFailure(storeKey: string, failure: Failure): Promise<void> {
    const text = writeFailure(failure, this.#clock.now())
    await withoutStore(this.#store.set(failureKeyOf(storeKey), text, failure.delayMs + COUNTS_TTL_MS))
  }

  async deleteValues(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(key))))
  }

  async deleteFailures(storeKeys: readonly string[]): Promise<void> {
    await Promise.all(storeKeys.map((key) => withoutStore(this.#store.delete(failureKeyOf(key)))))
  }
}

/** What the operation gives; nothing when the store is unavailable. */
export async function withoutStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}
