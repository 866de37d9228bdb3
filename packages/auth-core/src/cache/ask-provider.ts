import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type {
  BoundSecret,
  Expiring,
  Provider,
  ProviderContext,
  ReadableBinding,
  SecretBinding,
} from "../identity/provider.ts"
import { hasNoSecret } from "../identity/secret.ts"
import { type Clock, within } from "../runtime/clock.ts"
import { isPromise } from "../runtime/promises.ts"
import { type Backoff, type Failure, failureAfter } from "./backoff.ts"
import { type CacheEntries, type CacheEntry, markOf, type SecretMoved } from "./cache-entries.ts"
import type { CacheSettings } from "./cache-options.ts"
import { fingerprintOf } from "./fingerprint.ts"
import { type Lifetime, type LifetimeOptions, lifetimeOf } from "./lifetime.ts"

/** How the attempt to get a new value ended. */
export type Renewal<T> =
  | {
      readonly kind: "value"
      readonly value: T
      readonly lifetime: Lifetime
      /** The moment of the monotonic clock from which the lifetime counts. */
      readonly at: number
      readonly source: "provider" | "store"
    }
  | FailedRenewal
  /** The provider failed a while ago and was not asked. */
  | { readonly kind: "backed-off"; readonly failure: Failure }
  /** Another process is renewing the value, or there is no better one yet; this one serves for `againMs` more. */
  | { readonly kind: "busy"; readonly value: T; readonly againMs: number }
  | SecretMoved<T>

export interface FailedRenewal {
  readonly kind: "failed"
  readonly error: AuthError
  /** The failure to remember, if any. */
  readonly failure: Failure | undefined
  /** The failure is about another identity, on which this one is built. */
  readonly isOfOther?: boolean
}

/** The circumstances of one call of a provider. */
export interface Question<T> {
  readonly rejected: T | undefined
  /** The secret that the value will be bound to. */
  readonly secret: BoundSecret | undefined
  /** Asks another provider through the cache. */
  readonly resolve: NonNullable<ProviderContext<T>["resolve"]>
  readonly earlier: Failure | undefined
  readonly limitMs: number
  readonly clock: Clock
  readonly lifetime: LifetimeOptions
  readonly backoff: Backoff
}

/**
 * Calls a provider, once and within a time limit. A failure is a result, not an exception.
 *
 * If the secret of its source changes meanwhile, the result belongs to another entry.
 */
export async function askProvider<T extends Expiring>(
  provider: Provider<T>,
  { rejected, secret, resolve, earlier, limitMs, clock, lifetime, backoff }: Question<T>,
): Promise<Renewal<T>> {
  const { binding, identityKey } = provider
  const isOwnSecret = binding !== undefined && binding.identity === identityKey
  const errorsOfOthers = new WeakSet<object>()
  const blameSource = (error: Error): void => void errorsOfOthers.add(error)
  const context = {
    rejected,
    blameSource,
    secret: isOwnSecret ? secret : undefined,
    resolve: blaming(resolve, blameSource),
  }
  let renewal: Renewal<T>
  try {
    // The issuer may have answered as early as it was asked.
    const at = clock.monotonic()
    const now = clock.now()
    const { value, issuerNow, againMs } = await call(provider, context, limitMs, clock)
    const planned = lifetimeOf(value, now, issuerNow, againMs, lifetime)
    if (clock.monotonic() >= at + planned.endMs) throw endedOnItsWay(provider)
    renewal = { kind: "value", value, lifetime: planned, at, source: "provider" }
  } catch (error) {
    if (!isAuthError(error)) throw error
    // The other identity remembers its failure.
    const isOfOther = errorsOfOthers.has(error)
    const failure = isOfOther ? undefined : failureAfter(error, earlier, backoff, clock.monotonic())
    renewal = { kind: "failed", error, failure, isOfOther }
  }
  // Meanwhile a renewal of the source may have read another secret.
  const hasMoved = binding !== undefined && !isOwnSecret && binding.current !== secret
  return hasMoved ? { kind: "moved", binding, renewed: undefined } : renewal
}

/** The answer was slow, or the process stood still. */
function endedOnItsWay({ identityKey = "this identity" }: Pick<Provider<Expiring>, "identityKey">): AuthError {
  return new AuthError("AUTH_TOKEN_REQUEST_FAILED", `The value of ${identityKey} arrived after its end. Try again.`)
}

/** Errors of other providers that come through the cache are blamed on them. */
function blaming(
  resolve: NonNullable<ProviderContext<unknown>["resolve"]>,
  blameSource: (error: Error) => void,
): NonNullable<ProviderContext<unknown>["resolve"]> {
  return (other, context) => {
    const value = resolve(other, context)
    if (!isPromise(value)) return value
    return value.catch((error: unknown) => {
      if (isAuthError(error)) blameSource(error)
      throw error
    })
  }
}

interface Answer<T> {
  readonly value: T
  /** The time of the issuer's clock at its answer, epoch ms, where the provider reported it. */
  readonly issuerNow: number | undefined
  /** How soon the provider wants the next call, milliseconds. */
  readonly againMs: number
}

/**
 * @throws {AuthError} the provider's own; `AUTH_TOKEN_REQUEST_FAILED` when it throws anything else or takes too long;
 * `AUTH_TOKEN_RESPONSE_INVALID` when it yields nothing of use.
 */
async function call<T extends Expiring>(
  provider: Provider<T>,
  context: Pick<ProviderContext<T>, "rejected" | "resolve" | "blameSource" | "secret">,
  limitMs: number,
  clock: Clock,
): Promise<Answer<T>> {
  const name = provider.identityKey ?? "this identity"
  let issuerNow: number | undefined
  const reportIssuerTime = (time: number): void => {
    if (Number.isFinite(time)) issuerNow = time
  }
  let againMs = Number.POSITIVE_INFINITY
  const refreshAfter = (ms: number): void => {
    if (ms >= 0) againMs = ms
  }
  const timeoutError = (): AuthError =>
    new AuthError(
      "AUTH_TOKEN_REQUEST_FAILED",
      `The provider of ${name} did not answer within ${limitMs} ms. Check the services it calls, or raise \`refreshTimeoutMs\`.`,
    )
  const value = await within(clock, limitMs, timeoutError, async (signal) => {
    try {
      return await provider({ ...context, signal, reportIssuerTime, refreshAfter })
    } catch (error) {
      throw toAuthError(error, name)
    }
  })
  checkValue(value, name)
  return { value, issuerNow, againMs }
}

function toAuthError(error: unknown, name: string): AuthError {
  if (isAuthError(error)) return error
  const kind = error instanceof Error ? error.name : `a thrown ${typeof error}`
  return new AuthError("AUTH_TOKEN_REQUEST_FAILED", `The provider of ${name} failed with ${kind}: see the cause.`, {
    cause: error,
  })
}

function checkValue(value: unknown, name: string): void {
  const fault =
    typeof value !== "object" || value === null
      ? `${value === null ? "null" : typeof value} instead of credentials or a token`
      : hasNoSecret(value)
        ? "credentials or a token with nothing in them"
        : "expiresAt" in value &&
            value.expiresAt !== undefined &&
            (typeof value.expiresAt !== "number" || Number.isNaN(value.expiresAt))
          ? "a value whose `expiresAt` is not a number of epoch milliseconds"
          : undefined
  if (fault !== undefined) throw new AuthError("AUTH_TOKEN_RESPONSE_INVALID", `The provider of ${name} gave ${fault}.`)
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
export async function readBoundSecret<T extends Expiring>(
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
