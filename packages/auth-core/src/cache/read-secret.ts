import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { BoundSecret, Expiring, Provider, SecretBinding } from "../identity/provider.ts"
import { type Clock, within } from "../runtime/clock.ts"
import type { FailedRenewal } from "./ask-provider.ts"
import { type Failure, failureAfter, isIdentityRefused } from "./backoff.ts"
import { type CacheEntries, type CacheEntry, markOf, type SecretMoved } from "./cache-entries.ts"
import type { CacheSettings } from "./cache-options.ts"
import { fingerprintOf } from "./fingerprint.ts"

/** A binding whose secret a function gives. */
export type ReadableBinding = SecretBinding & Required<Pick<SecretBinding, "read">>

export function isReadable(binding: SecretBinding | undefined): binding is ReadableBinding {
  return binding?.read !== undefined
}

/** The secret of a renewal was read. It is absent where no secret of ours is involved. */
export interface SecretRead {
  readonly kind: "secret"
  readonly secret: BoundSecret | undefined
}

/**
 * Asks the function that gives the secret of an identity, at each of its renewals. The entry of the unread secret
 * remembers a failure.
 */
export async function readSecret<T extends Expiring>(
  provider: Provider<T>,
  entry: CacheEntry<T>,
  binding: ReadableBinding,
  {
    entries,
    clock,
    backoff,
    refreshTimeoutMs,
  }: { entries: CacheEntries } & Pick<CacheSettings, "clock" | "backoff" | "refreshTimeoutMs">,
): Promise<SecretRead | FailedRenewal> {
  const timeoutError = (): AuthError =>
    new AuthError(
      "AUTH_TOKEN_REQUEST_FAILED",
      `The function that gives the secret of ${binding.identity} did not answer within ${refreshTimeoutMs} ms. Check the services it calls, or raise \`refreshTimeoutMs\`.`,
    )
  try {
    const secret = await within(clock, refreshTimeoutMs, timeoutError, async (signal) => binding.read(signal))
    const unread = entries.findMarked(binding.identity, binding)
    if (unread !== undefined && unread !== entry) {
      unread.failure = undefined
      entries.settle(unread)
    }
    return { kind: "secret", secret }
  } catch (error) {
    if (!isAuthError(error)) throw error
    const unread = entries.findOrCreate(provider, binding)
    const failure = failureAfter(error, unread.failure, backoff, clock.monotonic())
    if (unread === entry) return { kind: "failed", error, failure }
    // Others with the secret that it gave before need not wait for this function.
    unread.failure = failure
    entries.rest(unread)
    return { kind: "failed", error, failure: undefined, isOfOther: true }
  }
}

/** The secret of the provider on which another one is built. Its owner reads it at the first meeting. */
export async function secretOfSource<T extends Expiring>(
  provider: Provider<T>,
  entry: CacheEntry<T>,
  binding: ReadableBinding,
  get: (owner: NonNullable<SecretBinding["owner"]>) => Promise<unknown>,
): Promise<SecretRead | FailedRenewal | SecretMoved<T>> {
  if (binding.current === undefined && binding.owner !== undefined) {
    try {
      await get(binding.owner)
    } catch (error) {
      // The owner remembers the failure. Once its secret is known, the store may have a value all the same.
      if (binding.current === undefined && isAuthError(error)) {
        return { kind: "failed", error, failure: undefined, isOfOther: true }
      }
    }
  }
  if (markOf(provider) !== entry.mark) return { kind: "moved", binding, renewed: undefined }
  return { kind: "secret", secret: binding.current }
}

/** Binds later reads to a secret. One that is unchanged stays the same object, with everything derived from it. */
export function bind(binding: SecretBinding, secret: BoundSecret): void {
  if (binding.current !== undefined && fingerprintOf(binding.current) === fingerprintOf(secret)) return
  binding.current = secret
  binding.sign = {}
}

const EVERY_MS = 1_000
const AT_ONCE = 5

/**
 * Decides when a function whose secret was refused may be asked before the back-off ends, so that a corrected secret
 * works at once: five times without a wait, then once a second.
 */
export class SecretRechecks {
  readonly #clock: Clock
  /** When the allowance of each binding will be full again. */
  readonly #fullAt = new WeakMap<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue<T extends Expiring>({ binding, identityKey }: Provider<T>, { error }: Failure): boolean {
    if (!isReadable(binding) || binding.identity !== identityKey) return false
    if (!isIdentityRefused(error)) return false
    const now = this.#clock.monotonic()
    const fullAt = Math.max(this.#fullAt.get(binding) ?? now, now) + EVERY_MS
    if (fullAt - now > AT_ONCE * EVERY_MS) return false
    this.#fullAt.set(binding, fullAt)
    return true
  }
}
