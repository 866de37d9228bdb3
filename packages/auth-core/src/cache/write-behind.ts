import type { Expiring } from "../identity/provider.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import type { Renewal } from "./ask-provider.ts"
import type { CacheSettings } from "./cache-options.ts"
import { type Answer, type StoreCircuitBreaker, StoreUnavailable } from "./store-circuit-breaker.ts"
import { textOfFailure, textOfValue } from "./stored-value.ts"

/** A lease, and when it was granted. */
export type Grant = Extract<Answer, { kind: "lease" }>

export interface WriteBehindOptions extends Pick<CacheSettings, "clock" | "leaseMs"> {
  readonly store: StoreCircuitBreaker
  readonly holder: string
  /** Another process wrote a later version. */
  readonly onOutrun: (storeKey: string) => void
}

/** A write on its way. */
interface Writing {
  readonly done: Promise<void>
  /** Aborted when it is not to be tried again. */
  readonly retries: AbortController
}

/** A record of a failure outlives its wait, so that the next failure causes a longer one. */
const COUNTS_TTL_MS = 60 * 60_000
/** Longer than others wait for the lease by default. */
const RETRY_DELAYS_MS = [250, 500, 1_000, 2_000, 4_000, 8_000]
/** How many results wait for a store that does not answer. */
const MOST_UNSAVED = 100_000
const SAVED_AT_ONCE = 16

/**
 * Writes the results of renewals to the store while callers already use them. If a store fails, its writes
 * follow when it works again.
 */
export class WriteBehind {
  readonly #options: WriteBehindOptions
  /** By store key. */
  readonly #writing = new Map<string, Writing>()
  /** By store key. */
  readonly #unsaved = new Map<string, Renewal<Expiring>>()
  /** How many renewals are on their way, by store key. */
  readonly #renewing = new Map<string, number>()
  #isSaving = false

  constructor(options: WriteBehindOptions) {
    this.#options = options
  }

  /** A renewal begins. */
  begin(storeKey: string): void {
    this.#renewing.set(storeKey, (this.#renewing.get(storeKey) ?? 0) + 1)
  }

  /** A renewal has ended. */
  end(storeKey: string): void {
    const others = (this.#renewing.get(storeKey) ?? 0) - 1
    if (others > 0) this.#renewing.set(storeKey, others)
    else this.#renewing.delete(storeKey)
  }

  /** Writes a result under a lease, and releases that. */
  write<T extends Expiring>(storeKey: string, grant: Grant, renewal: Renewal<T> | undefined): Promise<void> {
    const earlier = this.#writing.get(storeKey)
    // This result is newer.
    this.forget(storeKey)
    const retries = new AbortController()
    const done = (async () => {
      await earlier?.done
      await this.#write(storeKey, grant, renewal, retries.signal)
    })().finally(() => {
      if (this.#writing.get(storeKey) === writing) this.#writing.delete(storeKey)
    })
    const writing = { done, retries }
    this.#writing.set(storeKey, writing)
    return done
  }

  /** Keeps a result that was got without the store. */
  keep<T extends Expiring>(storeKey: string, renewal: Renewal<T>): void {
    if (renewal.kind !== "value" && renewal.kind !== "failed") return
    this.#unsaved.delete(storeKey)
    this.#unsaved.set(storeKey, renewal)
    const [oldest] = this.#unsaved.size > MOST_UNSAVED ? this.#unsaved.keys() : []
    if (oldest !== undefined) this.#unsaved.delete(oldest)
  }

  /** Settles when the write of a key that is on its way has ended. Nothing is written to it again. */
  async settle(storeKey: string): Promise<void> {
    this.forget(storeKey)
    await this.#writing.get(storeKey)?.done
  }

  /** Settles when all writes on their way have ended. */
  async settleAll(): Promise<void> {
    await Promise.all(Array.from(this.#writing.keys(), (storeKey) => this.settle(storeKey)))
  }

  /** Gives up the results of a key that the store has not taken. */
  forget(storeKey: string): void {
    this.#unsaved.delete(storeKey)
    this.#writing.get(storeKey)?.retries.abort()
  }

  /** Writes the results that the store has not taken. */
  async saveRest(): Promise<void> {
    if (this.#isSaving) return
    this.#isSaving = true
    const save = async (): Promise<void> => {
      for (const [storeKey, renewal] of this.#unsaved) {
        this.#unsaved.delete(storeKey)
        if (!(await this.#save(storeKey, renewal))) {
          if (!this.#unsaved.has(storeKey)) this.keep(storeKey, renewal)
          return
        }
      }
    }
    await Promise.all(Array.from({ length: SAVED_AT_ONCE }, save))
    this.#isSaving = false
  }

  /** False when the store is unavailable. */
  async #save(storeKey: string, renewal: Renewal<Expiring>): Promise<boolean> {
    const { store, holder, leaseMs } = this.#options
    if (this.#isOutdated(storeKey)) return true
    // The holder may have got a lease by an answer that was lost.
    const asking = store.take(storeKey, { lease: { holder, ms: leaseMs } })
    const answer = await withoutStore(asking.inTime)
    if (answer !== undefined) await this.#saveUnder(storeKey, answer, renewal)
    else void asking.late?.then((late) => late && this.#saveUnder(storeKey, late, renewal))
    return answer !== undefined
  }

  async #saveUnder(storeKey: string, answer: Answer, renewal: Renewal<Expiring>): Promise<void> {
    if (answer.kind !== "lease") return
    if (!this.#isOutdated(storeKey)) await this.write(storeKey, answer, renewal)
    else await withoutStore(this.#options.store.behind("release", async () => answer.lease.release()))
  }

  /** Whether a newer result is on its way. Under the same holder it would lose its lease to an older one. */
  #isOutdated(storeKey: string): boolean {
    return this.#renewing.has(storeKey) || this.#writing.has(storeKey)
  }

  async #write<T extends Expiring>(
    storeKey: string,
    grant: Grant,
    renewal: Renewal<T> | undefined,
    retries: AbortSignal,
  ): Promise<void> {
    const { store, clock } = this.#options
    const { lease } = grant
    const release = (): Promise<void> => store.behind("release", async () => lease.release())
    const work = renewal && this.#workOf(grant, renewal)
    if (work === undefined) {
      await withoutStore(release())
      return
    }
    for (const delayMs of [...RETRY_DELAYS_MS, undefined]) {
      const isSet = await withoutStore(store.behind("set", work))
      if (isSet === false) this.#options.onOutrun(storeKey)
      if (isSet !== undefined) return
      // Others need not wait for the next try.
      await withoutStore(release())
      if (delayMs !== undefined) await sleepIdly(clock, delayMs, retries)
      if (retries.aborted) return
    }
    if (renewal !== undefined) this.keep(storeKey, renewal)
  }

  /** How a result is written; nothing when it stays in this process. */
  #workOf<T extends Expiring>(grant: Grant, renewal: Renewal<T>): (() => Promise<boolean>) | undefined {
    const { lease, now, sentAt, receivedAt } = grant
    if (renewal.kind === "failed" && renewal.failure !== undefined) {
      const { failure } = renewal
      const waitsUntil = Math.ceil(now + failure.retryAt - sentAt)
      const text = textOfFailure(failure)
      return async () => lease.setFailure(text, waitsUntil, waitsUntil + COUNTS_TTL_MS)
    }
    if (renewal.kind !== "value") return undefined
    const { value, lifetime, at } = renewal
    const endsAt = Math.floor(now + at + lifetime.endMs - receivedAt)
    const leftMs = at + lifetime.endMs - this.#options.clock.monotonic()
    // A value without an end, such as a permanent key, is cheap to get and does not leave the process.
    if (leftMs < 1 || lifetime.endMs === Number.POSITIVE_INFINITY) return undefined
    const text = textOfValue(value, lifetime)
    return async () => lease.set(text, endsAt)
  }
}

/** Ends early at an abort. Keeps no process alive: nobody waits for its end. */
function sleepIdly(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  // The timers of other clocks are their own.
  if (clock !== systemClock) return clock.sleep(ms, signal).catch(() => undefined)
  return new Promise((resolve) => {
    const timer: { unref?(): unknown } = Object(setTimeout(resolve, ms))
    timer.unref?.()
    signal.addEventListener("abort", () => resolve(), { once: true })
  })
}

/** The result of an operation; nothing when the store is unavailable. */
export async function withoutStore<T>(operation: Promise<T>): Promise<T | undefined> {
  try {
    return await operation
  } catch (error) {
    if (error instanceof StoreUnavailable) return undefined
    throw error
  }
}

/** The leases that one renewal gets. Some come late, after it has gone on without the store. */
export class Claim {
  readonly #storeKey: string
  readonly #writes: WriteBehind
  /** How many answers are on their way. */
  #expected = 0
  #granted: Grant | undefined
  #isSettled = false
  #unwritten: Renewal<Expiring> | undefined

  constructor(storeKey: string, writes: WriteBehind) {
    this.#storeKey = storeKey
    this.#writes = writes
    writes.begin(storeKey)
  }

  /** Takes the lease that an answer may grant, however late it comes. */
  expect(late: Promise<Answer | undefined> | undefined): void {
    if (late === undefined) return
    this.#expected += 1
    void late.then((answer) => {
      this.#expected -= 1
      if (answer?.kind === "lease") this.#take(answer)
      this.#saveLater()
    })
  }

  /** The renewal has ended; without a result to write when nobody asked the issuer. */
  async settle(renewal: Renewal<Expiring> | undefined): Promise<void> {
    if (this.#isSettled) return
    this.#isSettled = true
    this.#writes.end(this.#storeKey)
    const granted = this.#granted
    if (granted !== undefined) return await this.#writes.write(this.#storeKey, granted, renewal)
    this.#unwritten = renewal
    this.#saveLater()
  }

  #take(grant: Grant): void {
    if (this.#isSettled) {
      const renewal = this.#unwritten
      this.#unwritten = undefined
      void this.#writes.write(this.#storeKey, grant, renewal)
    } else if (this.#granted === undefined || Number(grant.lease.version) > Number(this.#granted.lease.version)) {
      // The later one replaced the earlier one in the store.
      this.#granted = grant
    }
  }

  #saveLater(): void {
    if (this.#expected > 0 || this.#unwritten === undefined) return
    this.#writes.keep(this.#storeKey, this.#unwritten)
    this.#unwritten = undefined
  }
}
