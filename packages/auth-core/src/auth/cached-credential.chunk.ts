import type { TokenCacheOptions } from "../cache/cache-options.ts"
import { TokenCache } from "../cache/token-cache.ts"
import { AuthError } from "../errors/auth-error.ts"
import type { Expiring, IamReach, Provider } from "../identity/provider.ts"
import { hasSameSecret, secretOf } from "../identity/secret.ts"
import type { Clock } from "../runtime/clock.ts"
import { systemClock } from "../runtime/system-clock.ts"
import type { Rejection } from "./auth.ts"

/** A value that can be replaced when a server refuses it. */
export interface RenewableCredential<T> {
  /** The value in use, at once when it is at hand. */
  current(signal?: AbortSignal): T | Promise<T>
  /** After a refusal: whether there is another value now. One renewal serves all who were refused the same one. */
  renew(refused: T, rejection: Rejection, signal?: AbortSignal): boolean | Promise<boolean>
  /** A server took a value. */
  accepted(value: T, url: URL): void
}

/**
 * Joins a provider and a cache.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for malformed options of a cache.
 */
export function cachedCredential<T extends Expiring>(
  source: Provider<T>,
  options: CachingOptions & IamReachOptions,
): RenewableCredential<T> {
  const { clock = systemClock } = options
  const cache = cacheOf(options)
  const provider = reachingIam(source, options)
  const trials = renewalTrials<T>(clock)
  return {
    current: (signal) => cache.get(provider, { signal }),
    accepted: trials.accepted,
    async renew(refused, { origin, replayed }, signal) {
      const current = await cache.get(provider, { signal })
      if (!hasSameSecret(current, refused)) return true
      if (!trials.mayRenew(current, origin, replayed)) return false
      const renewed = await cache.get(provider, { rejected: refused, signal })
      if (hasSameSecret(renewed, refused)) return false
      trials.begin(current, renewed, origin)
      return true
    },
  }
}

/** The options of an auth that say how IAM is reached. */
export interface IamReachOptions {
  readonly region?: string | undefined
  readonly iam?: IamReach | undefined
}

/** The provider, told how the auth reaches IAM where it heeds that. */
function reachingIam<T extends Expiring>(provider: Provider<T>, { region, iam }: IamReachOptions): Provider<T> {
  if (provider.heedsIamReach !== true || (region === undefined && iam === undefined)) return provider
  const reach: IamReach = { ...iam, region: iam?.region ?? region }
  return Object.assign((context?: Parameters<Provider<T>>[0]) => provider({ ...context, iam: reach }), provider)
}

/** Tells the renewals that help from those that do not, so that a service which always says 401 does not wear out IAM. */
interface RenewalTrials<T> {
  /** Whether the refusal of the value in use may make a renewal now. */
  mayRenew(value: T, origin: string, replayed: boolean): boolean
  /** A renewal that an origin's refusal made has brought another value. */
  begin(refused: T, brought: T, origin: string): void
  /** An origin accepted a value. */
  accepted(value: T, url: URL): void
}

/** The outcome of the last renewal that an origin's refusal made. Values are kept as their secrets. */
interface Trial {
  readonly replaced: string
  /** The last value whose refusal counted, so that it counts once however many requests were refused it. */
  counted: string
  /** The origin has accepted a value since. */
  isProven: boolean
  /** For values that were brought in vain, one after the other. */
  strikes: number
  pausedAt: number
  pauseMs: number
}

const FREE_STRIKES = 3
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000
/** How long after its pause a trial is remembered. */
const REMEMBERED_MS = 60_000
const MOST_ORIGINS = 1_000

/** By origin, handed on from each value to the one that replaces it: all auths that share a value share these. */
const trialsOf = new WeakMap<object, Map<string, Trial>>()

/**
 * When an origin refuses the very value that its last refusal brought, the refusal may not be about the value at all. After
 * two such values in a row (four, if other requests got through with them) that origin makes no renewal for 1 s, and longer
 * after each further one, up to 60 s. Other origins go on.
 */
function renewalTrials<T extends Expiring>(clock: Clock): RenewalTrials<T> {
  const trialAt = (value: T, origin: string): Trial | undefined => {
    const trial = trialsOf.get(value)?.get(origin)
    const isOver = trial !== undefined && clock.monotonic() > trial.pausedAt + trial.pauseMs + REMEMBERED_MS
    return isOver ? undefined : trial
  }
  return {
    mayRenew(value, origin, replayed) {
      const trial = trialAt(value, origin)
      if (trial === undefined) return true
      const now = clock.monotonic()
      const secret = secretOf(value)
      if ((replayed || !trial.isProven) && trial.counted !== secret) {
        trial.counted = secret
        // A value that other requests got through with may have been revoked while this one was on its way.
        trial.strikes += trial.isProven ? 1 : 2
        trial.pausedAt = now
        trial.pauseMs =
          trial.strikes <= FREE_STRIKES
            ? 0
            : Math.min(FIRST_PAUSE_MS * 2 ** ((trial.strikes - FREE_STRIKES - 1) / 2), LONGEST_PAUSE_MS)
      }
      return !replayed && now >= trial.pausedAt + trial.pauseMs
    },
    begin(refused, brought, origin) {
      const trials = trialsOf.get(brought) ?? trialsOf.get(refused) ?? new Map<string, Trial>()
      trialsOf.set(brought, trials)
      const replaced = secretOf(refused)
      const earlier = trialAt(brought, origin)
      // Others waited for the same renewal.
      if (earlier?.replaced === replaced) return
      const strikes = earlier?.counted === replaced ? earlier.strikes : 0
      trials.delete(origin)
      trials.set(origin, {
        replaced,
        counted: replaced,
        isProven: false,
        strikes,
        pausedAt: clock.monotonic(),
        pauseMs: 0,
      })
      const [oldest] = trials.keys()
      if (trials.size > MOST_ORIGINS && oldest !== undefined) trials.delete(oldest)
    },
    accepted(value, url) {
      const trial = trialsOf.get(value)?.get(url.origin)
      if (trial !== undefined && trial.replaced !== secretOf(value)) trial.isProven = true
    },
  }
}

/** A cache to share among many auths, or the options of one for an auth alone. */
export type CacheOption = TokenCache | TokenCacheOptions

/** What is said of time and caching to an auth. */
export interface CachingOptions {
  cache?: CacheOption | undefined
  clock?: Clock | undefined
}

/**
 * The cache that an auth was given, else one of its own.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function cacheOf({ cache = {}, clock }: CachingOptions): TokenCache {
  if (Object(cache) !== cache) {
    throw new AuthError("AUTH_INVALID_OPTION", "`cache` must be a TokenCache, or options for one.")
  }
  return "get" in cache ? cache : new TokenCache({ clock, ...cache })
}
