import { systemClock } from "../identity/clock.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import { type CachingOptions, cacheOf } from "./cache-of.ts"
import type { Renewable } from "./provided.ts"
import { type IamReachOptions, reachingIam } from "./reaching-iam.ts"

/**
 * When a brand-new value is refused too, the refusal may not be about the value at all. Refusals then make no renewal
 * for a second, and twice as long each further time, so that a service that always says 401 does not wear out IAM.
 */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

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
  let pauseMs = 0
  let pausedUntil = Number.NEGATIVE_INFINITY
  return {
    current: (signal) => cache.get(provider, { signal }),
    async renew(refused, replayed, signal) {
      const now = clock.monotonic()
      if (replayed) {
        pauseMs = now - pausedUntil > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
        pausedUntil = now + pauseMs
        return false
      }
      const current = await cache.get(provider, { signal })
      if (secretOf(current) !== secretOf(refused)) return true
      if (now < pausedUntil) return false
      const renewed = await cache.get(provider, { rejected: refused, signal })
      return secretOf(renewed) !== secretOf(refused)
    },
  }
}
