import { AuthError } from "../errors/auth-error.ts"
import { hasSameSecret } from "../identity/credential-secret.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { abortable } from "../runtime/promises.ts"
import { LONGEST_TIMER_MS, systemClock } from "../runtime/system-clock.ts"
import { Backoff, type BackoffOptions, type Failure, SecretRechecks } from "./backoff.ts"
import { CacheEntries, type CacheEntry, markOf } from "./cache-entries.ts"
import type { CacheEvent } from "./cache-event.ts"
import { type Path, type Reason, Refresher } from "./refresher.ts"
import { Moved } from "./renewal.ts"
import { isRequestBound, type WaitUntil } from "./request-bound.ts"
import type { Kept, SharedRenewal, SharedRenewalOptions, StoreEntry } from "./shared-renewal.chunk.ts"
import type { CacheStore, StoreChange } from "./store.ts"

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
  /**
   * Where processes and hosts share values, so that one of them asks the issuer for all. Only identities with a key are
   * shared, and only values that end. It is asked when memory has nothing fresh; when it fails, requests go on without it.
   */
  store?: CacheStore | undefined
  /**
   * The longest one operation of the store may take, milliseconds. A store that is slower is looked at once more after a moment,
   * so it costs a read twice this time at most. @default 500
   */
  storeTimeoutMs?: number | undefined
  /**
   * How long one process may have the right to renew a value, milliseconds. When it dies, another takes over after that;
   * one that has waited twice as long calls the issuer on its own. Longer than the issuer usually takes.
   * @default 15_000
   */
  leaseMs?: number | undefined
  /**
   * Takes the promise of each refresh, so that it may end after the request that began it is answered. For Cloudflare
   * Workers, where it would end with the request: `import { waitUntil } from "cloudflare:workers"`. Without it, the first
   * request past the soft expiry waits for the refresh there.
   */
  waitUntil?: WaitUntil | undefined
  /** Told what the cache does. What it throws is ignored. */
  onEvent?: ((event: CacheEvent) => unknown) | undefined
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

/** How soon a process that got another's failure from the store looks again. */
const RECHECK_MS = 5_000
/**
 * Keeps what providers yield, tokens and credentials alike: one value for each identity and secret.
 *
 * - A value is given only to providers with the secret that got it, their own or that of the provider they are built on.
 *   Failures belong to their secret, too. A secret that is a function is asked for when its provider first meets an entry, at
 *   each renewal, and, once it was refused, before the back-off ends: five times in a row, then once a second at most.
 * - Past its soft expiry a value is still given out, while one refresh goes on behind. From its hard expiry on callers wait.
 *   A refresh that fails takes no value away that still lives.
 * - One refresh at a time for each identity, shared by all who need it. It outlives the caller who started it.
 * - After a failure the issuer is left alone for a growing time, and callers get the same failure at once.
 * - Lifetimes count from receipt, by the monotonic clock. Where the wall clock has run ahead of it, as on a machine that
 *   slept, values count as that much older; but should their renewal fail, they serve until their end all the same.
 */
export class TokenCache {
  readonly #entries: CacheEntries
  readonly #clock: Clock
  readonly #backoff: Backoff
  readonly #refresher: Refresher
  readonly #rechecks: SecretRechecks
  readonly #shared: Promise<SharedRenewal> | undefined
  /** Nobody else keeps a refresh alive. */
  readonly #awaitsRefreshes: boolean
  readonly #onEvent: ((event: CacheEvent) => unknown) | undefined

  /** @throws {AuthError} `AUTH_INVALID_OPTION` */
  constructor(options: TokenCacheOptions = {}) {
    const { maxEntries = 10_000, refreshTimeoutMs = 30_000, random = Math.random, clock = systemClock } = options
    const { store, storeTimeoutMs = 500, leaseMs = 15_000, refreshAheadMs, expiryMarginMs } = options
    const { onEvent, waitUntil } = options
    checkFunctions("random", { random })
    checkFunctions("onEvent", onEvent === undefined ? {} : { onEvent })
    checkFunctions("waitUntil", waitUntil === undefined ? {} : { waitUntil })
    checkFunctions("clock", { now: clock?.now, monotonic: clock?.monotonic, sleep: clock?.sleep })
    checkNumber("maxEntries", maxEntries, 1)
    checkNumber("refreshTimeoutMs", refreshTimeoutMs, 1, LONGEST_TIMER_MS)
    checkNumber("storeTimeoutMs", storeTimeoutMs, 1, LONGEST_TIMER_MS)
    checkNumber("leaseMs", leaseMs, 1, LONGEST_TIMER_MS)
    checkNumber("refreshAheadMs", refreshAheadMs, 0)
    checkNumber("expiryMarginMs", expiryMarginMs, 0)
    const entries = new CacheEntries(maxEntries)
    const recheckMs = store === undefined ? Number.POSITIVE_INFINITY : RECHECK_MS
    const backoff = new Backoff(options.backoff ?? true, { random, recheckMs })
    const lifetime = { refreshAheadMs, expiryMarginMs, random }
    const emit = (event: CacheEvent): void => this.#emit(event)
    const onChange = (entry: StoreEntry, what: Kept, change: StoreChange): void => this.#changed(entry, what, change)
    const shared =
      store === undefined
        ? undefined
        : loadShared({ store: checkStore(store), storeTimeoutMs, leaseMs, clock, lifetime, backoff, emit, onChange })
    this.#entries = entries
    this.#clock = clock
    this.#backoff = backoff
    this.#rechecks = new SecretRechecks(clock)
    this.#shared = shared
    // Whoever asks for a value is told.
    shared?.catch(() => undefined)
    this.#onEvent = onEvent
    const endsWithRequest = isRequestBound()
    this.#awaitsRefreshes = endsWithRequest && waitUntil === undefined
    this.#refresher = new Refresher({
      entries,
      clock,
      lifetime,
      backoff,
      shared,
      limitMs: refreshTimeoutMs,
      isRequestBound: endsWithRequest || waitUntil !== undefined,
      waitUntil,
      emit,
      resolve: (other, context, path) => this.#get(other, context, path),
      joinMoved: (provider, entry, reason, path) => this.#joinMoved(provider, entry, reason, path),
    })
  }

  /** How many identities with a key are in memory; one with several secrets counts once. */
  get size(): number {
    return this.#entries.size
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
    const entry = this.#entries.find(provider)
    if (entry?.value !== undefined && options?.rejected === undefined && this.#isYounger(entry, entry.softMs)) {
      this.#entries.touch(entry)
      return entry.value
    }
    return this.#get(provider, options, [])
  }

  /**
   * Renews the value of an identity, however fresh it is, or joins a refresh that is on its way. The old one stays until then.
   * A key will do where its provider has been asked for here and is still in use. It stands for the values of all secrets
   * then: each is renewed, and the first that can be had is given.
   *
   * @throws {AuthError} as {@link TokenCache.get}; `AUTH_INVALID_OPTION` for a key whose provider is not known here.
   */
  async refresh<T extends Expiring>(
    identity: Provider<T> | string,
    options?: Pick<GetOptions<T>, "signal">,
  ): Promise<T> {
    const renew = (provider: Provider<T>): Promise<T> =>
      this.#join(provider, this.#claim(provider), { isForced: true, isAwaited: true }, [])
    if (typeof identity !== "string") return await abortable(renew(identity), options?.signal)
    const renewals = Promise.allSettled(this.#entries.providersOf<T>(identity).map(renew))
    const outcomes = await abortable(renewals, options?.signal)
    const outcome = outcomes.find(({ status }) => status === "fulfilled") ?? outcomes[0]
    if (outcome === undefined) throw unknownIdentity(identity)
    if (outcome.status === "rejected") throw outcome.reason
    return outcome.value
  }

  /**
   * Forgets the value of an identity, given as its provider or its key, here at once and then in the store. A key stands for
   * the values of all secrets that this cache has met. What a refresh on its way brings is not kept.
   */
  async invalidate<T extends Expiring>(identity: Provider<T> | string): Promise<void> {
    const entries = this.#entries.entriesOf(identity)
    for (const entry of entries) this.#drop(entry)
    await this.#forget(identity, entries, "value")
  }

  /**
   * Lets an identity, or all that are in memory, be tried again at once, as if there had been no failure. A key stands for all
   * secrets that this cache has met.
   */
  async resetBackoff<T extends Expiring>(identity?: Provider<T> | string): Promise<void> {
    const entries = identity === undefined ? this.#entries.failed() : this.#entries.entriesOf(identity)
    for (const entry of entries) entry.failure = undefined
    if (identity === undefined) this.#backoff.reset()
    await this.#forget(identity, entries, "failure")
  }

  /**
   * Forgets all that is in memory of an identity, or of all: values, failures, and what refreshes on their way will bring.
   * The store keeps what it has.
   */
  clear<T extends Expiring>(identity?: Provider<T> | string): void {
    if (identity === undefined) {
      this.#entries.clear()
      return
    }
    for (const entry of this.#entries.entriesOf(identity)) {
      entry.failure = undefined
      this.#drop(entry)
    }
  }

  /** Stops listening to the store. Needed only where a store outlives its cache. */
  async close(): Promise<void> {
    const shared = await this.#shared
    shared?.close()
  }

  #get<T extends Expiring>(provider: Provider<T>, options: GetOptions<T> | undefined, path: Path): T | Promise<T> {
    const { rejected, signal } = options ?? {}
    const entry = this.#claim(provider)
    if (rejected !== undefined && (entry.value === undefined || hasSameSecret(entry.value, rejected))) {
      return abortable(this.#replace(provider, entry, rejected, path), signal)
    }
    if (entry.value !== undefined && !entry.isRefused && this.#isYounger(entry, entry.hardMs)) {
      if (this.#isYounger(entry, entry.softMs)) return entry.value
      const refreshed = this.#refreshBehind(provider, entry)
      return refreshed === undefined ? entry.value : abortable(this.#orElseOld(refreshed, provider, entry), signal)
    }
    if (signal?.aborted) {
      this.#entries.rest(entry)
      return Promise.reject(signal.reason)
    }
    const renewed = this.#join(provider, entry, { isAwaited: true }, path)
    return abortable(entry.value === undefined ? renewed : this.#orElseOld(renewed, provider, entry), signal)
  }

  /** The first caller past the soft expiry starts the refresh. Gives it where it must be waited for. */
  #refreshBehind<T extends Expiring>(provider: Provider<T>, entry: CacheEntry<T>): Promise<T> | undefined {
    const isDue = this.#refresher.pendingOf(entry) === undefined && this.#blockingFailure(provider, entry) === undefined
    if (isDue && this.#awaitsRefreshes) return this.#join(provider, entry, { isAwaited: false }, [])
    this.#emit({ type: "served-stale", identity: entry.key, expiresInMs: this.#leftMs(entry) })
    if (isDue) this.#refresher.start(provider, entry, { isAwaited: false }, [])
    return undefined
  }

  /** A renewal; when it fails, the value it was to replace, as long as that lives. */
  async #orElseOld<T extends Expiring>(renewed: Promise<T>, provider: Provider<T>, entry: CacheEntry<T>): Promise<T> {
    try {
      return await renewed
    } catch (error) {
      const expiresInMs = this.#leftMs(entry)
      if (entry.value === undefined || expiresInMs <= 0 || markOf(provider) !== entry.mark) throw error
      this.#emit({ type: "served-stale", identity: entry.key, expiresInMs })
      return entry.value
    }
  }

  /** A value other than the rejected one. */
  async #replace<T extends Expiring>(provider: Provider<T>, entry: CacheEntry<T>, rejected: T, path: Path): Promise<T> {
    this.#refuse(entry, "rejected")
    const joined = this.#refresher.pendingOf(entry)
    const value = await this.#join(provider, entry, { rejected, isAwaited: true }, path)
    // A refresh that began for another reason may bring the very value.
    const knew = joined === undefined || (joined.rejected !== undefined && hasSameSecret(joined.rejected, rejected))
    if (knew || !hasSameSecret(value, rejected)) return value
    return await this.#replace(provider, this.#claim(provider), rejected, path)
  }

  /** Gives the value to nobody until there is another, or none to be had. */
  #refuse(entry: CacheEntry, reason: "rejected" | "deleted"): void {
    if (entry.value === undefined || entry.isRefused) return
    this.#emit({ type: "invalidated", identity: entry.key, reason })
    entry.makeStale()
    entry.isRefused = true
    const failure =
      this.#refresher.pendingOf(entry) === undefined
        ? this.#backoff.blocking(entry.failure, this.#clock.monotonic())
        : undefined
    if (failure !== undefined) this.#refresher.keepRefused(entry, failure.error)
  }

  /** The refresh on its way, or a new one, unless the issuer is being left alone. */
  #join<T extends Expiring>(provider: Provider<T>, entry: CacheEntry<T>, reason: Reason<T>, path: Path): Promise<T> {
    if (path.includes(entry)) return Promise.reject(selfReference(entry.key))
    const pending = this.#refresher.pendingOf(entry)
    if (pending !== undefined) {
      pending.isAwaited = true
      const outcome = this.#refresher.outcomeOf(pending, () => this.#join(provider, entry, reason, path))
      return this.#follow(provider, entry, outcome, reason, path)
    }
    const failure = this.#blockingFailure(provider, entry)
    if (failure !== undefined && (reason.secret !== undefined || !this.#rechecks.isDue(provider, failure))) {
      return Promise.reject(this.#refresher.backedOff(entry, failure))
    }
    return this.#follow(provider, entry, this.#refresher.start(provider, entry, reason, path).promise, reason, path)
  }

  /** Goes on in another entry where the secret is another one by now. Whoever else waited there goes on with its own. */
  #follow<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    renewed: Promise<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<T> {
    const { binding } = provider
    if (binding === undefined) return renewed
    return renewed.catch((error: unknown) => {
      if (!(error instanceof Moved)) throw error
      const isOwn = error.binding === binding
      if (isOwn && error.renewed !== undefined) return error.renewed as Promise<T>
      if (isOwn) return this.#get(provider, { rejected: reason.rejected }, path)
      // A secret that was read just now is not bound yet.
      const own = reason.secret === undefined ? this.#claim(provider) : this.#entries.findOrCreate(provider, entry.mark)
      return this.#join(provider, own, reason, path)
    })
  }

  #joinMoved<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<T> | undefined {
    const { value } = entry
    const isRejected = value !== undefined && reason.rejected !== undefined && hasSameSecret(value, reason.rejected)
    const isUsable = value !== undefined && !entry.isRefused && !isRejected && this.#isYounger(entry, entry.hardMs)
    return isUsable && reason.isForced !== true ? undefined : this.#join(provider, entry, reason, path)
  }

  /** Forgets what the store has of some entries. */
  async #forget<T extends Expiring>(
    identity: Provider<T> | string | undefined,
    entries: readonly CacheEntry[],
    what: Kept,
  ): Promise<void> {
    const shared = await this.#shared
    if (shared === undefined) return
    const known: Array<readonly string[]> = entries.flatMap(({ storeKeys }) => (storeKeys ? [storeKeys] : []))
    const isKnown = identity === undefined || (typeof identity !== "string" && known.length > 0)
    if (!isKnown) known.push((await this.#storeKeysOf(shared, identity)) ?? [])
    await Promise.all(known.map((storeKeys) => shared.forget(storeKeys, what)))
  }

  async #storeKeysOf<T extends Expiring>(
    shared: SharedRenewal,
    identity: Provider<T> | string,
  ): Promise<StoreEntry["storeKeys"] | undefined> {
    const {
      identityKey,
      binding,
    }: Pick<Provider<T>, "identityKey" | "binding"> = typeof identity === "string"
      ? { identityKey: identity }
      : identity
    if (identityKey === undefined) return undefined
    return await shared.storeKeysOf(identityKey, binding, binding?.current ?? (await binding?.read?.(undefined)))
  }

  #drop(entry: CacheEntry): void {
    if (entry.value !== undefined) this.#emit({ type: "invalidated", identity: entry.key, reason: "requested" })
    entry.pending = undefined
    entry.empty()
    this.#entries.hold(entry)
    this.#entries.rest(entry)
  }

  /** Another process has changed something in the store. */
  #changed({ identity, mark }: StoreEntry, what: Kept, change: StoreChange): void {
    const entry = this.#entries.findMarked(identity, mark)
    // A refresh on its way will see it; it may even be this one's doing.
    if (entry === undefined || this.#refresher.pendingOf(entry) !== undefined) return
    if (what === "value" && change === "deleted") this.#refuse(entry, "deleted")
    else if (what === "value") {
      entry.makeStale()
      entry.failure = entry.failure && this.#backoff.recheck(entry.failure)
    } else if (change === "deleted") entry.failure = undefined
  }

  #claim<T extends Expiring>(provider: Provider<T>): CacheEntry<T> {
    if (typeof provider === "function") return this.#entries.findOrCreate(provider)
    throw unknownIdentity(provider)
  }

  /** By both clocks: one may stop while the machine sleeps, the other may be set back. */
  #isYounger(entry: CacheEntry, spanMs: number): boolean {
    return (
      this.#clock.monotonic() - entry.receivedMono < spanMs &&
      this.#clock.now() - entry.receivedWallSeconds * 1000 < spanMs
    )
  }

  #leftMs(entry: CacheEntry): number {
    return entry.endMs - (this.#clock.monotonic() - entry.receivedMono)
  }

  /** The failure that keeps a provider from a renewal now: under its secret, or of the function that gives the secret. */
  #blockingFailure<T extends Expiring>({ identityKey, binding }: Provider<T>, entry: CacheEntry): Failure | undefined {
    const now = this.#clock.monotonic()
    const failure = this.#backoff.blocking(entry.failure, now)
    if (failure !== undefined || identityKey === undefined || binding?.read === undefined) return failure
    return this.#backoff.blocking(this.#entries.findMarked(identityKey, binding)?.failure, now)
  }

  #emit(event: CacheEvent): void {
    try {
      // An async function does for a listener too.
      Promise.resolve(this.#onEvent?.(event)).catch(() => undefined)
    } catch {
      // A listener is no part of the request.
    }
  }
}

/** Code that only caches with a store need. */
async function loadShared(options: SharedRenewalOptions): Promise<SharedRenewal> {
  const { SharedRenewal } = await import("./shared-renewal.chunk.ts")
  return new SharedRenewal(options)
}

function unknownIdentity(identity: unknown): AuthError {
  return new AuthError(
    "AUTH_INVALID_OPTION",
    typeof identity === "string"
      ? `No provider in use has the identity key ${identity}: give the provider itself.`
      : `A cache is asked with a provider, an async function that yields a value; got ${identity === null ? "null" : typeof identity}.`,
  )
}

function selfReference(key: string | undefined): AuthError {
  return new AuthError(
    "AUTH_INVALID_OPTION",
    `The provider of ${key ?? "this identity"} asks for itself: the provider it builds on must have another identity key.`,
  )
}

function checkStore(store: CacheStore): CacheStore {
  if ([store?.get, store?.set, store?.delete].every((method) => typeof method === "function")) return store
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "`store` must have the functions get, set and delete, as memoryStore() and keyvStore() give them.",
  )
}

function checkFunctions(name: string, functions: Readonly<Record<string, unknown>>): void {
  if (Object.values(functions).every((one) => typeof one === "function")) return
  const form = name in functions ? "a function" : `an object with the functions ${Object.keys(functions).join(", ")}`
  throw new AuthError("AUTH_INVALID_OPTION", `\`${name}\` must be ${form}.`)
}

function checkNumber(name: string, value: number | undefined, least: number, most = Number.POSITIVE_INFINITY): void {
  if (value === undefined || (typeof value === "number" && value >= least && value <= most)) return
  throw new AuthError("AUTH_INVALID_OPTION", `\`${name}\` must be a number from ${least} up.`)
}
