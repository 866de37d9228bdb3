import { systemClock } from "../identity/clock.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import { type CachingOptions, cacheOf } from "./cache-of.ts"
import type { Renewable } from "./provided.ts"
import { type IamReachOptions, reachingIam } from "./reaching-iam.ts"
import { renewalTrials } from "./renewal-trials.ts"

/**
 * Joins a provider and a cache.
 *
 * @param secretOf tells two values apart.
 * @throws {AuthError} `AUTH_INVALID_OPTION` for malformed options of a cache.
 */
export function renewable<T extends Expiring>(
  source: Provider<T>,
  options: CachingOptions & IamReachOptions,
  secretOf: (value: T) => string,
): Renewable<T> {
  const { clock = systemClock } = options
  const cache = cacheOf(options)
  const provider = reachingIam(source, options)
  const trials = renewalTrials(clock, secretOf)
  return {
    current: (signal) => cache.get(provider, { signal }),
    accepted: trials.accepted,
    async renew(refused, { origin, replayed }, signal) {
      const current = await cache.get(provider, { signal })
      if (secretOf(current) !== secretOf(refused)) return true
      if (!trials.mayRenew(current, origin, replayed)) return false
      const renewed = await cache.get(provider, { rejected: refused, signal })
      if (secretOf(renewed) === secretOf(refused)) return false
      trials.begin(current, renewed, origin)
      return true
    },
  }
}
