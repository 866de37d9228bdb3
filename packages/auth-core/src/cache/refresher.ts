import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { hasSameSecret } from "../identity/credential-secret.ts"
import type { BoundSecret, Expiring, Provider, ProviderContext, SecretBinding } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { isPromise } from "../runtime/promises.ts"
import { within } from "../runtime/system-clock.ts"
import { askProvider } from "./ask-provider.ts"
import { type Backoff, backedOffError, type Failure } from "./backoff.ts"
import { type CacheEntries, type CacheEntry, markOf, type PendingRefresh } from "./cache-entries.ts"
import type { CacheEvent } from "./cache-event.ts"
import { fingerprintOf } from "./fingerprint.ts"
import { type LifetimeOptions, lifetimeOf } from "./lifetime.ts"
import { Moved, type Renewal } from "./renewal.ts"
import { beat, isDead, orWhenDead, type WaitUntil } from "./request-bound.ts"
import type { SharedRenewal } from "./shared-renewal.chunk.ts"

/** The identities that are being asked on behalf of one another. */
export type Path = readonly CacheEntry[]

/** Why there is a refresh. */
export interface Reason<T> {
  /** A server refused this value. */
  readonly rejected?: T | undefined
  /** A new value is wanted, however fresh the old one is. */
  readonly isForced?: boolean
  /** Somebody waits for it. */
  readonly isAwaited: boolean
  /** A secret that was read just now, for another entry, and turned out to be this one's. */
  readonly secret?: BoundSecret
}

export interface RefresherOptions {
  readonly entries: CacheEntries
  readonly clock: Clock
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
  readonly shared: Promise<SharedRenewal> | undefined
  /** The longest one call of a provider may take. */
  readonly limitMs: number
  /** A refresh may end with the request that began it. */
  readonly isRequestBound: boolean
  readonly waitUntil: WaitUntil | undefined
  readonly emit: (event: CacheEvent) => void
  /** Asks another identity, on behalf of those in the path. */
  readonly resolve: <V extends Expiring>(
    other: Provider<V>,
    context: ProviderContext<V> | undefined,
    path: Path,
  ) => V | Promise<V>
  /** The refresh of an entry whose secret has just been read; nothing when there is a value that will do. */
  readonly joinMoved: <V extends Expiring>(
    provider: Provider<V>,
    entry: CacheEntry<V>,
    reason: Reason<V>,
    path: Path,
  ) => Promise<V> | undefined
}

/** The secret of an entry at a renewal, or the failure to read it. */
type SecretResult = { readonly secret: BoundSecret | undefined } | (Renewal<never> & { readonly kind: "failed" })

/** How soon to see again whether another process has brought a new value. */
const BUSY_MS = 1_000

/** Makes the refreshes of a cache, one at a time for each entry, and keeps what they bring. */
export class Refresher {
  readonly #options: RefresherOptions

  constructor(options: RefresherOptions) {
    this.#options = options
  }

  start<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
  ): PendingRefresh<T> {
    const pending: PendingRefresh<T> = {
      rejected: reason.rejected,
      isAwaited: reason.isAwaited,
      // Begins when the entry already knows of it.
      promise: Promise.resolve().then(() => this.#run(provider, entry, pending, reason, [...path, entry])),
    }
    entry.pending = pending
    this.#options.entries.hold(entry)
    // Nobody may be waiting.
    const settled = pending.promise.catch(() => undefined)
    if (this.#options.isRequestBound) void beat(pending, this.#options.clock)
    this.#keepAlive(settled)
    return pending
  }

  /** The refresh on its way, unless its request has ended before it. */
  pendingOf<T>({ pending }: CacheEntry<T>): PendingRefresh<T> | undefined {
    return pending === undefined || isDead(pending, this.#options.clock) ? undefined : pending
  }

  /** How a refresh ends that others have begun; when it cannot end any more, what is done instead. */
  outcomeOf<T>(pending: PendingRefresh<T>, instead: () => Promise<T>): Promise<T> {
    const { isRequestBound, clock } = this.#options
    return isRequestBound ? orWhenDead(pending, clock, instead) : pending.promise
  }

  #keepAlive(settled: Promise<unknown>): void {
    try {
      this.#options.waitUntil?.(settled)
    } catch {
      // There is no request, or it has been answered.
    }
  }

  /** The error for a caller who comes before the next try is due. */
  backedOff({ key }: CacheEntry<unknown>, failure: Failure): AuthError {
    const error = backedOffError(failure, this.#options.clock.monotonic())
    this.#options.emit({ type: "backed-off", identity: key, code: error.code, retryAfterMs: error.retryAfterMs ?? 0 })
    return error
  }

  /**
   * Ends the wait for the replacement of a refused value. It goes when the issuer refuses the identity too; but an outage
   * says nothing against it, and what one service refuses another may take.
   *
   * @param error absent: it is about another identity
   */
  keepRefused(entry: CacheEntry<unknown>, error: AuthError | undefined): void {
    entry.isRefused = false
    if (error?.code === "AUTH_CREDENTIALS_REJECTED") entry.empty()
  }

  /** What it brings counts only while the entry has not been told to forget it. */
  async #run<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    pending: PendingRefresh<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<T> {
    const { clock, entries, emit } = this.#options
    const startedAt = clock.monotonic()
    try {
      const renewal = await this.#renew(provider, entry, pending, reason, path)
      const isKept = entry.pending === pending
      if (isKept) this.#keep(entry, renewal)
      if (renewal.kind === "busy") return renewal.value
      if (renewal.kind === "backed-off") throw this.backedOff(entry, renewal.failure)
      const durationMs = clock.monotonic() - startedAt
      if (renewal.kind === "failed") {
        const { error, failure, isOfOther } = renewal
        const retryAfterMs = failure?.delayMs
        emit({ type: "refresh-failed", identity: entry.key, durationMs, code: error.code, retryAfterMs })
        // Others who wait for it may have a better source.
        if (isOfOther && isAsked(provider.binding)) throw new Moved(provider.binding, rejected(error))
        throw error
      }
      const { value, source, lifetime } = renewal
      emit({ type: "acquired", identity: entry.key, source, durationMs, expiresInMs: lifetime.endMs })
      return value
    } finally {
      if (entry.pending === pending) {
        entry.pending = undefined
        entries.rest(entry)
      }
    }
  }

  #keep<T>(entry: CacheEntry<T>, renewal: Renewal<T>): void {
    const { clock } = this.#options
    const mono = clock.monotonic()
    if (renewal.kind === "value") entry.fill(renewal.value, renewal.lifetime, mono, clock.now())
    else if (renewal.kind === "busy") entry.softMs = Math.min(mono - entry.receivedMono + BUSY_MS, entry.hardMs)
    else {
      const { failure } = renewal
      entry.failure = failure ?? entry.failure
      const isOfOther = renewal.kind === "failed" && renewal.isOfOther === true
      const error = renewal.kind === "failed" ? renewal.error : renewal.failure.error
      if (entry.isRefused) this.keepRefused(entry, isOfOther ? undefined : error)
    }
  }

  async #renew<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    pending: PendingRefresh<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<Renewal<T>> {
    const { shared, backoff, clock } = this.#options
    const { rejected, isForced = false } = reason
    const read = await this.#secretOf(provider, entry, reason, path)
    if ("kind" in read) return read
    // Asked again for the sake of its secret only, which is still the refused one.
    const blocking = backoff.blocking(entry.failure, clock.monotonic())
    if (blocking !== undefined) return { kind: "backed-off", failure: blocking }
    const earlier = backoff.known(entry.failure)
    const ask = (known: Failure | undefined): Promise<Renewal<T>> =>
      this.#ask(provider, entry, { rejected, secret: read.secret }, known, path)
    if (shared === undefined || entry.key === undefined) return await ask(earlier)
    const renewal = await shared
    entry.storeKeys ??= await renewal.storeKeysOf(entry.key, provider.binding, read.secret)
    if (entry.storeKeys === undefined) return await ask(earlier)
    const old = entry.value
    const replaced = rejected ?? (isForced ? old : undefined)
    return await renewal.renew<T>({
      entry: { identity: entry.key, mark: entry.mark, storeKeys: entry.storeKeys },
      earlier,
      current: () => (pending.isAwaited ? undefined : old),
      isRefused: (value) => rejected !== undefined && hasSameSecret(value, rejected),
      isWanted: (value) =>
        !(isForced && old === undefined) &&
        !(replaced !== undefined && hasSameSecret(value, replaced)) &&
        !endsBefore(value, old) &&
        !endsBefore(value, rejected),
      ask,
    })
  }

  /**
   * The secret that a renewal is bound to. A function is asked: at each renewal of the identity whose secret it is, and at
   * the first meeting of those that are built on it.
   *
   * @throws {Moved} when the secret is not the entry's
   */
  async #secretOf<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<SecretResult> {
    const { binding } = provider
    if (!isAsked(binding) || entry.key === undefined) return { secret: binding?.current }
    if (reason.secret !== undefined) return { secret: reason.secret }
    if (binding.identity === entry.key) return await this.#readSecret(provider, entry, binding, reason, path)
    if (binding.current === undefined && binding.owner !== undefined) {
      try {
        await this.#options.resolve(binding.owner, undefined, path)
      } catch (error) {
        // Remembered there. What is shared under the secret is of use even so.
        if (binding.current === undefined && isAuthError(error)) {
          return { kind: "failed", error, failure: undefined, isOfOther: true }
        }
      }
    }
    if (markOf(provider) !== entry.mark) throw new Moved(binding)
    return { secret: binding.current }
  }

  async #readSecret<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    binding: AskedBinding,
    reason: Reason<T>,
    path: Path,
  ): Promise<SecretResult> {
    const { clock, limitMs, backoff, entries, joinMoved } = this.#options
    const name = provider.identityKey
    const timeoutError = (): AuthError =>
      new AuthError(
        "AUTH_TOKEN_REQUEST_FAILED",
        `The function that gives the secret of ${name} gave nothing within ${limitMs} ms. Check what it waits for, or raise \`refreshTimeoutMs\`.`,
      )
    let secret: BoundSecret
    try {
      secret = await within(clock, limitMs, timeoutError, async (signal) => binding.read(signal))
    } catch (error) {
      if (!isAuthError(error)) throw error
      // Others with the secret that it gave before are not to wait for this function.
      const unread = entries.findOrCreate(provider, binding)
      const failure = backoff.after(error, backoff.known(unread.failure), clock.monotonic())
      if (unread === entry) return { kind: "failed", error, failure }
      unread.failure = failure
      entries.rest(unread)
      return { kind: "failed", error, failure: undefined, isOfOther: true }
    }
    const unread = entries.findMarked(binding.identity, binding)
    if (unread !== undefined && unread !== entry) {
      unread.failure = undefined
      entries.hold(unread)
      entries.rest(unread)
    }
    const mark = fingerprintOf(secret)
    if (mark === entry.mark) {
      bind(binding, secret)
      return { secret: binding.current }
    }
    const other = entries.findOrCreate(provider, mark)
    const renewed = joinMoved(provider, other, { ...reason, secret }, path)
    // A value that lives serves until it is known what the new secret is good for.
    if (entry.value !== undefined && !entry.isRefused) {
      try {
        await renewed
      } catch (error) {
        if (!isAuthError(error)) throw error
        if (error.code !== "AUTH_CREDENTIALS_REJECTED") return { kind: "failed", error, failure: other.failure }
      }
    }
    bind(binding, secret)
    throw new Moved(binding, renewed)
  }

  async #ask<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    { rejected, secret }: { rejected: T | undefined; secret: BoundSecret | undefined },
    earlier: Failure | undefined,
    path: Path,
  ): Promise<Renewal<T>> {
    const { clock, backoff, lifetime, limitMs } = this.#options
    const active = backoff.active(earlier, clock.monotonic())
    if (active !== undefined) return { kind: "backed-off", failure: backoff.again(active, clock.monotonic()) }
    const ofOthers = new WeakSet<object>()
    const blameSource = (error: Error): void => void ofOthers.add(error)
    const resolve = <V extends Expiring>(other: Provider<V>, context?: ProviderContext<V>): V | Promise<V> =>
      this.#resolve(other, context, path, ofOthers)
    const { binding } = provider
    const isOwn = binding?.identity === entry.key
    // Its source may be asked for by another secret meanwhile.
    const checkSecret = (): void => {
      if (!isOwn && binding !== undefined && binding.current !== secret) throw new Moved(binding)
    }
    try {
      const question = { rejected, resolve, blameSource, limitMs, clock, secret: isOwn ? secret : undefined }
      const { value, issuerNow, againMs } = await askProvider(provider, question)
      checkSecret()
      const planned = lifetimeOf(value, clock.now(), issuerNow, againMs, lifetime)
      return { kind: "value", value, lifetime: planned, source: "provider" }
    } catch (error) {
      if (!isAuthError(error)) throw error
      checkSecret()
      // What another identity failed with is remembered there.
      if (ofOthers.has(error)) return { kind: "failed", error, failure: undefined, isOfOther: true }
      return { kind: "failed", error, failure: backoff.after(error, backoff.known(earlier), clock.monotonic()) }
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

/** For those who ask for it; nobody may. */
function rejected(error: AuthError): Promise<never> {
  const promise = Promise.reject(error)
  promise.catch(() => undefined)
  return promise
}

type AskedBinding = SecretBinding & Required<Pick<SecretBinding, "read">>

function isAsked(binding: SecretBinding | undefined): binding is AskedBinding {
  return binding?.read !== undefined
}

/** A secret that is read again unchanged stays one object, with all that was made of it. */
function bind(binding: SecretBinding, secret: BoundSecret): void {
  if (binding.current !== undefined && fingerprintOf(binding.current) === fingerprintOf(secret)) return
  binding.current = secret
  binding.sign = {}
}

/** An older value than another of the same identity. */
function endsBefore(value: Expiring, other: Expiring | undefined): boolean {
  return value.expiresAt !== undefined && other?.expiresAt !== undefined && value.expiresAt < other.expiresAt
}
