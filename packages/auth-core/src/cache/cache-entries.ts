import type { AuthError, AuthErrorCode } from "../errors/auth-error.ts"
import type { Expiring, Provider, SecretBinding } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { type Failure, refusesIdentity } from "./backoff.ts"
import { fingerprintOf } from "./fingerprint.ts"
import type { Lifetime } from "./lifetime.ts"

/** The turn of a refresh among those of its cache. */
export interface Turn {
  /** Tells whether it has come; `false` if the refresh left the line before. */
  settle: (hasCome: boolean) => void
  /** How many wait for it: callers, and the cache itself if it began the refresh in the background. */
  wanted: number
}

/** A refresh on its way, shared by all who want its result. */
export interface PendingRefresh<T> {
  /** Nothing if it left the line before its turn. */
  readonly promise: Promise<RefreshOutcome<T> | undefined>
  /** The value that it must replace, because a server refused it. */
  readonly rejected: T | undefined
  /** Its value, for all providers without a binding. */
  shared?: Promise<T>
  /** Somebody waits for it. */
  isAwaited: boolean
  /** `undefined` where it need not wait for one. */
  readonly turn: Turn | undefined
  /** When its request was last seen at work, by the monotonic clock; absent where a refresh outlives its request. */
  aliveAt?: number
}

/** How a refresh ended. An outcome with a `binding` counts only for providers with that binding. */
export type RefreshOutcome<T> =
  | { readonly kind: "value"; readonly value: T }
  | { readonly kind: "failed"; readonly error: AuthError; readonly binding?: SecretBinding | undefined }
  | SecretMoved<T>

/** The secret is no longer that of the entry, so the new value belongs to another entry. */
export interface SecretMoved<T> {
  readonly kind: "moved"
  /** The binding whose secret changed. */
  readonly binding: SecretBinding
  /** The refresh of the other entry, where it needs one. */
  readonly renewed: Promise<T> | undefined
}

/**
 * Tells the entries of one identity apart: the fingerprint of the secret that an entry is bound to; or the binding,
 * until its secret is read and for failures to read it. Absent for providers without a secret of ours.
 */
export type Mark = string | SecretBinding | undefined

/** The mark of the entry that a provider reads now. */
export function markOf<T>({ identityKey, binding }: Provider<T>): Mark {
  if (binding === undefined || identityKey === undefined) return undefined
  return binding.current === undefined ? binding : fingerprintOf(binding.current)
}

/** A place in the order of use. */
export interface Link {
  readonly key?: string | undefined
  readonly mark?: Mark
  newer: Link | undefined
  older: Link | undefined
}

type Ref = Pick<WeakRef<object>, "deref">

/** Workers before the compatibility date 2025-05-05 have no WeakRef. There a provider stays as long as its entry. */
function refTo(provider: object): Ref {
  return typeof WeakRef === "function" ? new WeakRef(provider) : { deref: () => provider }
}

/** The sign of no binding. */
const UNSEEN = {}

/**
 * The state of one identity under one secret. Fields are plain and few, since there may be a hundred thousand entries.
 */
export class CacheEntry<T = Expiring> implements Link {
  readonly key: string | undefined
  readonly mark: Mark
  /** The sign of the binding that found the entry last. Its next read need not compare marks. */
  sign: object | undefined
  /** The entries of the same identity under other secrets; kept at the first of them. */
  others: Map<Mark, CacheEntry> | undefined = undefined
  /** The keys of this entry in a store, once they are known. */
  storeKeys: readonly [string, ...string[]] | undefined = undefined
  /** The first provider that asked. Until the entry rests, a refresh holds it anyway. */
  #asking: object | undefined
  #provider: Ref | undefined = undefined
  value: T | undefined = undefined
  /**
   * When the lifetime of the value begins: whole milliseconds of the monotonic clock, whole seconds of the wall clock, to keep entries
   * small.
   */
  receivedMono = 0
  receivedWallSeconds = 0
  softMs = 0
  hardMs = 0
  endMs = 0
  /** A server refused the value. Nobody gets it unless its replacement fails; `for good` once the issuer refused the identity. */
  isRefused: boolean | "for good" = false
  pending: PendingRefresh<T> | undefined = undefined
  failure: Failure | undefined = undefined
  newer: Link | undefined = undefined
  older: Link | undefined = undefined

  constructor(key: string | undefined, mark: Mark, provider: object) {
    this.key = key
    this.mark = mark
    this.sign = mark === undefined ? undefined : UNSEEN
    this.#asking = provider
  }

  /** The first provider that asked, while somebody holds it. */
  get provider(): object | undefined {
    return this.#asking ?? this.#provider?.deref()
  }

  /** Only others hold the provider from here on. A weak reference takes 0.7 us to make, so an entry that waits has none. */
  letGo(provider = this.#asking): void {
    if (provider !== undefined) this.#provider = refTo(provider)
    this.#asking = undefined
  }

  /** Its identity, as events name it. */
  get names(): { identity: string | undefined; label: string | undefined } {
    const { label }: Partial<Provider<T>> = this.provider ?? {}
    return { identity: this.key, label }
  }

  /** Callers have to wait: the value is absent, refused, or past its hard expiry. */
  mustRefresh(clock: Clock): boolean {
    return this.value === undefined || this.isRefused !== false || !isYounger(this, this.hardMs, clock)
  }

  /** A refresh is due: the value is absent, stale, or past its soft expiry. */
  shouldRefresh(clock: Clock): boolean {
    return this.value === undefined || !isYounger(this, this.softMs, clock)
  }

  /** A refresh is on its way, and its request has not ended before it. */
  isRefreshing(clock: Clock): this is this & { readonly pending: PendingRefresh<T> } {
    return this.pending !== undefined && !isDead(this.pending, clock)
  }

  /** The time until the end of the value, milliseconds. */
  leftMs(clock: Clock): number {
    return this.endMs - (clock.monotonic() - this.receivedMono)
  }

  /** @param at the moment of the monotonic clock from which the lifetime counts */
  fill(value: T, { softMs, hardMs, endMs }: Lifetime, at: number, clock: Clock): void {
    this.value = value
    this.receivedMono = Math.floor(at)
    // Rounded up: the wall clock counts only when it runs far ahead of the other.
    this.receivedWallSeconds = Math.ceil((clock.now() - clock.monotonic() + at) / 1000)
    this.softMs = softMs
    this.hardMs = hardMs
    this.endMs = endMs
    this.isRefused = false
    this.failure = undefined
  }

  /** The next caller starts a refresh. */
  makeStale(): void {
    this.softMs = 0
  }

  /** The value counts as fresh for a moment, but never past its hard expiry. */
  postponeRefresh(ms: number, clock: Clock): void {
    if (!this.isRefused) this.softMs = Math.min(clock.monotonic() - this.receivedMono + ms, this.hardMs)
  }

  refuse(): void {
    this.makeStale()
    this.isRefused = true
  }

  /**
   * There is no replacement for the refused value, so it serves again: one service may take what another refuses. But
   * if the issuer has refused the identity too, nobody gets it any more. It is kept, so that its copy in the store is recognised.
   *
   * @param code of the failure to get one
   */
  endRefusal(code?: AuthErrorCode): void {
    if (this.isRefused !== true) return
    const isForGood = refusesIdentity(code) || (this.failure?.counts.rejected ?? 0) > 0
    this.isRefused = isForGood && "for good"
  }

  empty(): void {
    this.value = undefined
    this.isRefused = false
  }
}

/** Counts both clocks: one may stop while the machine sleeps, the other may be set back. */
function isYounger(entry: CacheEntry<unknown>, spanMs: number, clock: Clock): boolean {
  return clock.monotonic() - entry.receivedMono < spanMs && clock.now() - entry.receivedWallSeconds * 1000 < spanMs
}

/**
 * The entries of all identities, one for each secret. The number of those with a key is bounded: the least recently
 * used goes first, but not during its refresh. The entry of a provider without a key lives as long as the provider.
 */
export class CacheEntries {
  readonly #maxEntries: number
  readonly #byKey = new Map<string, CacheEntry>()
  #byProvider = new WeakMap<object, CacheEntry>()
  /** Entries at rest, in order of use: a ring, in which this link stands between the newest and the oldest. */
  readonly #ring: Link = { newer: undefined, older: undefined }
  #resting = 0

  constructor(maxEntries: number) {
    this.#maxEntries = maxEntries
    this.#cutRing()
  }

  /** How many identities with a key are known. */
  get size(): number {
    return this.#byKey.size
  }

  find<T extends Expiring>(provider: Provider<T>): CacheEntry<T> | undefined {
    const key = provider?.identityKey
    const entry = key === undefined ? this.#byProvider.get(Object(provider)) : this.#findKeyed(key, provider)
    // One identity has one type of value: that of its provider.
    return entry as CacheEntry<T> | undefined
  }

  findOrCreate<T extends Expiring>(provider: Provider<T>, mark = markOf(provider)): CacheEntry<T> {
    const key = provider.identityKey
    const found = key === undefined ? this.find(provider) : (this.findMarked(key, mark) as CacheEntry<T> | undefined)
    if (found !== undefined) {
      if (found.provider === undefined) found.letGo(provider)
      return found
    }
    const entry = new CacheEntry<T>(key, mark, provider)
    const first = key === undefined ? undefined : this.#byKey.get(key)
    if (key === undefined) this.#byProvider.set(provider, entry)
    else if (first === undefined) this.#byKey.set(key, entry)
    else {
      first.others ??= new Map()
      first.others.set(mark, entry)
    }
    return entry
  }

  /** The entry of an identity under one secret. */
  findMarked(key: string, mark: Mark): CacheEntry | undefined {
    const first = this.#byKey.get(key)
    return first === undefined || first.mark === mark ? first : first.others?.get(mark)
  }

  /**
   * The entries of an identity. For a provider: its own and that of its secret function. For a key: those under all
   * secrets.
   */
  entriesOf<T extends Expiring>(identity: Provider<T> | string): CacheEntry[] {
    if (typeof identity === "string") {
      const first = this.#byKey.get(identity)
      return first === undefined ? [] : [first, ...(first.others?.values() ?? [])]
    }
    const { identityKey, binding }: Partial<Provider<T>> = identity ?? {}
    const unread = identityKey === undefined || !binding ? undefined : this.findMarked(identityKey, binding)
    const entries = new Set([this.find(identity) as CacheEntry | undefined, unread])
    return [...entries].filter((entry) => entry !== undefined)
  }

  /** The providers of a key that are still in use, one for each entry. */
  providersOf<T extends Expiring>(key: string): Provider<T>[] {
    // One identity has one type of value.
    return this.entriesOf(key).flatMap(({ provider }) => (provider as Provider<T> | undefined) ?? [])
  }

  /** The entries with a key and a failure. */
  failed(): CacheEntry[] {
    return [...this.#byKey.keys()].flatMap((key) => this.entriesOf(key)).filter(({ failure }) => failure !== undefined)
  }

  /** Marks an entry as the one used last. */
  touch(entry: Link): void {
    if (entry.older === undefined || entry.newer === this.#ring) return
    unlink(entry)
    this.#linkAsNewest(entry)
  }

  /** Keeps an entry from eviction until it rests again. */
  hold(entry: Link): void {
    if (entry.older === undefined) return
    unlink(entry)
    entry.newer = undefined
    entry.older = undefined
    this.#resting -= 1
  }

  /** Allows the eviction of an entry. One that holds nothing goes at once. */
  rest(entry: CacheEntry<unknown>): void {
    if (entry.key === undefined || entry.older !== undefined || this.findMarked(entry.key, entry.mark) !== entry) return
    if (entry.value === undefined && entry.failure === undefined) {
      this.#remove(entry.key, entry.mark)
      return
    }
    entry.letGo()
    this.#linkAsNewest(entry)
    this.#resting += 1
    const oldest = this.#ring.newer
    if (this.#resting > this.#maxEntries && oldest?.key !== undefined) {
      this.hold(oldest)
      this.#remove(oldest.key, oldest.mark)
    }
  }

  /** Moves an entry to the newest end, or drops it when it holds nothing. */
  settle(entry: CacheEntry<unknown>): void {
    this.hold(entry)
    this.rest(entry)
  }

  clear(): void {
    this.#byKey.clear()
    this.#byProvider = new WeakMap()
    this.#cutRing()
  }

  #findKeyed<T>(key: string, provider: Provider<T>): CacheEntry | undefined {
    const first = this.#byKey.get(key)
    const sign = provider.binding?.sign
    if (first === undefined || first.sign === sign) return first
    const entry = this.findMarked(key, markOf(provider))
    if (entry !== undefined) entry.sign = sign
    return entry
  }

  #remove(key: string, mark: Mark): void {
    const first = this.#byKey.get(key)
    if (first === undefined || first.mark !== mark) {
      first?.others?.delete(mark)
      return
    }
    const [next] = first.others?.values() ?? []
    if (next === undefined) {
      this.#byKey.delete(key)
      return
    }
    first.others?.delete(next.mark)
    next.others = first.others
    this.#byKey.set(key, next)
  }

  #cutRing(): void {
    this.#ring.newer = this.#ring
    this.#ring.older = this.#ring
    this.#resting = 0
  }

  #linkAsNewest(entry: Link): void {
    const newest = this.#ring.older
    entry.older = newest
    entry.newer = this.#ring
    if (newest !== undefined) newest.newer = entry
    this.#ring.older = entry
  }
}

function unlink({ newer, older }: Link): void {
  if (newer !== undefined) newer.older = older
  if (older !== undefined) older.newer = newer
}

/** Takes a promise that must be able to finish after its request is answered. */
export type WaitUntil = (promise: Promise<unknown>) => unknown

/** A refresh that may die with the request that began it. */
export interface RequestBound {
  readonly promise: Promise<unknown>
  /** When its request was last seen at work, by the monotonic clock; absent where a refresh outlives its request. */
  aliveAt?: number
}

const PULSE_MS = 250
/** Several pulses, since a busy program is late with its timers. */
const DEAD_MS = 1_500

/** Whether the runtime ends the work of a request together with the request: timers stop, promises never settle. */
export function isRequestBound(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers" || "WebSocketPair" in globalThis
}

/** Shows that the request behind a refresh still lives, by timers that end with it. */
export async function beat(refresh: RequestBound, clock: Clock): Promise<void> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  refresh.promise.then(settle, settle)
  while (!isSettled) {
    refresh.aliveAt = clock.monotonic()
    await clock.sleep(PULSE_MS)
  }
}

/** Whether a refresh can never settle. */
function isDead({ aliveAt }: RequestBound, clock: Clock): boolean {
  return aliveAt !== undefined && clock.monotonic() - aliveAt > DEAD_MS
}

/** The result of a refresh that another request began; nothing when that request ends first. */
export async function unlessDead<T>(
  refresh: RequestBound & { readonly promise: Promise<T> },
  clock: Clock,
): Promise<T | undefined> {
  const done = new AbortController()
  const death = async (): Promise<undefined> => {
    while (!isDead(refresh, clock)) await clock.sleep(PULSE_MS, done.signal)
  }
  try {
    return await Promise.race([refresh.promise, death()])
  } finally {
    done.abort()
  }
}
