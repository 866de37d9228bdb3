import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { hasNoSecret } from "../identity/credential-secret.ts"
import type { BoundSecret, Expiring, Provider, ProviderContext } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { within } from "../runtime/system-clock.ts"

/** What one call of a provider takes. */
export interface Question<T> {
  readonly rejected: T | undefined
  readonly resolve: NonNullable<ProviderContext<T>["resolve"]>
  readonly blameSource: NonNullable<ProviderContext<T>["blameSource"]>
  readonly limitMs: number
  readonly clock: Clock
  readonly secret: BoundSecret | undefined
}

export interface Answer<T> {
  readonly value: T
  /** What the issuer's clock shows on receipt, epoch ms, where the provider told it. */
  readonly issuerNow: number | undefined
  /** How soon the provider wants to be asked again, milliseconds. */
  readonly againMs: number
}

/**
 * Calls a provider, once and within a time limit.
 *
 * @throws {AuthError} what the provider throws; `AUTH_TOKEN_REQUEST_FAILED` when that is no AuthError, or the time is over;
 * `AUTH_TOKEN_RESPONSE_INVALID` when it yields nothing of use.
 */
export async function askProvider<T extends Expiring>(
  provider: Provider<T>,
  { rejected, resolve, blameSource, limitMs, clock, secret }: Question<T>,
): Promise<Answer<T>> {
  const name = provider.identityKey ?? "this identity"
  let told: { issuerTime: number; at: number } | undefined
  const reportIssuerTime = (issuerTime: number): void => {
    if (Number.isFinite(issuerTime)) told = { issuerTime, at: clock.monotonic() }
  }
  let againMs = Number.POSITIVE_INFINITY
  const refreshAfter = (ms: number): void => {
    if (ms >= 0) againMs = ms
  }
  const timeoutError = (): AuthError =>
    new AuthError(
      "AUTH_TOKEN_REQUEST_FAILED",
      `The provider of ${name} gave nothing within ${limitMs} ms. Check what it waits for, or raise \`refreshTimeoutMs\`.`,
    )
  const value = await within(clock, limitMs, timeoutError, async (signal) => {
    const context: ProviderContext<T> = {
      rejected,
      signal,
      resolve,
      reportIssuerTime,
      refreshAfter,
      blameSource,
      secret,
    }
    try {
      return await provider(context)
    } catch (error) {
      throw toAuthError(error, name)
    }
  })
  checkValue(value, name)
  const issuerNow = told === undefined ? undefined : told.issuerTime + clock.monotonic() - told.at
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
      ? `${value === null ? "null" : typeof value} where credentials or a token belong`
      : hasNoSecret(value)
        ? "credentials or a token with nothing in them"
        : "expiresAt" in value && value.expiresAt !== undefined && !Number.isFinite(value.expiresAt)
          ? "a value whose `expiresAt` is not a finite number of epoch milliseconds"
          : undefined
  if (fault !== undefined) throw new AuthError("AUTH_TOKEN_RESPONSE_INVALID", `The provider of ${name} gave ${fault}.`)
}
