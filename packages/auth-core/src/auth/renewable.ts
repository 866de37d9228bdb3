import type { TokenCache } from "../cache/token-cache.ts"
import type { Clock } from "../identity/clock.ts"
import type { Expiring, Provider } from "../identity/provider.ts"

/** A value that a provider can replace when a server refuses it. */
export interface Renewable<T> {
  /** The value in use, at once when it is at hand. */
  current(signal?: AbortSignal): T | Promise<T>
  /** After a refusal: whether there is another value now. One renewal serves all who were refused the same one. */
  renew(refused: T, replayed: boolean, signal?: AbortSignal): Promise<boolean>
}

/**
 * When a brand-new value is refused too, the refusal may not be about the value at all. Refusals then make no renewal
 * for a second, and twice as long each further time, so that a service that always says 401 does not wear out IAM.
 */
const FIRST_PAUSE_MS = 1_000
const LONGEST_PAUSE_MS = 60_000

/** Joins a provider and a cache, which may have to be loaded first. `secretOf` tells two values apart. */
export function renewable<T extends Expiring>(
  provider: Provider<T>,
  cache: () => TokenCache | Promise<TokenCache>,
  clock: Clock,
  secretOf: (value: T) => string,
): Renewable<T> {
  let pauseMs = 0
  let pausedUntil = Number.NEGATIVE_INFINITY
  return {
    current(signal) {
      const ready = cache()
      return ready instanceof Promise
        ? ready.then((loaded) => loaded.get(provider, { signal }))
        : ready.get(provider, { signal })
    },
    async renew(refused, replayed, signal) {
      const now = clock.monotonic()
      if (replayed) {
        pauseMs = now - pausedUntil > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : Math.min(pauseMs * 2, LONGEST_PAUSE_MS)
        pausedUntil = now + pauseMs
        return false
      }
      const kept = await cache()
      const current = await kept.get(provider, { signal })
      if (secretOf(current) !== secretOf(refused)) return true
      if (now < pausedUntil) return false
      const renewed = await kept.get(provider, { rejected: refused, signal })
      return secretOf(renewed) !== secretOf(refused)
    },
  }
}
