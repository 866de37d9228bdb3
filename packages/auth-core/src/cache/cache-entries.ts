import type { Expiring, Provider, SecretBinding } from "../identity/provider.ts"
import type { Failure } from "./backoff.ts"
import { fingerprintOf } from "./fingerprint.ts"
import type { Lifetime } from "./lifetime.ts"

/** A refresh on its way, shared by all who want its result. */
export interface PendingRefresh<T> {
  readonly promise: Promise<T>
  /** The value that it is to replace because a server refused it. */
  readonly rejected: T | undefined
  /** Somebody waits for it. */
  isAwaited: boolean
  /** When its request was last seen at work, by the monotonic clock; absent where requests do not end their work. */
  aliveAt?: number
}

type Ref = Pick<WeakRef<object>, "deref">

/** Workers have no WeakRef before the compatibility date 2025-05-05; there a provider stays as long as its entry. */
function refTo(provider: object): Ref {
  return typeof WeakRef === "function" ? new WeakRef(provider) : { deref: () => provider }
}

/** A place in the order of use. */
interface Link {
  readonly key?: string | undefined
  readonly mark?: Mark
  newer: Link | undefined
  older: Link | undefined
}

/**
 * Tells the entries of one identity apart: the fingerprint of the secret that they are bound to, or the binding itself as
 * long as its secret was not read, and for failures to read it. Absent for providers that have no secret of ours.
 */
export type Mark = string | SecretBinding | undefined

/** The sign of no binding. */
const UNSEEN = {}

/** The state of one identity under one secret. Plain fields: there may be a hundred thousand of these. */
export class CacheEntry<T = Expiring> implements Link {
  readonly key: string | undefined
  readonly mark: Mark
  /** The sign of the binding that found it last: reads by the same need not compare marks. */
  sign: object | undefined
  /** The entries of the same identity under other secrets, at the first one of them. */
  others: Map<Mark, CacheEntry> | undefined = undefined
  /** Where a store keeps it, once that is known. */
  storeKeys: readonly [string, ...string[]] | undefined = undefined
  /** The one that was asked for first, while somebody has it. */
  provider: Ref
  value: T | undefined = undefined
  /** When the value came: whole milliseconds of the monotonic clock, whole seconds of the wall clock, to keep entries small. */
  receivedMono = 0
  receivedWallSeconds = 0
  softMs = 0
  hardMs = 0
  endMs = 0
  /** A server refused the value; nobody gets it before its replacement has failed. */
  isRefused = false
  pending: PendingRefresh<T> | undefined = undefined
  failure: Failure | undefined = undefined
  newer: Link | undefined = undefined
  older: Link | undefined = undefined

  constructor(key: string | undefined, mark: Mark, provider: object) {
    this.key = key
    this.mark = mark
    this.sign = mark === undefined ? undefined : UNSEEN
    this.provider = refTo(provider)
  }

  fill(value: T, { softMs, hardMs, endMs }: Lifetime, mono: number, wall: number): void {
    this.value = value
    this.receivedMono = Math.floor(mono)
    // Rounded up: that clock only counts when it runs far ahead of the other.
    this.receivedWallSeconds = Math.ceil(wall / 1000)
    this.softMs = softMs
    this.hardMs = hardMs
    this.endMs = endMs
    this.isRefused = false
    this.failure = undefined
  }

  /** Whoever asks next starts a refresh. */
  makeStale(): void {
    this.softMs = 0
  }

  empty(): void {
    this.value = undefined
    this.isRefused = false
  }
}

/**
 * The entries of all identities, one for each secret. Those with a key are bounded: the least recently used goes first, and one whose refresh is
 * on its way stays. Those of providers without a key live as long as their provider.
 */
export class CacheEntries {
  readonly #maxEntries: number
  readonly #byKey = new Map<string, CacheEntry>()
  #byProvider = new WeakMap<object, CacheEntry>()
  /** CacheEntries at rest, in order of use: a ring through this one, which stands between the newest and the oldest. */
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
      if (found.provider.deref() === undefined) found.provider = refTo(provider)
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

  /** The entries of an identity: of a provider its own, with that of its function; of a key those under all secrets. */
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

  /** The providers of a key that somebody has, one for each entry. */
  providersOf<T extends Expiring>(key: string): Provider<T>[] {
    // One identity has one type of value.
    return this.entriesOf(key).flatMap(({ provider }) => (provider.deref() as Provider<T> | undefined) ?? [])
  }

  /** Those with a key that failed. */
  failed(): CacheEntry[] {
    return [...this.#byKey.keys()].flatMap((key) => this.entriesOf(key)).filter(({ failure }) => failure !== undefined)
  }

  /** Marks a entry as the one used last. */
  touch(entry: Link): void {
    if (entry.older === undefined || entry.newer === this.#ring) return
    unlink(entry)
    this.#linkAsNewest(entry)
  }

  /** Keeps a entry from being evicted until it rests again. */
  hold(entry: Link): void {
    if (entry.older === undefined) return
    unlink(entry)
    entry.newer = undefined
    entry.older = undefined
    this.#resting -= 1
  }

  /** Lets a entry be evicted; one that holds nothing goes at once. */
  rest(entry: CacheEntry<unknown>): void {
    if (entry.key === undefined || entry.older !== undefined || this.findMarked(entry.key, entry.mark) !== entry) return
    if (entry.value === undefined && entry.failure === undefined) {
      this.#remove(entry.key, entry.mark)
      return
    }
    this.#linkAsNewest(entry)
    this.#resting += 1
    const oldest = this.#ring.newer
    if (this.#resting > this.#maxEntries && oldest?.key !== undefined) {
      this.hold(oldest)
      this.#remove(oldest.key, oldest.mark)
    }
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

/** Which entry of its identity a provider reads now. */
export function markOf<T>({ identityKey, binding }: Provider<T>): Mark {
  if (binding === undefined || identityKey === undefined) return undefined
  return binding.current === undefined ? binding : fingerprintOf(binding.current)
}

function unlink({ newer, older }: Link): void {
  if (newer !== undefined) newer.older = older
  if (older !== undefined) older.newer = newer
}
