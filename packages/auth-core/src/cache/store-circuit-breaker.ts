import { type Clock, within } from "../runtime/clock.ts"
import type { CacheEvent } from "./cache-options.ts"
import type { CoordinatedStore, StoreNotice, StoreQuestion, StoreWatch, Taken } from "./store.ts"

export interface StoreCircuitBreakerOptions {
  readonly store: CoordinatedStore
  readonly timeoutMs: number
  readonly clock: Clock
  readonly emit: (event: CacheEvent) => void
  /** The store works again after a failure. */
  readonly onRecovery: () => void
}

type StoreOperation = Extract<CacheEvent, { type: "store-failed" }>["operation"]

/** The store failed, was too slow, or is paused. The caller goes on without it. */
export class StoreUnavailable extends Error {
  override readonly name = "StoreUnavailable"
  /** Nothing was sent. */
  readonly isPaused: boolean

  constructor(message: string, isPaused = false) {
    super(message)
    this.isPaused = isPaused
  }
}

/** An answer of a store, and when its question was sent and the answer came, by the monotonic clock. */
export type Answer = Taken & { readonly sentAt: number; readonly receivedAt: number }

/** A question on its way. */
export interface Asking {
  /** Rejects with {@link StoreUnavailable} when there is no answer in time. */
  readonly inTime: Promise<Answer>
  /** The answer, however late; absent when nothing was sent. Never rejects. */
  readonly late: Promise<Answer | undefined> | undefined
}

const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 30_000

/**
 * Limits the cost of a store: an operation takes at most `timeoutMs`. After a failure the store is paused for 1 s, then
 * twice as long each time, up to 30 s. Then one operation tries it. The others wait for that, and follow if it succeeds.
 */
export class StoreCircuitBreaker {
  readonly #store: CoordinatedStore
  readonly #timeoutMs: number
  readonly #clock: Clock
  readonly #emit: (event: CacheEvent) => void
  readonly #onRecovery: () => void
  #failures = 0
  #pausedUntil = Number.NEGATIVE_INFINITY
  /** Settles when the operation that tries the store has ended. */
  #trial: Promise<unknown> | undefined

  constructor({ store, timeoutMs, clock, emit, onRecovery }: StoreCircuitBreakerOptions) {
    this.#store = store
    this.#timeoutMs = timeoutMs
    this.#clock = clock
    this.#emit = emit
    this.#onRecovery = onRecovery
  }

  /** Asks the store, unless it is paused. */
  take(key: string, question: StoreQuestion): Asking {
    if (this.#trial === undefined) return this.#take(key, question)
    const asking = this.#trial.then(() => this.#take(key, question))
    const inTime = asking.then((begun) => begun.inTime)
    inTime.catch(() => undefined)
    return { inTime, late: asking.then((begun) => begun.late) }
  }

  #take(key: string, question: StoreQuestion): Asking {
    const answer = this.#isPaused ? undefined : this.#ask(key, question)
    const inTime = answer === undefined ? Promise.reject<Answer>(paused()) : this.#limit("take", () => answer)
    // Each may be left alone.
    inTime.catch(() => undefined)
    return { inTime, late: answer?.catch(() => undefined) }
  }

  /** Asks a store that has just failed. If it answers within the time, its pause ends at once. */
  takeAgain(key: string, question: StoreQuestion, limitMs: number): Asking {
    const answer = this.#ask(key, question)
    const inTime = within(
      this.#clock,
      limitMs,
      () => new StoreUnavailable("timeout"),
      () => answer,
    ).then((given) => {
      this.#succeeded()
      return given
    })
    inTime.catch(() => undefined)
    return { inTime, late: answer.catch(() => undefined) }
  }

  /** The store's own names of a secret, where it has any. */
  namesOf(secret: string): Promise<readonly string[]> | undefined {
    const { namesOf } = this.#store
    return namesOf && this.#guard("get", async () => namesOf.call(this.#store, secret))
  }

  delete(key: string): Promise<void> {
    return this.#guard("delete", async () => this.#store.delete(key))
  }

  /** An operation that nobody waits for. Runs even while the store is paused. */
  behind<T>(operation: "set" | "release", work: () => Promise<T>): Promise<T> {
    return this.#limit(operation, work)
  }

  /** Listens to the store, where it reports changes. */
  watch(listener: (notice: StoreNotice) => void): StoreWatch | undefined {
    try {
      const watch = this.#store.watch?.(listener, (reason) => this.#emit({ type: "store-unheard", reason }))
      if (watch !== undefined && typeof watch.follow !== "function")
        throw new TypeError("`watch` returned no StoreWatch.")
      return watch
    } catch (error) {
      this.#emit({ type: "store-failed", operation: "watch", durationMs: 0, reason: reasonOf(error), pausedMs: 0 })
      return undefined
    }
  }

  get #isPaused(): boolean {
    return this.#clock.monotonic() < this.#pausedUntil
  }

  async #ask(key: string, question: StoreQuestion): Promise<Answer> {
    const sentAt = this.#clock.monotonic()
    const taken = await this.#store.take(key, question)
    return { ...taken, sentAt, receivedAt: this.#clock.monotonic() }
  }

  #succeeded(): void {
    const hadFailed = this.#failures > 0
    this.#failures = 0
    this.#pausedUntil = Number.NEGATIVE_INFINITY
    if (hadFailed) this.#onRecovery()
  }

  async #guard<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    await this.#trial
    if (this.#isPaused) throw paused()
    return await this.#limit(operation, work)
  }

  async #limit<T>(operation: StoreOperation, work: () => Promise<T>): Promise<T> {
    const startedAt = this.#clock.monotonic()
    const isTrial = this.#failures > 0
    const attempt = within(this.#clock, this.#timeoutMs, () => new StoreUnavailable("timeout"), work)
    if (isTrial && !this.#isPaused) {
      const trial = attempt
        .catch(() => undefined)
        .then(() => {
          if (this.#trial === trial) this.#trial = undefined
        })
      this.#trial = trial
    }
    if (isTrial) this.#pausedUntil = Math.max(this.#pausedUntil, startedAt + this.#timeoutMs)
    try {
      const result = await attempt
      this.#succeeded()
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
      throw new StoreUnavailable("The store failed.")
    }
  }
}

function paused(): StoreUnavailable {
  return new StoreUnavailable("The store is paused.", true)
}

/** Errors of store clients hold the command and its values, so only their name and code are passed on. */
function reasonOf(error: unknown): string {
  if (error instanceof StoreUnavailable) return error.message
  if (!(error instanceof Error)) return typeof error
  return "code" in error && typeof error.code === "string" ? `${error.name} ${error.code}` : error.name
}
