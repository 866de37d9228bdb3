import { andThen } from "../identity/and-then.ts"
import { lazily } from "../identity/lazily.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import type { Rejection } from "./auth.ts"
import type { CachingOptions } from "./cache-of.ts"
import type { IamReachOptions } from "./reaching-iam.ts"

/** A value that can be replaced when a server refuses it. */
export interface Renewable<T> {
  /** The value in use, at once when it is at hand. */
  current(signal?: AbortSignal): T | Promise<T>
  /** After a refusal: whether there is another value now. One renewal serves all who were refused the same one. */
  renew(refused: T, rejection: Rejection, signal?: AbortSignal): boolean | Promise<boolean>
  /** A server took a value. */
  accepted(value: T, url: URL): void
}

/**
 * What a provider yields, kept in a cache. Both are joined when a value is first asked for: programs with a fixed token or
 * key never load that.
 *
 * @param secretOf tells two values apart.
 */
export function provided<T extends Expiring>(
  provider: Provider<T>,
  options: CachingOptions & IamReachOptions,
  secretOf: (value: T) => string,
): Renewable<T> {
  // Until then there is nothing to learn from what was accepted.
  let wasRefused = false
  const load = lazily(async () => {
    const { renewable } = await import("./renewable.ts")
    return renewable(provider, options, secretOf)
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
