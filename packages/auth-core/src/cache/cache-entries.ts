import type { Expiring, Provider } from "../identity/provider.ts"
import { CacheEntry, type Link, type Mark, markOf, refTo } from "./cache-entry.ts"

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
    return this.entriesOf(key).flatMap(({ provider }) => (provider.deref() as Provider<T> | undefined) ?? [])
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
