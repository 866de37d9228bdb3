// Loaded with the first request of a provider. A fixed token or key needs no cache.
import type { TokenCacheOptions } from "../cache/cache-options.ts"
import { TokenCache } from "../cache/token-cache.ts"
import type { Cloud, IamReach } from "../cloud/cloud.ts"
import { invalidOption } from "../errors/auth-error.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import { hasSameSecret, secretOf } from "../identity/secret.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import type { Rejection, ReplayReason } from "./auth.ts"

/** Whether there is another value now. */
type Renewed = Extract<ReplayReason, "credential-renewed"> | false

/** A value that can be replaced when a server refuses it. */
export interface RenewableCredential<T> {
  /** The value in use. Returned at once when it is at hand. */
  current(signal?: AbortSignal): T | Promise<T>
  /** Whether there is another value after a refusal. One renewal serves all requests that had the refused value. */
  renew(refused: T, rejection: Rejection, signal?: AbortSignal): Renewed | Promise<Renewed>
  /** A server accepted a value. */
  accepted(value: T, url: URL): void
}

/**
 * A provider together with a cache.
 *
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
    async renew(refused, { origin, replayed, errorCode = "" }, signal) {
      // FunctionGraph's 401 for a function that does not exist.
      if (errorCode === "FSS.0401") return false
      const current = await cache.get(provider, { signal })
      if (!hasSameSecret(current, refused)) return "credential-renewed"
      if (!trials.mayRenew(current, origin, replayed, errorCode)) return false
      const renewed = await cache.get(provider, { rejected: refused, signal })
      if (hasSameSecret(renewed, refused)) return false
      trials.begin(current, renewed, origin)
      return "credential-renewed"
    },
  }
}

/** The options of an auth for its way to IAM. */
export interface IamReachOptions {
  readonly region?: string | undefined
  readonly cloud?: Cloud | undefined
  readonly iam?: IamReach | undefined
}

/** The provider with the auth's way to IAM, if it uses that. */
function reachingIam<T extends Expiring>(provider: Provider<T>, { region, cloud, iam }: IamReachOptions): Provider<T> {
  const isUnknown = region === undefined && cloud === undefined && iam === undefined
  if (provider.heedsIamReach !== true || isUnknown) return provider
  const reach: IamReach = { ...iam, region: iam?.region ?? region, cloud: iam?.cloud ?? cloud }
  return Object.assign((context?: Parameters<Provider<T>>[0]) => provider({ ...context, iam: reach }), provider)
}

/**
 * Tells useful renewals from useless ones, so that a service that always answers 401 does not cause many calls of IAM.
 */
interface RenewalTrials<T> {
  /** Whether the refusal of the value in use may cause a renewal now. */
  mayRenew(value: T, origin: string, replayed: boolean, errorCode: string): boolean
  /** A renewal because of an origin's refusal has brought another value. */
  begin(refused: T, brought: T, origin: string): void
  /** An origin accepted a value. */
  accepted(value: T, url: URL): void
}

/** The outcome of the last renewal because of an origin's refusal. Values are kept as their secrets. */
interface Trial {
  readonly replaced: string
  /** The last value whose refusal counted. It counts once, however many requests had it. */
  counted: string
  /** The origin has accepted a value since. */
  isProven: boolean
  /** Points for new values in a row that the origin refused. */
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

/** By origin. A value hands them on to its replacement, and all auths that share a value share them. */
const trialsOf = new WeakMap<object, Map<string, Trial>>()

/**
 * If an origin refuses the new value that its last refusal caused, the refusal may have another reason. After two such
 * values in a row (four, if other requests succeeded with them) that origin causes no renewal for 1 s, and longer after
 * each further one, up to 60 s. Other origins are not affected.
 */
function renewalTrials<T extends Expiring>(clock: Clock): RenewalTrials<T> {
  const trialAt = (value: T, origin: string): Trial | undefined => {
    const trial = trialsOf.get(value)?.get(origin)
    const isOver = trial !== undefined && clock.monotonic() > trial.pausedAt + trial.pauseMs + REMEMBERED_MS
    return isOver ? undefined : trial
  }
  return {
    mayRenew(value, origin, replayed, errorCode) {
      const trial = trialAt(value, origin)
      if (trial === undefined) return true
      const now = clock.monotonic()
      const secret = secretOf(value)
      if ((replayed || !trial.isProven) && trial.counted !== secret) {
        trial.counted = secret
        // A value with which other requests succeeded may have been revoked while this one was on its way.
        trial.strikes += trial.isProven ? 1 : 2
        trial.pausedAt = now
        trial.pauseMs =
          trial.strikes <= FREE_STRIKES
            ? 0
            : Math.min(FIRST_PAUSE_MS * 2 ** ((trial.strikes - FREE_STRIKES - 1) / 2), LONGEST_PAUSE_MS)
      }
      // "The token must be updated" of a new token means that the endpoint belongs to another region.
      const isOfRegion = !trial.isProven && trial.replaced !== secret && /^API\w+\.0307$/.test(errorCode)
      return !(replayed || isOfRegion) && now >= trial.pausedAt + trial.pauseMs
    },
    begin(refused, brought, origin) {
      const trials = trialsOf.get(brought) ?? trialsOf.get(refused) ?? new Map<string, Trial>()
      trialsOf.set(brought, trials)
      const replaced = secretOf(refused)
      const earlier = trialAt(brought, origin)
      // Others have waited for the same renewal.
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

/** The options of an auth for time and caching. */
export interface CachingOptions {
  cache?: CacheOption | undefined
  clock?: Clock | undefined
  onEvent?: TokenCacheOptions["onEvent"]
}

/**
 * The cache of an auth: the given one, else a new one.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION`
 */
export function cacheOf({ cache = {}, clock, onEvent }: CachingOptions): TokenCache {
  if (Object(cache) !== cache) {
    throw invalidOption("`cache` must be a TokenCache, or options for one.")
  }
  return "get" in cache ? cache : new TokenCache({ clock, onEvent, ...cache })
}
