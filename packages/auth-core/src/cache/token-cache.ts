import { type AuthError, invalidOption } from "../errors/auth-error.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import { hasSameSecret } from "../identity/secret.ts"
import type { Clock } from "../runtime/clock.ts"
import { listenersChannel } from "../runtime/listeners-channel.ts"
import { abortable } from "../runtime/promises.ts"
import { tellListeners } from "../runtime/tell-listeners.ts"
import { activeFailure } from "./backoff.ts"
import { CacheEntries, type CacheEntry, isRequestBound, markOf } from "./cache-entries.ts"
import { type CacheSettings, cacheSettings, type TokenCacheOptions } from "./cache-options.ts"
import { type Path, Refresher } from "./refresher.ts"
import type { Kept, SharedRenewal, SharedRenewalOptions, StoreEntry } from "./shared-renewal.chunk.ts"

/** Options of a read of a {@link TokenCache}. */
export interface GetOptions<T> {
  /** A value that a server refused: the caller needs another one. */
  rejected?: T | undefined
  /** Ends the wait of this call. The refresh goes on for others. */
  signal?: AbortSignal | undefined
}

/**
 * Keeps the values of providers, tokens and credentials alike: one value for each identity and secret.
 *
 * - A value serves only providers with the secret that got it: their own, or that of the provider they are built on.
 *   Failures belong to their secret too. A function that gives a secret is asked when its provider first meets an
 *   entry, at each renewal, and, once its secret was refused, before the back-off ends: five times without a wait, then
 *   once a second.
 * - Past its soft expiry a value still serves while one refresh runs in the background. Past its hard expiry callers
 *   wait. A failed refresh never takes a living value away.
 * - Each identity has one refresh at a time, shared by all who need it. It outlives the caller who started it.
 * - After a failure the issuer is left alone for a growing time. Callers get the same failure at once.
 * - Lifetimes count from receipt, by the monotonic clock. If the wall clock has run ahead of it, as on a machine that
 *   slept, values count as that much older; but if their renewal fails, they still serve until their end.
 */
export class TokenCache {
  readonly #settings: CacheSettings
  readonly #clock: Clock
  readonly #entries: CacheEntries
  readonly #refresher: Refresher
  readonly #shared: Promise<SharedRenewal> | undefined
  /** Nothing else keeps a refresh alive. */
  readonly #awaitsRefreshes: boolean

  /** @throws {AuthError} `AUTH_INVALID_OPTION` */
  constructor(options: TokenCacheOptions = {}) {
    const { onEvent } = options
    const settings = cacheSettings(options, (event) => {
      if (onEvent !== undefined || listenersChannel?.hasSubscribers) tellListeners(event, onEvent)
    })
    const { store, waitUntil, clock } = settings
    const entries = new CacheEntries(settings.maxEntries)
    const shared =
      store &&
      loadShared({
        ...settings,
        store,
        entryOf: ({ identity, mark }) => entries.findMarked(identity, mark),
        onDeleted: (entry) => this.#refuse(entry, "deleted"),
      })
    // The caller that asks for a value gets the failure.
    shared?.catch(() => undefined)
    const endsWithRequest = isRequestBound()
    this.#settings = settings
    this.#clock = clock
    this.#entries = entries
    this.#shared = shared
    this.#awaitsRefreshes = endsWithRequest && waitUntil === undefined
    this.#refresher = new Refresher({
      ...settings,
      entries,
      shared,
      isRequestBound: endsWithRequest || waitUntil !== undefined,
      get: (provider, context, path) => this.#get(provider, context, path),
    })
  }

  /** How many identities with a key are in memory. One with several secrets counts once. */
  get size(): number {
    return this.#entries.size
  }

  /**
   * A valid value of the provider's identity: at once when it is in memory, else as a promise.
   *
   * With `rejected`: the value in memory if it is another one by now, else a new one. One refresh serves all callers
   * with the same rejected value.
   *
   * @throws {AuthError} (as a rejected promise) the provider's failure; during the back-off the same failure, with
   * `retryAfterMs`. The signal's reason when that aborts first.
   */
  get<T extends Expiring>(provider: Provider<T>, options?: GetOptions<T>): T | Promise<T> {
    const entry = this.#entries.find(provider)
    if (entry?.value !== undefined && options?.rejected === undefined && !entry.shouldRefresh(this.#clock)) {
      this.#entries.touch(entry)
      return entry.value
    }
    return this.#get(provider, options, NO_PATH)
  }

  /**
   * Renews the value of an identity, however fresh it is, or joins the refresh on its way. The old value serves until
   * then. A key works while a provider with it is in use here. It stands for the values of all its secrets: each is
   * renewed, and the first success is returned.
   *
   * @throws {AuthError} as {@link TokenCache.get}; `AUTH_INVALID_OPTION` for a key without a known provider.
   */
  async refresh<T extends Expiring>(
    identity: Provider<T> | string,
    options?: Pick<GetOptions<T>, "signal">,
  ): Promise<T> {
    const signal = options?.signal
    signal?.throwIfAborted()
    const renew = (provider: Provider<T>): Promise<T> =>
      this.#refresher.join(provider, this.#claim(provider), { isForced: true, isAwaited: true }, [], signal)
    if (typeof identity !== "string") return await abortable(renew(identity), signal)
    const renewals = Promise.allSettled(this.#entries.providersOf<T>(identity).map(renew))
    const outcomes = await abortable(renewals, signal)
    const outcome = outcomes.find(({ status }) => status === "fulfilled") ?? outcomes[0]
    if (outcome === undefined) throw unknownIdentity(identity)
    if (outcome.status === "rejected") throw outcome.reason
    return outcome.value
  }

  /**
   * Forgets the value of an identity, given as its provider or its key: here at once, then in the store. A key stands
   * for the values of all secrets that this cache has met. The result of a refresh on its way is not kept.
   */
  async invalidate<T extends Expiring>(identity: Provider<T> | string): Promise<void> {
    const entries = this.#entries.entriesOf(identity)
    for (const entry of entries) this.#drop(entry)
    await this.#forget(identity, entries, "value")
  }

  /**
   * Lets the next caller try an identity at once, as if it had never failed. Without an argument: all identities in
   * memory. A key stands for all secrets that this cache has met.
   */
  async resetBackoff<T extends Expiring>(identity?: Provider<T> | string): Promise<void> {
    const entries = identity === undefined ? this.#entries.failed() : this.#entries.entriesOf(identity)
    for (const entry of entries) entry.failure = undefined
    // Entries of providers without a key cannot be listed.
    if (identity === undefined) this.#settings.backoff.resets += 1
    await this.#forget(identity, entries, "failure")
  }

  /**
   * Forgets everything in memory about an identity, or about all: values, failures, and the results of refreshes on
   * their way. A refresh that still waits for its turn leaves the line, and its callers start another. The store keeps its
   * records.
   */
  clear<T extends Expiring>(identity?: Provider<T> | string): void {
    if (identity === undefined) {
      this.#entries.clear()
      this.#refresher.leaveLine()
      return
    }
    for (const entry of this.#entries.entriesOf(identity)) {
      entry.failure = undefined
      this.#drop(entry)
    }
  }

  /** Ends the writes to the store that are on their way, and stops listening to it. Call it before you close a client. */
  async close(): Promise<void> {
    await (await this.#shared)?.close()
  }

  #get<T extends Expiring>(provider: Provider<T>, options: GetOptions<T> | undefined, path: Path): T | Promise<T> {
    const { rejected, signal } = options ?? {}
    const entry = this.#claim(provider)
    const { value } = entry
    if (rejected !== undefined && (value === undefined || hasSameSecret(value, rejected))) {
      if (signal?.aborted) return this.#giveUp(entry, signal)
      return abortable(this.#replace(provider, entry, rejected, path, signal), signal)
    }
    if (value !== undefined && !entry.mustRefresh(this.#clock)) {
      if (!entry.shouldRefresh(this.#clock)) return value
      const refreshed = this.#refreshBehind(provider, entry)
      return refreshed === undefined ? value : abortable(this.#orElseOld(refreshed, provider, entry), signal)
    }
    if (signal?.aborted) return this.#giveUp(entry, signal)
    const renewed = this.#refresher.join(provider, entry, AWAITED, path, signal)
    return abortable(value === undefined ? renewed : this.#orElseOld(renewed, provider, entry), signal)
  }

  #giveUp(entry: CacheEntry, { reason }: AbortSignal): Promise<never> {
    this.#entries.rest(entry)
    return Promise.reject(reason)
  }

  /** The first caller past the soft expiry starts the refresh. Returns it where the caller has to wait for it. */
  #refreshBehind<T extends Expiring>(provider: Provider<T>, entry: CacheEntry<T>): Promise<T> | undefined {
    const reason = { isAwaited: false }
    const isDue = !entry.isRefreshing(this.#clock) && this.#refresher.blockingFailure(provider, entry) === undefined
    if (isDue && this.#awaitsRefreshes) return this.#refresher.join(provider, entry, reason, [])
    this.#servedStale(entry)
    if (isDue) this.#refresher.start(provider, entry, reason, [])
    return undefined
  }

  /** The renewed value; if renewal fails, the old one while it lives. */
  async #orElseOld<T extends Expiring>(renewed: Promise<T>, provider: Provider<T>, entry: CacheEntry<T>): Promise<T> {
    try {
      return await renewed
    } catch (error) {
      const { value } = entry
      const isUseless = entry.isRefused || entry.leftMs(this.#clock) <= 0 || markOf(provider) !== entry.mark
      if (value === undefined || isUseless) throw error
      this.#servedStale(entry)
      return value
    }
  }

  /** A value other than the rejected one. */
  async #replace<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    rejected: T,
    path: Path,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    this.#refuse(entry, "rejected")
    const joined = entry.isRefreshing(this.#clock) ? entry.pending : undefined
    const value = await this.#refresher.join(provider, entry, { rejected, isAwaited: true }, path, signal)
    // A refresh that began for another reason may bring the rejected value.
    const knew = joined === undefined || (joined.rejected !== undefined && hasSameSecret(joined.rejected, rejected))
    if (knew || !hasSameSecret(value, rejected)) return value
    return await this.#replace(provider, this.#claim(provider), rejected, path, signal)
  }

  /** Nobody gets the value until its replacement came or failed. */
  #refuse(entry: CacheEntry, reason: "rejected" | "deleted"): void {
    if (entry.value === undefined || entry.isRefused) return
    this.#settings.emit({ type: "invalidated", ...entry.names, reason })
    entry.refuse()
    if (entry.isRefreshing(this.#clock)) return
    const failure =
      entry.failure && activeFailure(entry.failure, "store", this.#settings.backoff, this.#clock.monotonic())
    if (failure !== undefined) entry.endRefusal(failure.error.code)
  }

  #drop(entry: CacheEntry): void {
    if (entry.value !== undefined) {
      this.#settings.emit({ type: "invalidated", ...entry.names, reason: "requested" })
    }
    const { pending } = entry
    entry.pending = undefined
    entry.empty()
    this.#entries.settle(entry)
    if (pending !== undefined) this.#refresher.leaveLine(pending)
  }

  /** Forgets the records of some entries in the store. */
  async #forget<T extends Expiring>(
    identity: Provider<T> | string | undefined,
    entries: readonly CacheEntry[],
    what: Kept,
  ): Promise<void> {
    const shared = await this.#shared
    if (shared === undefined) return
    const known: Array<readonly string[]> = entries.flatMap(({ storeKeys }) => (storeKeys ? [storeKeys] : []))
    const isKnown = identity === undefined || (typeof identity !== "string" && known.length > 0)
    if (!isKnown) known.push((await storeKeysOf(shared, identity)) ?? [])
    await Promise.all(known.map((storeKeys) => shared.forget(storeKeys, what)))
  }

  #claim<T extends Expiring>(provider: Provider<T>): CacheEntry<T> {
    if (typeof provider === "function") return this.#entries.findOrCreate(provider)
    throw unknownIdentity(provider)
  }

  #servedStale(entry: CacheEntry): void {
    this.#settings.emit({ type: "served-stale", ...entry.names, expiresInMs: entry.leftMs(this.#clock) })
  }
}

const NO_PATH: Path = []
const AWAITED = { isAwaited: true }

/** Loaded only for caches with a store. */
async function loadShared(options: SharedRenewalOptions): Promise<SharedRenewal> {
  const { SharedRenewal } = await import("./shared-renewal.chunk.ts")
  return new SharedRenewal(options)
}

async function storeKeysOf<T extends Expiring>(
  shared: SharedRenewal,
  identity: Provider<T> | string,
): Promise<StoreEntry["storeKeys"] | undefined> {
  const {
    identityKey,
    binding,
  }: Pick<Provider<T>, "identityKey" | "binding"> = typeof identity === "string" ? { identityKey: identity } : identity
  if (identityKey === undefined) return undefined
  return await shared.storeKeysOf(identityKey, binding, binding?.current ?? (await binding?.read?.(undefined)))
}

function unknownIdentity(identity: unknown): AuthError {
  return invalidOption(
    typeof identity === "string"
      ? `No provider in use has the identity key ${identity}: pass the provider instead.`
      : `A cache takes a provider, which is an async function that yields a value; got ${identity === null ? "null" : typeof identity}.`,
  )
}
