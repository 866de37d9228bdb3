import { AuthError } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import { type TokenProvider, yielding } from "../identity/provider.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import { isHeaderText } from "../runtime/header-text.ts"
import { redactCredential } from "../runtime/redact.ts"

/**
 * A fixed token. It is never renewed, not even when a service refuses it.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for anything but a token; `AUTH_CREDENTIALS_EXPIRED` when asked
 * after its end.
 */
export function staticToken(token: Token, { clock = systemClock }: { clock?: Clock | undefined } = {}): TokenProvider {
  if (
    typeof token !== "object" ||
    token === null ||
    !isHeaderText(token.value) ||
    !Number.isFinite(token.issuedAt) ||
    !Number.isFinite(token.expiresAt)
  ) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`token` must be { value, issuedAt, expiresAt }: the text of X-Subject-Token, and two instants in epoch milliseconds.",
    )
  }
  const fixed = Object.freeze(redactCredential({ ...token }))
  return yielding("token", async () => {
    if (fixed.expiresAt <= clock.now()) {
      throw new AuthError(
        "AUTH_CREDENTIALS_EXPIRED",
        `The token expired at ${new Date(fixed.expiresAt).toISOString()}: pass a new one, or a provider that can renew it.`,
      )
    }
    return fixed
  })
}
