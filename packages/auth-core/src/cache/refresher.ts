import { AuthError, invalidOption, isAuthError } from "../errors/auth-error.ts"
import {
  type BoundSecret,
  type Expiring,
  isReadable,
  type Provider,
  type ProviderContext,
  type ReadableBinding,
} from "../identity/provider.ts"
import { hasSameSecret } from "../identity/secret.ts"
import type { Clock } from "../runtime/clock.ts"
import {
  askProvider,
  bind,
  type FailedRenewal,
  type Renewal,
  readBoundSecret,
  type SecretRead,
  secretOfSource,
} from "./ask-provider.ts"
import { activeFailure, type Failure, refusesIdentity } from "./backoff.ts"
import {
  beat,
  type CacheEntries,
  type CacheEntry,
  markOf,
  type PendingRefresh,
  type RefreshOutcome,
  type SecretMoved,
  type Turn,
  unlessDead,
} from "./cache-entries.ts"
import type { CacheSettings } from "./cache-options.ts"
import { fingerprintOf } from "./fingerprint.ts"
import type { SharedRenewal } from "./shared-renewal.chunk.ts"

/** The entries that are being refreshed on behalf of one another. */
export type Path = readonly CacheEntry[]

/** Why there is a refresh. */
export interface Reason<T> {
  /** A server refused this value. */
  readonly rejected?: T | undefined
  /** The caller wants a new value, however fresh the old one is. */
  readonly isForced?: boolean
  /** Somebody waits for it. */
  readonly isAwaited: boolean
  /** The secret, where it was just read for another entry and belongs to this one. It is not bound yet. */
  readonly secret?: BoundSecret
}

export interface RefresherOptions
  extends Pick<
    CacheSettings,
    "clock" | "lifetime" | "backoff" | "refreshTimeoutMs" | "maxConcurrentRefreshes" | "waitUntil" | "emit"
  > {
  readonly entries: CacheEntries
  readonly shared: Promise<SharedRenewal> | undefined
  /** A refresh may end with the request that began it. */
  readonly isRequestBound: boolean
  /** Reads through the cache, on behalf of the entries in the path. */
  readonly get: <V extends Expiring>(
    provider: Provider<V>,
    context: ProviderContext<V> | undefined,
    path: Path,
  ) => V | Promise<V>
}

/** Runs the refreshes of a cache, one at a time for each entry, and keeps their results. */
export class Refresher {
  readonly #options: RefresherOptions
  readonly #rechecks: SecretRechecks
  readonly #turns: Turns

  constructor(options: RefresherOptions) {
    this.#options = options
    this.#turns = new Turns(options.maxConcurrentRefreshes, options.clock)
    this.#rechecks = new SecretRechecks(options.clock)
  }

  /**
   * The value of the refresh on its way, or of a new one, unless the issuer is being left alone.
   *
   * @param signal of the caller: a refresh that all its callers gave up leaves the line
   */
  join<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
    signal?: AbortSignal,
  ): Promise<T> {
    if (path.includes(entry)) return Promise.reject(selfReference(entry.key))
    const { clock } = this.#options
    const follow = (outcome: RefreshOutcome<T> | undefined): T | Promise<T> =>
      this.#follow(provider, entry, outcome, reason, path, signal)
    if (entry.isRefreshing(clock)) {
      const { pending } = entry
      pending.isAwaited = true
      // Its turn might come only after the end of the very refresh that waits for it.
      if (path.length > 0) this.#turns.hurry(pending.turn)
      if (pending.aliveAt !== undefined) return unlessDead(pending, clock).then(follow)
      const isInLine = this.#turns.want(pending, signal)
      if (isInLine || provider.binding !== undefined) return pending.promise.then(follow)
      // Ten thousand may join at once. Without a binding they share one promise, which no signal of theirs ends.
      pending.shared ??= pending.promise.then((outcome) =>
        this.#follow(provider, entry, outcome, reason, path, undefined),
      )
      return pending.shared
    }
    const failure = this.blockingFailure(provider, entry)
    if (failure !== undefined && (reason.secret !== undefined || !this.#rechecks.isDue(provider, failure))) {
      return Promise.reject(this.#backedOff(entry, failure))
    }
    const pending = this.start(provider, entry, reason, path)
    this.#turns.want(pending, signal)
    return pending.promise.then(follow)
  }

  start<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
  ): PendingRefresh<T> {
    const { entries, clock, isRequestBound, waitUntil } = this.#options
    // A request that ends unnoticed would never give its turn back.
    const turn = path.length > 0 || isRequestBound ? undefined : this.#turns.next(reason.isAwaited)
    const begin = (hasCome: boolean): Promise<RefreshOutcome<T>> | undefined =>
      hasCome ? this.#run(provider, entry, pending, reason, [...path, entry]) : this.#rest(entry, pending)
    const { rejected, isAwaited } = reason
    // By its turn the entry holds the pending refresh.
    const promise =
      turn === undefined || turn === FREE
        ? NOW.then(() => begin(true))
        : new Promise<RefreshOutcome<T> | undefined>((resolve) => {
            turn.settle = (hasCome) => resolve(begin(hasCome))
          })
    const pending: PendingRefresh<T> = { rejected, isAwaited, turn, promise }
    entry.pending = pending
    entries.hold(entry)
    if (isRequestBound) void beat(pending, clock)
    // Nobody may be waiting.
    if (waitUntil === undefined && isAwaited) return pending
    const settled = promise.catch(() => undefined)
    try {
      waitUntil?.(settled)
    } catch {
      // There is no request, or it has been answered.
    }
    return pending
  }

  /** Takes a refresh out of the line, or all of them. Their callers start again. */
  leaveLine(pending?: PendingRefresh<unknown>): void {
    if (pending === undefined) this.#turns.clear()
    else this.#turns.leave(pending.turn)
  }

  /** The failure that forbids a renewal now: one under this secret, or one to read the secret. */
  blockingFailure<T extends Expiring>({ identityKey, binding }: Provider<T>, entry: CacheEntry): Failure | undefined {
    const { backoff, clock, entries } = this.#options
    const active = (failure: Failure): Failure | undefined =>
      activeFailure(failure, "store", backoff, clock.monotonic())
    const own = entry.failure && active(entry.failure)
    if (own !== undefined || !identityKey || !binding || !isReadable(binding)) return own
    const marked = entries.findMarked(identityKey, binding)?.failure
    return marked && active(marked)
  }

  /** The value for one caller after a refresh. */
  #follow<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    outcome: RefreshOutcome<T> | undefined,
    reason: Reason<T>,
    path: Path,
    signal: AbortSignal | undefined,
  ): T | Promise<T> {
    const { get, entries } = this.#options
    if (outcome?.kind === "value") return outcome.value
    if (outcome === undefined || (outcome.binding !== undefined && outcome.binding !== provider.binding)) {
      if (signal?.aborted) throw signal.reason
      // There is no outcome, or it counts for others only. A secret that was just read is not bound yet, so it marks this entry.
      const mark = reason.secret === undefined ? markOf(provider) : entry.mark
      return this.join(provider, entries.findOrCreate(provider, mark), reason, path, signal)
    }
    if (outcome.kind === "failed") throw outcome.error
    return outcome.renewed ?? get(provider, { rejected: reason.rejected }, path)
  }

  /** The same failure again, for a caller who comes before the next try is due. */
  #backedOff({ names }: CacheEntry<unknown>, { error, retryAt }: Failure): AuthError {
    const { code, message, status, errorCode, errorMessage, requestId, endpoint, cause } = error
    const retryAfterMs = Math.max(0, Math.ceil(retryAt - this.#options.clock.monotonic()))
    this.#options.emit({ type: "backed-off", ...names, code, retryAfterMs })
    return new AuthError(
      code,
      `${message} (From the last try; the next is due in ${Math.ceil(retryAfterMs / 1000)} s, or after resetBackoff().)`,
      { status, errorCode, errorMessage, requestId, endpoint, cause, retryAfterMs },
    )
  }

  async #run<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    pending: PendingRefresh<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<RefreshOutcome<T>> {
    const { clock } = this.#options
    const startedAt = clock.monotonic()
    let endsWith: Promise<unknown> | undefined
    try {
      const renewal = await this.#renew(provider, entry, pending, reason, path)
      // If not, the entry was told to forget this refresh.
      if (entry.pending === pending) this.#keep(entry, renewal)
      // The renewal goes on under another secret, and has no turn of its own.
      if (renewal.kind === "moved") endsWith = renewal.renewed
      return this.#report(provider, entry, renewal, clock.monotonic() - startedAt)
    } finally {
      if (pending.turn !== undefined) this.#turns.endAfter(endsWith)
      this.#rest(entry, pending)
    }
  }

  /** A refresh is over. */
  #rest<T>(entry: CacheEntry<T>, pending: PendingRefresh<T>): undefined {
    if (entry.pending !== pending) return
    entry.pending = undefined
    this.#options.entries.rest(entry)
  }

  /** Emits the event of a renewal. Returns the outcome for those who wait. */
  #report<T extends Expiring>(
    { binding }: Provider<T>,
    entry: CacheEntry<T>,
    renewal: Renewal<T>,
    durationMs: number,
  ): RefreshOutcome<T> {
    const { emit, clock } = this.#options
    if (renewal.kind === "moved") return renewal
    if (renewal.kind === "busy") return { kind: "value", value: renewal.value }
    if (renewal.kind === "backed-off") return { kind: "failed", error: this.#backedOff(entry, renewal.failure) }
    if (renewal.kind === "value") {
      const { value, source, lifetime, at } = renewal
      const expiresInMs = lifetime.endMs + at - clock.monotonic()
      emit({ type: "acquired", ...entry.names, source, durationMs, expiresInMs })
      return { kind: "value", value }
    }
    const { error, failure, isOfOther } = renewal
    const retryAfterMs = failure?.delayMs
    emit({ type: "refresh-failed", ...entry.names, durationMs, code: error.code, retryAfterMs })
    // Other providers of this entry may have a better source.
    return { kind: "failed", error, binding: isOfOther && isReadable(binding) ? binding : undefined }
  }

  #keep<T>(entry: CacheEntry<T>, renewal: Renewal<T>): void {
    const { clock, backoff } = this.#options
    switch (renewal.kind) {
      case "moved":
        return
      case "value":
        entry.fill(renewal.value, renewal.lifetime, renewal.at, clock)
        return
      case "busy":
        entry.postponeRefresh(renewal.againMs, clock)
        return
      case "backed-off": {
        const { failure } = renewal
        const now = clock.monotonic()
        // Otherwise a look into the store has brought nothing, and the next one is due later.
        entry.failure = activeFailure(failure, "store", backoff, now) ?? { ...failure, checkedAt: now }
        entry.endRefusal(failure.error.code)
        return
      }
      case "failed":
        entry.failure = renewal.failure ?? entry.failure
        entry.endRefusal(renewal.isOfOther === true ? undefined : renewal.error.code)
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
    const read = await this.#secretFor(provider, entry, reason, path)
    if (read.kind !== "secret") return read
    const { secret } = read
    // The function was asked again because its secret was refused, and it still gives the same one.
    const blocking = entry.failure && activeFailure(entry.failure, "store", backoff, clock.monotonic())
    if (blocking !== undefined) return { kind: "backed-off", failure: blocking }
    const ask = (earlier: Failure | undefined): Promise<Renewal<T>> =>
      this.#ask(provider, rejected, secret, earlier, path)
    const earlier = entry.failure
    if (shared === undefined || entry.key === undefined) return await ask(earlier)
    const renewal = await shared
    entry.storeKeys ??= await renewal.storeKeysOf(entry.key, provider.binding, secret)
    if (entry.storeKeys === undefined) return await ask(earlier)
    const old = entry.value
    const refused = rejected ?? (entry.isRefused ? old : undefined)
    const replaced = refused ?? (isForced ? old : undefined)
    return await renewal.renew<T>({
      entry: { identity: entry.key, mark: entry.mark, storeKeys: entry.storeKeys },
      earlier,
      old: rejected ?? old,
      current: () => (pending.isAwaited ? undefined : old),
      isRefused: (value) => refused !== undefined && hasSameSecret(value, refused),
      isWanted: (value) =>
        !(isForced && old === undefined) &&
        !(replaced !== undefined && hasSameSecret(value, replaced)) &&
        !endsBefore(value, old) &&
        !endsBefore(value, rejected),
      ask,
    })
  }

  /** Asks the provider, unless a failure forbids it. */
  async #ask<T extends Expiring>(
    provider: Provider<T>,
    rejected: T | undefined,
    secret: BoundSecret | undefined,
    earlier: Failure | undefined,
    path: Path,
  ): Promise<Renewal<T>> {
    const { clock, backoff, lifetime, refreshTimeoutMs: limitMs, get } = this.#options
    const failure = earlier && activeFailure(earlier, "issuer", backoff, clock.monotonic())
    if (failure !== undefined) return { kind: "backed-off", failure }
    const resolve: ProviderContext<T>["resolve"] = (other, context) => get(other, context, path)
    return await askProvider(provider, { rejected, secret, resolve, earlier, limitMs, clock, lifetime, backoff })
  }

  /** The secret that a renewal is bound to, or how the renewal ends without it. */
  async #secretFor<T extends Expiring>(
    provider: Provider<T>,
    entry: CacheEntry<T>,
    reason: Reason<T>,
    path: Path,
  ): Promise<SecretRead | FailedRenewal | SecretMoved<T>> {
    const { binding } = provider
    if (!binding || entry.key === undefined || !isReadable(binding)) return { kind: "secret", secret: binding?.current }
    if (reason.secret !== undefined) return { kind: "secret", secret: reason.secret }
    if (binding.identity !== entry.key) {
      return await secretOfSource(provider, entry, binding, async (owner) => this.#options.get(owner, undefined, path))
    }
    const read = await readBoundSecret(provider, entry, binding, this.#options)
    if (read.kind !== "secret" || read.secret === undefined) return read
    if (fingerprintOf(read.secret) !== entry.mark) {
      return await this.#moveTo(read.secret, provider, entry, binding, reason, path)
    }
    bind(binding, read.secret)
    return { kind: "secret", secret: binding.current }
  }

  /** The function gave a new secret. The renewal goes on in the entry of that secret. */
  async #moveTo<T extends Expiring>(
    secret: BoundSecret,
    provider: Provider<T>,
    entry: CacheEntry<T>,
    binding: ReadableBinding,
    reason: Reason<T>,
    path: Path,
  ): Promise<FailedRenewal | SecretMoved<T>> {
    const { entries, clock } = this.#options
    const other = entries.findOrCreate(provider, fingerprintOf(secret))
    const isRejected =
      other.value !== undefined && reason.rejected !== undefined && hasSameSecret(other.value, reason.rejected)
    const isNeeded = reason.isForced === true || isRejected || other.mustRefresh(clock)
    const renewed = isNeeded ? this.join(provider, other, { ...reason, secret }, path) : undefined
    // Nobody may be waiting for it.
    renewed?.catch(() => undefined)
    // A living value serves until the new secret is known to work.
    if (entry.value !== undefined && !entry.isRefused) {
      try {
        await renewed
      } catch (error) {
        if (!isAuthError(error)) throw error
        if (!refusesIdentity(error.code)) return { kind: "failed", error, failure: other.failure }
      }
    }
    bind(binding, secret)
    return { kind: "moved", binding, renewed }
  }
}

/**
 * If no refresh ends within so many looks, those that run may be waiting for those in the line. One look after the whole time
 * would not do: a program that was busy for as long finds that its timer is due before it reads the answers that have come.
 */
const STALLED_LOOKS = 10
const LOOK_MS = 500

const NOW = Promise.resolve()
/** That of each refresh which need not wait in the line. */
const FREE: Turn = Object.freeze({ settle: () => undefined, wanted: 0 })

/**
 * Limits how many refreshes run at once. Those for which somebody waits go first, in order. If none ends for 5 seconds, as
 * many again begin: a provider may ask for a value through a client of its own, which the cache cannot know. So those go first that several
 * wait for, and then the newest, which came into the line after those that run had begun.
 */
class Turns {
  readonly #most: number
  /** Below zero while refreshes exceed the limit. */
  #free: number
  readonly #clock: Clock
  readonly #awaited = new Line()
  readonly #others = new Line()
  #ends = 0
  /** Ends the watch over those that wait. */
  #watch: AbortController | undefined

  constructor(most: number, clock: Clock) {
    this.#most = most
    this.#free = most
    this.#clock = clock
  }

  next(isAwaited: boolean): Turn {
    if (this.#free > 0) {
      this.#free -= 1
      return FREE
    }
    const turn: Turn = { settle: FREE.settle, wanted: isAwaited ? 0 : 1 }
    const line = isAwaited ? this.#awaited : this.#others
    line.add(turn)
    if (this.#watch === undefined) void this.#beginIfStalled()
    return turn
  }

  /**
   * A caller waits for it until the signal aborts. When the last one has gone, it leaves the line.
   *
   * @returns whether it is in the line
   */
  want({ turn, promise }: Pick<PendingRefresh<unknown>, "turn" | "promise">, signal: AbortSignal | undefined): boolean {
    if (turn === undefined || turn === FREE) return false
    if (this.#others.delete(turn)) this.#awaited.add(turn)
    if (!this.#awaited.has(turn)) return false
    turn.wanted += 1
    if (signal === undefined) return true
    const giveUp = (): void => {
      turn.wanted -= 1
      if (turn.wanted === 0) this.leave(turn)
    }
    const stop = (): void => signal.removeEventListener("abort", giveUp)
    signal.addEventListener("abort", giveUp)
    promise.then(stop, stop)
    return true
  }

  /** Begins it before its turn. */
  hurry(turn: Turn | undefined): void {
    if (!this.#take(turn)) return
    this.#free -= 1
    turn.settle(true)
  }

  leave(turn: Turn | undefined): void {
    if (this.#take(turn)) turn.settle(false)
  }

  clear(): void {
    for (const turn of this.#line()) this.leave(turn)
  }

  /** A refresh ends, at once or with the promise. */
  endAfter(last: Promise<unknown> | undefined): void {
    const end = (): void => {
      this.#ends += 1
      this.#free += 1
      if (this.#free > 0) this.hurry(this.#awaited.next() ?? this.#others.next())
    }
    if (last === undefined) end()
    else last.then(end, end)
  }

  /** The newest for which somebody waits is the last. */
  #line(): Turn[] {
    return [...this.#others, ...this.#awaited]
  }

  /** Takes it out of the line. Returns whether it was there. */
  #take(turn: Turn | undefined): turn is Turn {
    if (turn === undefined || !(this.#awaited.delete(turn) || this.#others.delete(turn))) return false
    if (this.#awaited.size + this.#others.size === 0) {
      this.#watch?.abort()
      this.#watch = undefined
    }
    return true
  }

  async #beginIfStalled(): Promise<void> {
    const watch = new AbortController()
    this.#watch = watch
    let ends = this.#ends
    let looks = 0
    for (;;) {
      await this.#clock.sleep(LOOK_MS, watch.signal).catch(() => undefined)
      if (watch.signal.aborted) return
      looks = ends === this.#ends ? looks + 1 : 0
      ends = this.#ends
      if (looks < STALLED_LOOKS) continue
      looks = 0
      const line = this.#line().sort((a, b) => a.wanted - b.wanted)
      for (const turn of line.slice(-this.#most)) this.hurry(turn)
    }
  }
}

/** Turns in order. A new iterator passes the places of all deleted members, so this one goes on where it was. */
class Line extends Set<Turn> {
  #inOrder = this.values()

  /** The first one. It must leave the line. */
  next(): Turn | undefined {
    const { value } = this.#inOrder.next()
    if (value !== undefined || this.size === 0) return value
    this.#inOrder = this.values()
    return this.#inOrder.next().value
  }
}

const EVERY_MS = 1_000
const AT_ONCE = 5

/**
 * Decides when a function whose secret was refused may be asked before the back-off ends, so that a corrected secret
 * works at once: five times without a wait, then once a second.
 */
class SecretRechecks {
  readonly #clock: Clock
  /** When the allowance of each binding will be full again. */
  readonly #fullAt = new WeakMap<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue<T extends Expiring>({ binding, identityKey }: Provider<T>, { error }: Failure): boolean {
    if (!isReadable(binding) || binding.identity !== identityKey) return false
    if (!refusesIdentity(error.code)) return false
    const now = this.#clock.monotonic()
    const fullAt = Math.max(this.#fullAt.get(binding) ?? now, now) + EVERY_MS
    if (fullAt - now > AT_ONCE * EVERY_MS) return false
    this.#fullAt.set(binding, fullAt)
    return true
  }
}

/** Whether a value is older than another of the same identity. */
function endsBefore(value: Expiring, other: Expiring | undefined): boolean {
  return value.expiresAt !== undefined && other?.expiresAt !== undefined && value.expiresAt < other.expiresAt
}

function selfReference(key: string | undefined): AuthError {
  return invalidOption(
    `The provider of ${key ?? "this identity"} depends on its own identity key: give the provider on which it is built another one.`,
  )
}
