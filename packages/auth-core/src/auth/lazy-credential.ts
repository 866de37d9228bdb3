import type { Expiring, Provider } from "../identity/provider.ts"
import { andThen, lazily } from "../runtime/promises.ts"
import type { CachingOptions, IamReachOptions, RenewableCredential } from "./cached-credential.chunk.ts"

/** A value that nobody can renew. @param current returns it, or throws */
export function fixedCredential<T>(current: () => T): RenewableCredential<T> {
  return { current, renew: () => false, accepted: () => undefined }
}

/**
 * The cached values of a provider. The code for caching is loaded with the first value, so programs with a fixed token
 * or key never load it.
 */
export function lazyCredential<T extends Expiring>(
  provider: Provider<T>,
  options: CachingOptions & IamReachOptions,
): RenewableCredential<T> {
  // Before the first refusal, nothing is learned from accepted values.
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
