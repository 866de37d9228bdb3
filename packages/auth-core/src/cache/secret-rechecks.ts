import type { Clock } from "../identity/clock.ts"
import type { Provider } from "../identity/provider.ts"
import type { Failure } from "./backoff.ts"

const EVERY_MS = 1_000
const AT_ONCE = 5

/**
 * Says when a function whose secret was refused is worth asking again before the back-off ends, so that a corrected secret is
 * tried at once: five times as fast as callers come, then once a second.
 */
export class SecretRechecks {
  readonly #clock: Clock
  /** When all that was allowed will have been made up for. */
  readonly #evenAt = new WeakMap<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue<T>({ binding, identityKey }: Provider<T>, { error }: Failure): boolean {
    if (binding?.read === undefined || binding.identity !== identityKey) return false
    if (error.code !== "AUTH_CREDENTIALS_REJECTED") return false
    const now = this.#clock.monotonic()
    const evenAt = Math.max(this.#evenAt.get(binding) ?? now, now) + EVERY_MS
    if (evenAt - now > AT_ONCE * EVERY_MS) return false
    this.#evenAt.set(binding, evenAt)
    return true
  }
}
