import { TokenCache, type TokenCacheOptions } from "../cache/token-cache.ts"
import type { Clock } from "../identity/clock.ts"

/** A cache to share among many auths, or the options of one for an auth alone. */
export type CacheOption = TokenCache | TokenCacheOptions

/** The cache that an auth was given, else one of its own. */
export function cacheOf(option: CacheOption | undefined, clock: Clock): TokenCache {
  return option !== undefined && "get" in option ? option : new TokenCache({ clock, ...option })
}
