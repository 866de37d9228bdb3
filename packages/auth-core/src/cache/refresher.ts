import { type AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Clock } from "../identity/clock.ts"
import { isPromise } from "../identity/is-promise.ts"
import type { Expiring, Provider, ProviderContext } from "../identity/provider.ts"
import { askProvider } from "./ask-provider.ts"
import { type Backoff, backedOffError, type Failure } from "./backoff.ts"
import type { CacheEvent } from "./cache-event.ts"
import { type LifetimeOptions, lifetimeOf } from "./lifetime.ts"
import type { Renewal } from "./renewal.ts"
import { sameValue } from "./same-value.ts"
import type { SharedRenewal } from "./shared-renewal.ts"
import type { Flight, Slot, Slots } from "./slots.ts"

/** The identities that are being asked on behalf of one another. */
export type Path = readonly Slot[]

/** Why there is a refresh. */
export interface Reason<T> {
  /** A server refused this value. */
  readonly rejected?: T | undefined
  /** A new value is wanted, however fresh the old one is. */
  readonly isForced?: boolean
  /** Somebody waits for it. */
  readonly isAwaited: boolean
}

export interface RefresherOptions {
  readonly slots: Slots
  readonly clock: Clock
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
  readonly shared: Promise<SharedRenewal> | undefined
  /** The longest one call of a provider may take. */
  readonly limitMs: number
  readonly emit: (event: CacheEvent) => void
  /** Asks another identity, on behalf of those in the path. */
  readonly resolve: <V extends Expiring>(
    other: Provider<V>,
    context: ProviderContext<V> | undefined,
    path: Path,
  ) => V | Promise<V>
}

/** How soon to see again whether another process has brought a new value. */
const BUSY_MS = 1_000

/** Makes the refreshes of a cache, one at a time for each slot, and keeps what they bring. */
export class Refresher {
  readonly #options: RefresherOptions

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  start<T extends Expiring>(provider: Provider<T>, slot: Slot<T>, reason: Reason<T>, path: Path): Flight<T> {
    const flight: Flight<T> = {
      rejected: reason.rejected,
      isAwaited: reason.isAwaited,
      // Begins when the slot already knows of it.
      promise: Promise.resolve().then(() => this.#fly(provider, slot, flight, reason, [...path, slot])),
    }
    slot.flight = flight
    this.#options.slots.hold(slot)
    // Nobody may be waiting.
    flight.promise.catch(() => undefined)
    return flight
  }

  /** The error for a caller who comes before the next try is due. */
  backedOff({ key }: Slot<unknown>, failure: Failure): AuthError {
    const error = backedOffError(failure, this.#options.clock.monotonic())
    this.#options.emit({ type: "backed-off", identity: key, code: error.code, retryAfterMs: error.retryAfterMs ?? 0 })
    return error
  }

  /**
   * Ends the wait for the replacement of a refused value. It goes when the issuer refuses the identity too; but an outage
   * says nothing against it, and what one service refuses another may take.
   */
  keepRefused(slot: Slot<unknown>, error: AuthError): void {
    slot.isRefused = false
    if (error.code === "AUTH_CREDENTIALS_REJECTED") slot.empty()
  }

  /** What it brings counts only while the slot has not been told to forget it. */
  async #fly<T extends Expiring>(
    provider: Provider<T>,
    slot: Slot<T>,
    flight: Flight<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<T> {
    const { clock, slots, emit } = this.#options
    const startedAt = clock.monotonic()
    try {
      const renewal = await this.#renew(provider, slot, flight, reason, path)
      const isKept = slot.flight === flight
      if (isKept) this.#keep(slot, renewal)
      if (renewal.kind === "busy") return renewal.value
      if (renewal.kind === "backed-off") throw this.backedOff(slot, renewal.failure)
      const durationMs = clock.monotonic() - startedAt
      if (renewal.kind === "failed") {
        const { error, failure } = renewal
        const retryAfterMs = failure?.delayMs
        emit({ type: "refresh-failed", identity: slot.key, durationMs, code: error.code, retryAfterMs })
        throw error
      }
      const { value, source, lifetime } = renewal
      emit({ type: "acquired", identity: slot.key, source, durationMs, expiresInMs: lifetime.endMs })
      return value
    } finally {
      if (slot.flight === flight) {
        slot.flight = undefined
        slots.rest(slot)
      }
    }
  }

  #keep<T>(slot: Slot<T>, renewal: Renewal<T>): void {
    const { clock } = this.#options
    const mono = clock.monotonic()
    if (renewal.kind === "value") slot.fill(renewal.value, renewal.lifetime, mono, clock.now())
    else if (renewal.kind === "busy") slot.softMs = Math.min(mono - slot.receivedMono + BUSY_MS, slot.hardMs)
    else {
      const { failure } = renewal
      slot.failure = failure ?? slot.failure
      const error = renewal.kind === "failed" ? renewal.error : renewal.failure.error
      if (slot.isRefused) this.keepRefused(slot, error)
    }
  }

  async #renew<T extends Expiring>(
    provider: Provider<T>,
    slot: Slot<T>,
    flight: Flight<T>,
    { rejected, isForced = false }: Reason<T>,
    path: Path,
  ): Promise<Renewal<T>> {
    const { shared, backoff } = this.#options
    const earlier = backoff.known(slot.failure)
    const ask = (known: Failure | undefined): Promise<Renewal<T>> => this.#ask(provider, rejected, known, path)
    if (shared === undefined || slot.key === undefined) return await ask(earlier)
    const renewal = await shared
    const old = slot.value
    const replaced = rejected ?? (isForced ? old : undefined)
    return await renewal.renew<T>({
      identity: slot.key,
      earlier,
      current: () => (flight.isAwaited ? undefined : old),
      isRefused: (value) => rejected !== undefined && sameValue(value, rejected),
      isWanted: (value) =>
        !(isForced && old === undefined) &&
        !(replaced !== undefined && sameValue(value, replaced)) &&
        !endsBefore(value, old) &&
        !endsBefore(value, rejected),
      ask,
    })
  }

  async #ask<T extends Expiring>(
    provider: Provider<T>,
    rejected: T | undefined,
    earlier: Failure | undefined,
    path: Path,
  ): Promise<Renewal<T>> {
    const { clock, backoff, lifetime, limitMs } = this.#options
    const active = backoff.active(earlier, clock.monotonic())
    if (active !== undefined) return { kind: "backed-off", failure: backoff.again(active, clock.monotonic()) }
    const ofOthers = new WeakSet<object>()
    const resolve = <V extends Expiring>(other: Provider<V>, context?: ProviderContext<V>): V | Promise<V> =>
      this.#resolve(other, context, path, ofOthers)
    try {
      const { value, issuerNow, againMs } = await askProvider(provider, { rejected, resolve, limitMs, clock })
      const planned = lifetimeOf(value, clock.now(), issuerNow, againMs, lifetime)
      return { kind: "value", value, lifetime: planned, source: "provider" }
    } catch (error) {
      if (!isAuthError(error)) throw error
      // What another identity failed with is remembered there.
      const failure = ofOthers.has(error) ? undefined : backoff.after(error, backoff.known(earlier), clock.monotonic())
      return { kind: "failed", error, failure }
    }
  }

  #resolve<V extends Expiring>(
    other: Provider<V>,
    context: ProviderContext<V> | undefined,
    path: Path,
    errors: WeakSet<object>,
  ): V | Promise<V> {
    const value = this.#options.resolve(other, context, path)
    if (!isPromise(value)) return value
    return value.catch((error: unknown) => {
      if (isAuthError(error)) errors.add(error)
      throw error
    })
  }
}

/** An older value than another of the same identity. */
function endsBefore(value: Expiring, other: Expiring | undefined): boolean {
  return value.expiresAt !== undefined && other?.expiresAt !== undefined && value.expiresAt < other.expiresAt
}
