import { TokenCache, type TokenCacheOptions } from "../cache/token-cache.ts"
import { AuthError } from "../errors/auth-error.ts"
import type { Clock } from "../identity/clock.ts"

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
