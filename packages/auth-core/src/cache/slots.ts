import type { Expiring, Provider } from "../identity/provider.ts"
import type { Failure } from "./backoff.ts"
import type { Lifetime } from "./lifetime.ts"

/** A refresh on its way, shared by all who want its result. */
export interface Flight<T> {
  readonly promise: Promise<T>
  /** The value that it is to replace because a server refused it. */
  readonly rejected: T | undefined
  /** Somebody waits for it. */
  isAwaited: boolean
}

/** A place in the order of use. */
interface Link {
  readonly key?: string | undefined
  newer: Link | undefined
  older: Link | undefined
}

/** What is known of one identity. Plain fields: there may be a hundred thousand of these. */
export class Slot<T = Expiring> implements Link {
  readonly key: string | undefined
  /** The one that was asked for first, while somebody has it. */
  provider: WeakRef<object>
  value: T | undefined = undefined
  /** When the value came: whole milliseconds of the monotonic clock, whole seconds of the wall clock, to keep slots small. */
  receivedMono = 0
  receivedWallSeconds = 0
  softMs = 0
  hardMs = 0
  endMs = 0
  /** A server refused the value; nobody gets it before its replacement has failed. */
  isRefused = false
  flight: Flight<T> | undefined = undefined
  failure: Failure | undefined = undefined
  newer: Link | undefined = undefined
  older: Link | undefined = undefined

  constructor(key: string | undefined, provider: object) {
    this.key = key
    this.provider = new WeakRef(provider)
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
 * The slots of all identities. Those with a key are bounded: the least recently used goes first, and one whose refresh is
 * on its way stays. Those of providers without a key live as long as their provider.
 */
export class Slots {
  readonly #maxEntries: number
  readonly #byKey = new Map<string, Slot>()
  #byProvider = new WeakMap<object, Slot>()
  /** Slots at rest, in order of use: a ring through this one, which stands between the newest and the oldest. */
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

  find<T extends Expiring>(identity: Provider<T> | string): Slot<T> | undefined {
    const key = typeof identity === "string" ? identity : identity?.identityKey
    const slot = key === undefined ? this.#byProvider.get(Object(identity)) : this.#byKey.get(key)
    // One identity has one type of value: that of its provider.
    return slot as Slot<T> | undefined
  }

  findOrCreate<T extends Expiring>(provider: Provider<T>): Slot<T> {
    const found = this.find(provider)
    if (found !== undefined) {
      if (found.provider.deref() === undefined) found.provider = new WeakRef(provider)
      return found
    }
    const key = provider.identityKey
    const slot = new Slot<T>(key, provider)
    if (key === undefined) this.#byProvider.set(provider, slot)
    else this.#byKey.set(key, slot)
    return slot
  }

  /** The provider of a key, while somebody has it. */
  providerOf<T extends Expiring>(key: string): Provider<T> | undefined {
    // One identity has one type of value.
    return this.#byKey.get(key)?.provider.deref() as Provider<T> | undefined
  }

  /** The keys of those that failed. */
  keysOfFailed(): string[] {
    return [...this.#byKey.values()].flatMap(({ key, failure }) =>
      key === undefined || failure === undefined ? [] : [key],
    )
  }

  /** Marks a slot as the one used last. */
  touch(slot: Link): void {
    if (slot.older === undefined || slot.newer === this.#ring) return
    unlink(slot)
    this.#linkAsNewest(slot)
  }

  /** Keeps a slot from being evicted until it rests again. */
  hold(slot: Link): void {
    if (slot.older === undefined) return
    unlink(slot)
    slot.newer = undefined
    slot.older = undefined
    this.#resting -= 1
  }

  /** Lets a slot be evicted; one that holds nothing goes at once. */
  rest(slot: Slot<unknown>): void {
    if (slot.key === undefined || slot.older !== undefined || this.#byKey.get(slot.key) !== slot) return
    if (slot.value === undefined && slot.failure === undefined) {
      this.#byKey.delete(slot.key)
      return
    }
    this.#linkAsNewest(slot)
    this.#resting += 1
    const oldest = this.#ring.newer
    if (this.#resting > this.#maxEntries && oldest?.key !== undefined) {
      this.hold(oldest)
      this.#byKey.delete(oldest.key)
    }
  }

  clear(): void {
    this.#byKey.clear()
    this.#byProvider = new WeakMap()
    this.#cutRing()
  }

  #cutRing(): void {
    this.#ring.newer = this.#ring
    this.#ring.older = this.#ring
    this.#resting = 0
  }

  #linkAsNewest(slot: Link): void {
    const newest = this.#ring.older
    slot.older = newest
    slot.newer = this.#ring
    if (newest !== undefined) newest.newer = slot
    this.#ring.older = slot
  }
}

function unlink({ newer, older }: Link): void {
  if (newer !== undefined) newer.older = older
  if (older !== undefined) older.newer = newer
}
