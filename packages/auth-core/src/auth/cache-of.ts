import type { TokenCache, TokenCacheOptions } from "../cache/token-cache.ts"
import type { Clock } from "../identity/clock.ts"
import { lazily } from "../identity/lazily.ts"

/** A cache to share among many auths, or the options of one for an auth alone. */
export type CacheOption = TokenCache | TokenCacheOptions

/**
 * The cache that an auth was given, else one of its own. That is loaded when it is first needed: programs with a fixed token
 * or key, or a cache of their own, do without.
 */
export function cacheOf(option: CacheOption | undefined, clock: Clock): () => TokenCache | Promise<TokenCache> {
  if (option !== undefined && "get" in option) return () => option
  return lazily(async () => {
    const { TokenCache } = await import("../cache/token-cache.ts")
    return new TokenCache({ clock, ...option })
  })
}
