import type { Expiring, Provider } from "../identity/provider.ts"
import { andThen, lazily } from "../runtime/promises.ts"
import type { CachingOptions, IamReachOptions, RenewableCredential } from "./cached-credential.chunk.ts"

/**
 * What a provider yields, kept in a cache. Both are joined when a value is first asked for: programs with a fixed token or
 * key never load that.
 */
export function lazyCredential<T extends Expiring>(
  provider: Provider<T>,
  options: CachingOptions & IamReachOptions,
): RenewableCredential<T> {
  // Until then there is nothing to learn from what was accepted.
  let wasRefused = false
  const load = lazily(async () => {
    const { cachedCredential } = await import("./cached-credential.chunk.ts")
    return cachedCredential(provider, options)
  })
  return {
    current: (signal) => andThen(load(), (source) => source.current(signal)),
    async renew(...refusal) {
      wasRefused = true
      return (await load()).renew(...refusal)
    },
    accepted(value, url) {
      if (wasRefused) void andThen(load(), (source) => source.accepted(value, url))
    },
  }
}
