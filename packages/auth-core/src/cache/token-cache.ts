import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { type Clock, systemClock } from "../identity/clock.ts"
import type { Expiring, Provider, ProviderContext } from "../identity/provider.ts"
import { askProvider } from "./ask-provider.ts"
import { Backoff, type BackoffOptions, backedOffError, type Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-event.ts"
import { type LifetimeOptions, lifetimeOf } from "./lifetime.ts"
import { sameValue } from "./same-value.ts"
import { type Flight, type Slot, Slots } from "./slots.ts"
import { waitFor } from "./wait-for.ts"

export interface TokenCacheOptions {
  /** How many identities are kept in memory; the least recently used go first. @default 10_000 */
  maxEntries?: number | undefined
  /**
   * How long before its end a value is renewed behind the back of those who still get it, milliseconds; not before half of
   * its lifetime.
   * @default 5 to 10 % of the lifetime, drawn anew for each value, so that a fleet does not renew all at once
   */
  refreshAheadMs?: number | undefined
  /**
   * How long before its end a value is given out only when its renewal fails, milliseconds; at most half of its lifetime.
   * @default 10 s or 2 % of the lifetime, what is less
   */
  expiryMarginMs?: number | undefined
  /** The longest one refresh may take, milliseconds. @default 30_000 */
  refreshTimeoutMs?: number | undefined
  /** Whether, and how, failures make the next tries wait. @default true */
  backoff?: boolean | BackoffOptions | undefined
  /** Told what the cache does. What it throws is ignored. */
  onEvent?: ((event: CacheEvent) => void) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
  /** From 0 up to 1, for jitter. @default Math.random */
  random?: (() => number) | undefined
}

export interface GetOptions<T> {
  /** A value that a server refused: give another one. */
  rejected?: T | undefined
  /** Ends the wait of this call; a refresh that others may wait for goes on. */
  signal?: AbortSignal | undefined
}

/** The identities that are being asked on behalf of one another. */
type Path = readonly Slot[]

const LONGEST_TIMER_MS = 2 ** 31 - 1

/**
 * Keeps what providers yield, tokens and credentials alike: one value for each identity.
 *
 * - Past its soft expiry a value is still given out, while one refresh goes on behind. From its hard expiry on callers wait.
 *   A refresh that fails takes no value away that still lives.
 * - One refresh at a time for each identity, shared by all who need it. It outlives the caller who started it.
 * - After a failure the issuer is left alone for a growing time, and callers get the same failure at once.
 * - Lifetimes count from receipt, by the monotonic clock. Where the wall clock has run ahead of it, as on a machine that
 *   slept, values count as that much older; but should their renewal fail, they serve until their end all the same.
 */
export class TokenCache {
  readonly #slots: Slots
  readonly #clock: Clock
  readonly #lifetime: LifetimeOptions
  readonly #refreshTimeoutMs: number
  readonly #backoff: Backoff
  readonly #onEvent: ((event: CacheEvent) => void) | undefined

  /** @throws {AuthError} `AUTH_INVALID_OPTION` */
  constructor(options: TokenCacheOptions = {}) {
    const { maxEntries = 10_000, refreshTimeoutMs = 30_000, random = Math.random, clock = systemClock } = options
    checkNumber("maxEntries", maxEntries, 1)
    checkNumber("refreshTimeoutMs", refreshTimeoutMs, 1, LONGEST_TIMER_MS)
    checkNumber("refreshAheadMs", options.refreshAheadMs, 0)
    checkNumber("expiryMarginMs", options.expiryMarginMs, 0)
    this.#slots = new Slots(maxEntries)
    this.#clock = clock
    this.#lifetime = { refreshAheadMs: options.refreshAheadMs, expiryMarginMs: options.expiryMarginMs, random }
    this.#refreshTimeoutMs = refreshTimeoutMs
    this.#backoff = new Backoff(options.backoff ?? true, random)
    this.#onEvent = options.onEvent
  }

  /** How many identities with a key are in memory. */
  get size(): number {
    return this.#slots.size
  }

  /**
   * A valid value of the provider's identity: the value itself when it is in memory, else a promise.
   *
   * With `rejected`: when that is no longer the value in memory, the one in memory; else a new one. However many callers
   * come with the same rejected value, one refresh serves them all.
   *
   * @throws {AuthError} (as a rejected promise) what the provider fails with; during the back-off the same failure, with
   * `retryAfterMs`. The signal's reason when that aborts first.
   */
  get<T extends Expiring>(provider: Provider<T>, options?: GetOptions<T>): T | Promise<T> {
    const slot = this.#slots.find(provider)
    if (slot?.value !== undefined && options?.rejected === undefined && this.#isYounger(slot, slot.softMs)) {
      this.#slots.touch(slot)
      return slot.value
    }
    return this.#get(provider, options, [])
  }

  /** Renews the value of an identity, however fresh it is, or joins a refresh that is on its way. The old one stays until then. */
  async refresh<T extends Expiring>(provider: Provider<T>, options?: Pick<GetOptions<T>, "signal">): Promise<T> {
    return await waitFor(this.#join(provider, this.#claim(provider), undefined, []), options?.signal)
  }

  /** Forgets the value of an identity, given as its provider or its key. What a refresh on its way brings is not kept. */
  invalidate(identity: Provider<Expiring> | string): void {
    const slot = this.#slots.find(identity)
    if (slot === undefined) return
    if (slot.value !== undefined) this.#emit({ type: "invalidated", identity: slot.key, reason: "requested" })
    slot.flight = undefined
    slot.empty()
    this.#slots.hold(slot)
    this.#slots.rest(slot)
  }

  /** Lets an identity, or all of them, be tried again at once, as if there had been no failure. */
  resetBackoff(identity?: Provider<Expiring> | string): void {
    if (identity === undefined) this.#backoff.reset()
    else {
      const slot = this.#slots.find(identity)
      if (slot !== undefined) slot.failure = undefined
    }
  }

  /** Forgets everything: values, failures, and what refreshes on their way will bring. */
  clear(): void {
    this.#slots.clear()
  }

  #get<T extends Expiring>(provider: Provider<T>, options: GetOptions<T> | undefined, path: Path): T | Promise<T> {
    const { rejected, signal } = options ?? {}
    const slot = this.#claim(provider)
    if (rejected !== undefined && (slot.value === undefined || sameValue(slot.value, rejected))) {
      return waitFor(this.#replace(provider, slot, rejected, path), signal)
    }
    if (slot.value !== undefined && !slot.isRefused && this.#isYounger(slot, slot.hardMs)) {
      if (!this.#isYounger(slot, slot.softMs)) this.#refreshBehind(provider, slot)
      return slot.value
    }
    if (signal?.aborted) {
      this.#slots.rest(slot)
      return Promise.reject(signal.reason)
    }
    const renewed = this.#join(provider, slot, undefined, path)
    return waitFor(slot.value === undefined ? renewed : this.#orElseOld(renewed, slot), signal)
  }

  /** Whoever comes first past the soft expiry starts the refresh, and nobody waits for it. */
  #refreshBehind<T extends Expiring>(provider: Provider<T>, slot: Slot<T>): void {
    this.#emit({ type: "served-stale", identity: slot.key, expiresInMs: this.#leftMs(slot) })
    if (slot.flight === undefined && this.#activeFailure(slot) === undefined) this.#start(provider, slot, undefined, [])
  }

  /** A renewal; when it fails, the value it was to replace, as long as that lives. */
  async #orElseOld<T extends Expiring>(renewed: Promise<T>, slot: Slot<T>): Promise<T> {
    try {
      return await renewed
    } catch (error) {
      const expiresInMs = this.#leftMs(slot)
      if (slot.value === undefined || expiresInMs <= 0) throw error
      this.#emit({ type: "served-stale", identity: slot.key, expiresInMs })
      return slot.value
    }
  }

  /** A value other than the rejected one. */
  async #replace<T extends Expiring>(provider: Provider<T>, slot: Slot<T>, rejected: T, path: Path): Promise<T> {
    this.#refuse(slot)
    const joinsUnaware = slot.flight !== undefined && slot.flight.rejected === undefined
    const value = await this.#join(provider, slot, rejected, path)
    // A refresh that began before the rejection may bring the very value.
    if (!joinsUnaware || !sameValue(value, rejected)) return value
    return await this.#replace(provider, this.#claim(provider), rejected, path)
  }

  #refuse(slot: Slot): void {
    if (slot.value === undefined || slot.isRefused) return
    this.#emit({ type: "invalidated", identity: slot.key, reason: "rejected" })
    slot.makeStale()
    const failure = slot.flight === undefined ? this.#activeFailure(slot) : undefined
    if (failure === undefined) slot.isRefused = true
    else this.#keepRefused(slot, failure.error)
  }

  /**
   * A refused value that could not be replaced. It goes when the issuer refuses the identity too. An outage says nothing
   * against it: what one service refuses, another may take.
   */
  #keepRefused(slot: Slot, error: AuthError): void {
    slot.isRefused = false
    if (error.code === "AUTH_CREDENTIALS_REJECTED") slot.empty()
  }

  /** The refresh on its way, or a new one, unless the issuer is being left alone. */
  #join<T extends Expiring>(provider: Provider<T>, slot: Slot<T>, rejected: T | undefined, path: Path): Promise<T> {
    if (path.includes(slot)) return Promise.reject(selfReference(slot.key))
    if (slot.flight !== undefined) return slot.flight.promise
    const failure = this.#activeFailure(slot)
    if (failure === undefined) return this.#start(provider, slot, rejected, path).promise
    const retryAfterMs = Math.ceil(failure.retryAt - this.#clock.monotonic())
    this.#emit({ type: "backed-off", identity: slot.key, code: failure.error.code, retryAfterMs })
    return Promise.reject(backedOffError(failure, retryAfterMs))
  }

  #start<T extends Expiring>(provider: Provider<T>, slot: Slot<T>, rejected: T | undefined, path: Path): Flight<T> {
    const flight: Flight<T> = {
      rejected,
      // Begins when the slot already knows of it.
      promise: Promise.resolve().then(() => this.#fly(provider, slot, flight, [...path, slot])),
    }
    slot.flight = flight
    this.#slots.hold(slot)
    // Nobody may be waiting.
    flight.promise.catch(() => undefined)
    return flight
  }

  /** One refresh. What it brings counts only while the slot has not been told to forget it. */
  async #fly<T extends Expiring>(provider: Provider<T>, slot: Slot<T>, flight: Flight<T>, path: Path): Promise<T> {
    const startedAt = this.#clock.monotonic()
    const ofOthers = new WeakSet<object>()
    try {
      const { value, issuerNow, againMs } = await askProvider(provider, {
        rejected: flight.rejected,
        resolve: (other, context) => this.#resolve(other, context, path, ofOthers),
        limitMs: this.#refreshTimeoutMs,
        clock: this.#clock,
      })
      const mono = this.#clock.monotonic()
      const wall = this.#clock.now()
      const lifetime = lifetimeOf(value, wall, issuerNow, againMs, this.#lifetime)
      if (slot.flight === flight) slot.fill(value, lifetime, mono, wall)
      this.#emit({
        type: "acquired",
        identity: slot.key,
        source: "provider",
        durationMs: mono - startedAt,
        expiresInMs: lifetime.endMs,
      })
      return value
    } catch (error) {
      if (isAuthError(error)) this.#fail(slot, flight, error, startedAt, ofOthers.has(error))
      throw error
    } finally {
      if (slot.flight === flight) {
        slot.flight = undefined
        this.#slots.rest(slot)
      }
    }
  }

  #fail(slot: Slot, flight: Flight<Expiring>, error: AuthError, startedAt: number, isOfOther: boolean): void {
    const now = this.#clock.monotonic()
    // What another identity failed with is remembered there.
    const failure = isOfOther ? undefined : this.#backoff.after(error, slot.failure, now)
    if (slot.flight === flight) {
      slot.failure = failure ?? slot.failure
      if (slot.isRefused) this.#keepRefused(slot, error)
    }
    this.#emit({
      type: "refresh-failed",
      identity: slot.key,
      durationMs: now - startedAt,
      code: error.code,
      retryAfterMs: failure?.delayMs,
    })
  }

  /** On behalf of a provider that is being asked itself. */
  #resolve<V extends Expiring>(
    other: Provider<V>,
    context: ProviderContext<V> | undefined,
    path: Path,
    errors: WeakSet<object>,
  ): V | Promise<V> {
    const value = this.#get(other, context, path)
    if (!(value instanceof Promise)) return value
    return value.catch((error: unknown) => {
      if (isAuthError(error)) errors.add(error)
      throw error
    })
  }

  #claim<T extends Expiring>(provider: Provider<T>): Slot<T> {
    if (typeof provider === "function") return this.#slots.findOrCreate(provider)
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "A cache is asked with a provider: an async function that yields a value.",
    )
  }

  /** By both clocks: one may stop while the machine sleeps, the other may be set back. */
  #isYounger(slot: Slot, spanMs: number): boolean {
    return this.#clock.monotonic() - slot.receivedMono < spanMs && this.#clock.now() - slot.receivedWall < spanMs
  }

  #leftMs(slot: Slot): number {
    return slot.endMs - (this.#clock.monotonic() - slot.receivedMono)
  }

  #activeFailure(slot: Slot): Failure | undefined {
    return this.#backoff.active(slot.failure, this.#clock.monotonic())
  }

  #emit(event: CacheEvent): void {
    try {
      this.#onEvent?.(event)
    } catch {
      // A listener is no part of the request.
    }
  }
}

function selfReference(key: string | undefined): AuthError {
  return new AuthError(
    "AUTH_INVALID_OPTION",
    `The provider of ${key ?? "this identity"} asks for itself: the provider it builds on must have another identity key.`,
  )
}

function checkNumber(name: string, value: number | undefined, least: number, most = Number.POSITIVE_INFINITY): void {
  if (value === undefined || (typeof value === "number" && value >= least && value <= most)) return
  throw new AuthError("AUTH_INVALID_OPTION", `\`${name}\` must be a number from ${least} up.`)
}
