import { andThen } from "../identity/and-then.ts"
import { lazily } from "../identity/lazily.ts"
import type { Expiring, Provider } from "../identity/provider.ts"
import type { CachingOptions } from "./cache-of.ts"
import type { IamReachOptions } from "./reaching-iam.ts"

/** A value that can be replaced when a server refuses it. */
export interface Renewable<T> {
  /** The value in use, at once when it is at hand. */
  current(signal?: AbortSignal): T | Promise<T>
  /** After a refusal: whether there is another value now. One renewal serves all who were refused the same one. */
  renew(refused: T, replayed: boolean, signal?: AbortSignal): boolean | Promise<boolean>
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
  const load = lazily(async () => {
    const { renewable } = await import("./renewable.ts")
    return renewable(provider, options, secretOf)
  })
  return {
    current: (signal) => andThen(load(), (source) => source.current(signal)),
    renew: async (...refusal) => (await load()).renew(...refusal),
  }
}
