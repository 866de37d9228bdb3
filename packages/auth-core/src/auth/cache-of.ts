import { TokenCache, type TokenCacheOptions } from "../cache/token-cache.ts"
import type { Clock } from "../identity/clock.ts"

/** A cache to share among many auths, or the options of one for an auth alone. */
export type CacheOption = TokenCache | TokenCacheOptions

/** What is said of time and caching to an auth. */
export interface CachingOptions {
  cache?: CacheOption | undefined
  clock?: Clock | undefined
}

/** The cache that an auth was given, else one of its own. */
export function cacheOf({ cache, clock }: CachingOptions): TokenCache {
  return cache !== undefined && "get" in cache ? cache : new TokenCache({ clock, ...cache })
}
