import { isPromise, type RequestHead } from "@countersign/auth-core/adapter"
import { AMBIGUITY } from "./ambiguity.ts"
import { checkNumber, checkOptions } from "./check-option.ts"
import type { Awaitable } from "./lookup.ts"

/** Key under which a head holds its server's request. */
export const CARRIER = Symbol("carrier")

export interface CarriedHead extends RequestHead {
  readonly [AMBIGUITY]?: string | undefined
  readonly [CARRIER]?: object | undefined
}

/** The answer of a store, at hand or on its way. */
interface Known {
  readonly id: string
  readonly isNew: Awaitable<boolean>
}

/** The answers of stores for a request of a server: several checks of one request are no replay. */
const accepted = new WeakMap<object, Map<ReplayStore, Known>>()

/** The answer of a store. It is asked once for each request, even by checks at the same time. */
export function askedFor(
  carrier: object | undefined,
  store: ReplayStore,
  id: string,
  ask: () => Awaitable<boolean>,
): Awaitable<boolean> {
  const known = carrier === undefined ? undefined : accepted.get(carrier)?.get(store)
  if (known?.id === id) return known.isNew
  const isNew = ask()
  if (carrier === undefined) return isNew
  const answers = knownOf(carrier).set(store, { id, isNew })
  // The next check may find the store at work again.
  if (isPromise(isNew)) Promise.resolve(isNew).catch(() => answers.delete(store))
  return isNew
}

/** A request that is accepted without the answer of a store, which its other checks do not ask either. */
export function acceptUnasked(carrier: object | undefined, store: ReplayStore, id: string): void {
  if (carrier !== undefined) knownOf(carrier).set(store, { id, isNew: true })
}

/** A request that stands for another one, which is accepted or will be. A copy by the program cannot be told from a replay. */
export function passOn(from: object, to: object): void {
  accepted.set(to, knownOf(from))
}

function knownOf(carrier: object): Map<ReplayStore, Known> {
  const known = accepted.get(carrier) ?? new Map<ReplayStore, Known>()
  accepted.set(carrier, known)
  return known
}

/** Remembers the requests that were accepted. */
export interface ReplayStore {
  /**
   * Remembers a request, in one step that concurrent callers cannot divide.
   *
   * @param id at most 64 hex digits; names the request, and says nothing about its key
   * @param ttlMs how long to remember it. After that its signature has expired.
   * @returns `true` if it is new, `false` if it came before
   */
  remember(id: string, ttlMs: number): boolean | Promise<boolean>
}

/** A store, and what happens if it fails. */
export interface ReplayOptions {
  /** Remembers the requests. */
  store: ReplayStore
  /** How long the store may take, milliseconds. @default 1_000 */
  timeoutMs?: number | undefined
  /**
   * Accepts requests while the store fails, so that one may come twice. Else they are refused with 503.
   * @default false
   */
  acceptIfStoreFails?: boolean | undefined
}

/** Their names. */
export const REPLAY_OPTIONS: Readonly<Record<keyof ReplayOptions, true>> = {
  store: true,
  timeoutMs: true,
  acceptIfStoreFails: true,
}

/** Options of {@link memoryReplayStore}. */
export interface MemoryReplayStoreOptions {
  /** The most requests to remember. A full store refuses further requests with 503, until old ones expire. @default 100_000 */
  maxEntries?: number | undefined
  /** Epoch ms. @default Date.now */
  now?: (() => number) | undefined
}

const MEMORY_REPLAY_STORE_OPTIONS: Readonly<Record<keyof MemoryReplayStoreOptions, true>> = {
  maxEntries: true,
  now: true,
}

/**
 * Remembers requests in this process. Several processes need a store that they share.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`. Its `remember` throws when it is full: to forget early would accept a replay.
 */
export function memoryReplayStore(options: MemoryReplayStoreOptions = {}): ReplayStore {
  checkOptions("The options of a replay store", options, MEMORY_REPLAY_STORE_OPTIONS)
  const { maxEntries = 100_000, now = Date.now } = options
  checkNumber("maxEntries", maxEntries, 1)
  const expiries = new Map<string, number>()
  let nextSweep = 0
  function sweep(time: number): void {
    // At most once a second, since a full store would be searched for each request.
    if (time < nextSweep) return
    nextSweep = time + 1_000
    for (const [id, expiresAt] of expiries) if (expiresAt <= time) expiries.delete(id)
  }
  return {
    remember(id, ttlMs) {
      const time = now()
      const known = expiries.get(id)
      if (known !== undefined && known > time) return false
      if (known === undefined && expiries.size >= maxEntries) {
        sweep(time)
        if (expiries.size >= maxEntries) {
          throw new Error(`The replay store holds ${maxEntries} requests that have not expired: raise \`maxEntries\`.`)
        }
      }
      expiries.set(id, time + ttlMs)
      return true
    },
  }
}
