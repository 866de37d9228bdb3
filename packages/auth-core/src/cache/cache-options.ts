import { type AuthErrorCode, invalidOption } from "../errors/auth-error.ts"
import { type Clock, LONGEST_TIMER_MS, systemClock } from "../runtime/clock.ts"
import type { Backoff, BackoffOptions, BackoffSteps, Steps } from "./backoff.ts"
import type { WaitUntil } from "./cache-entries.ts"
import type { LifetimeOptions } from "./lifetime.ts"
import type { CacheStore } from "./store.ts"

/** Options of {@link TokenCache}. */
export interface TokenCacheOptions {
  /** How many identities stay in memory. The least recently used go first. @default 10_000 */
  maxEntries?: number | undefined
  /**
   * How long before its end a value is renewed in the background, milliseconds. Renewal never starts before half of the
   * lifetime.
   * @default 5 to 10 % of the lifetime, at random for each value, so that the processes of a fleet do not all renew at
   * once
   */
  refreshAheadMs?: number | undefined
  /**
   * How long before its end a value is used only if renewal fails, milliseconds; at most half of its lifetime.
   * @default 10 s or 2 % of the lifetime, whichever is less
   */
  expiryMarginMs?: number | undefined
  /**
   * The longest that one refresh may take, milliseconds. It counts from its turn, so a caller may wait longer while more than
   * `maxConcurrentRefreshes` are due. The signal of a caller ends its wait at any time.
   * @default 30_000
   */
  refreshTimeoutMs?: number | undefined
  /**
   * How many refreshes may run at once. The others wait in order, so that a hundred thousand identities that are asked for
   * together do not all call their issuer together. A refresh that a caller waits for goes first, one whose callers have all
   * aborted leaves the line, and one that another refresh needs, by `resolve` of its context, does not wait. If none ends for
   * 5 seconds, as many again begin, since those that run may wait for them. There is no limit with `waitUntil`, or on
   * Cloudflare Workers, where a refresh may end with its request.
   * @default 1_000
   */
  maxConcurrentRefreshes?: number | undefined
  /** The waits after failures. `false`: the next caller tries at once. @default true */
  backoff?: boolean | BackoffOptions | undefined
  /**
   * Shares values among processes and hosts, so that one of them asks the issuer for all. Only values that end, of
   * identities with a key, are shared. The cache reads the store when memory has no fresh value, and goes on without it
   * when it fails.
   */
  store?: CacheStore | undefined
  /**
   * The longest that one operation of the store may take, milliseconds. A store that is slower is tried once more after
   * a moment, so a read costs at most twice this time. @default 500
   */
  storeTimeoutMs?: number | undefined
  /**
   * How long one process may hold the right to renew a value, milliseconds. If it dies, another takes over after this
   * time; a process that has waited twice as long calls the issuer without the lease. Set it longer than the issuer
   * usually takes.
   * @default 15_000
   */
  leaseMs?: number | undefined
  /**
   * Receives the promise of each refresh, so that the refresh can finish after the request that started it is answered.
   * On Cloudflare Workers pass `waitUntil` of `cloudflare:workers`. Without it, the first request past the soft expiry
   * waits for the refresh there.
   */
  waitUntil?: WaitUntil | undefined
  /** Receives every event of the cache. Anything it throws is ignored. */
  onEvent?: ((event: CacheEvent) => unknown) | undefined
  /** @default the machine's clock */
  clock?: Clock | undefined
  /** A number from 0 up to 1, for jitter. @default Math.random */
  random?: (() => number) | undefined
}

interface OfIdentity {
  /** The identity key; absent for a provider without one. */
  readonly identity: string | undefined
  /** The label of the provider, for people; absent if it has none. */
  readonly label?: string | undefined
}

/** An event of a cache, for logs and metrics. Holds no secret. */
export type CacheEvent =
  /** There is a new value. */
  | (OfIdentity & {
      readonly type: "acquired"
      readonly source: "provider" | "store"
      readonly durationMs: number
      /** The rest of its lifetime; Infinity for a value without an end. */
      readonly expiresInMs: number
    })
  /** A caller got a value past its soft expiry, while a newer one is or will be fetched. */
  | (OfIdentity & { readonly type: "served-stale"; readonly expiresInMs: number })
  /** A refresh ended without a value. */
  | (OfIdentity & {
      readonly type: "refresh-failed"
      readonly durationMs: number
      readonly code: AuthErrorCode
      /** The wait before the next try; absent when the next caller may try at once. */
      readonly retryAfterMs?: number | undefined
    })
  /** A caller got the last failure again. Nobody was asked. */
  | (OfIdentity & { readonly type: "backed-off"; readonly code: AuthErrorCode; readonly retryAfterMs: number })
  /** A value is out of use: a server refused it, `invalidate` was called, or another process deleted it. */
  | (OfIdentity & { readonly type: "invalidated"; readonly reason: "rejected" | "requested" | "deleted" })
  /** The shared store failed or was too slow. Requests go on without it, and it is left alone for `pausedMs`. */
  | {
      readonly type: "store-failed"
      readonly operation: "get" | "take" | "set" | "delete" | "release" | "watch"
      readonly durationMs: number
      /** `timeout`, or name and code of the error. */
      readonly reason: string
      readonly pausedMs: number
    }
  /**
   * The shared store hears no changes of other processes, so waiting callers look every 1 to 2 seconds. Told once, until it
   * hears them again.
   */
  | {
      readonly type: "store-unheard"
      /** Why, in a word such as `ECONNREFUSED`. */
      readonly reason: string
    }
  /** The shared store holds a record of this identity that cannot be read. The cache treats it as absent. */
  | (OfIdentity & { readonly type: "store-unreadable" })

/** {@link TokenCacheOptions}, checked, with every default filled in. */
export interface CacheSettings {
  readonly maxEntries: number
  readonly refreshTimeoutMs: number
  readonly maxConcurrentRefreshes: number
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
  readonly store: CacheStore | undefined
  readonly storeTimeoutMs: number
  readonly leaseMs: number
  readonly waitUntil: WaitUntil | undefined
  readonly clock: Clock
  /** Passes an event on. Never throws. */
  readonly emit: (event: CacheEvent) => void
}

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function cacheSettings(options: TokenCacheOptions, emit: CacheSettings["emit"]): CacheSettings {
  const { maxEntries = 10_000, refreshTimeoutMs = 30_000, random = Math.random, clock = systemClock } = options
  const { store, storeTimeoutMs = 500, leaseMs = 15_000, refreshAheadMs, expiryMarginMs } = options
  const { onEvent, waitUntil, maxConcurrentRefreshes = 1_000 } = options
  const isOff = options.backoff === false
  const { rejected, unavailable }: BackoffOptions = Object(options.backoff)
  checkFunctions("random", { random })
  checkFunctions("onEvent", onEvent === undefined ? {} : { onEvent })
  checkFunctions("waitUntil", waitUntil === undefined ? {} : { waitUntil })
  checkFunctions("clock", { now: clock?.now, monotonic: clock?.monotonic, sleep: clock?.sleep })
  checkNumber("maxEntries", maxEntries, 1)
  checkNumber("refreshTimeoutMs", refreshTimeoutMs, 1, LONGEST_TIMER_MS)
  checkNumber("maxConcurrentRefreshes", maxConcurrentRefreshes, 1)
  checkNumber("storeTimeoutMs", storeTimeoutMs, 1, LONGEST_TIMER_MS)
  checkNumber("leaseMs", leaseMs, 1, LONGEST_TIMER_MS)
  checkNumber("refreshAheadMs", refreshAheadMs, 0)
  checkNumber("expiryMarginMs", expiryMarginMs, 0)
  if (store !== undefined) checkStore(store)
  return {
    maxEntries,
    refreshTimeoutMs,
    maxConcurrentRefreshes,
    lifetime: { refreshAheadMs, expiryMarginMs, random },
    backoff: {
      steps: isOff
        ? undefined
        : { rejected: stepsOf("rejected", rejected), unavailable: stepsOf("unavailable", unavailable) },
      random,
      recheckMs: store === undefined ? Number.POSITIVE_INFINITY : RECHECK_MS,
      resets: 0,
    },
    store,
    storeTimeoutMs,
    leaseMs,
    waitUntil,
    clock,
    emit,
  }
}

const RECHECK_MS = 5_000

const STEPS = {
  rejected: { firstMs: 60_000, factor: 4, longestMs: 64 * 60_000 },
  unavailable: { firstMs: 1_000, factor: 2, longestMs: 30_000 },
}

function stepsOf(kind: keyof typeof STEPS, chosen: BackoffSteps = {}): Steps {
  const usual = STEPS[kind]
  const { firstMs = usual.firstMs, factor = usual.factor, longestMs = Math.max(firstMs, usual.longestMs) } = chosen
  if (firstMs >= 0 && longestMs >= firstMs && factor >= 1 && Number.isFinite(factor)) {
    return { firstMs, factor, longestMs }
  }
  throw invalidOption(
    `\`backoff.${kind}\` must be { firstMs, factor, longestMs }: milliseconds of 0 or more, a factor of 1 or more, and \`longestMs\` no less than \`firstMs\`.`,
  )
}

function checkStore(store: CacheStore): void {
  if ([store?.get, store?.set, store?.delete].every((method) => typeof method === "function")) return
  throw invalidOption(
    "`store` must have the functions get, set and delete, like the stores of memoryStore() and keyvStore().",
  )
}

function checkFunctions(name: string, functions: Readonly<Record<string, unknown>>): void {
  if (Object.values(functions).every((one) => typeof one === "function")) return
  const form = name in functions ? "a function" : `an object with the functions ${Object.keys(functions).join(", ")}`
  throw invalidOption(`\`${name}\` must be ${form}.`)
}

function checkNumber(name: string, value: number | undefined, least: number, most = Number.POSITIVE_INFINITY): void {
  if (value === undefined || (typeof value === "number" && value >= least && value <= most)) return
  const range = most === Number.POSITIVE_INFINITY ? `${least} or more` : `from ${least} to ${most}`
  throw invalidOption(`\`${name}\` must be a number, ${range}.`)
}
