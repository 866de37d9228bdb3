import { AuthError } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import { type TokenProvider, yielding } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { isHeaderText } from "../runtime/header-text.ts"
import { redactCredential } from "../runtime/redact.ts"
import { systemClock } from "../runtime/system-clock.ts"

/**
 * A token had from elsewhere. It cannot renew itself: where a service refuses it, there is no other one to give.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for what is no token; `AUTH_CREDENTIALS_EXPIRED` when asked after its end.
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
        `The token expired at ${new Date(fixed.expiresAt).toISOString()}: supply a new one, or a provider that renews itself.`,
      )
    }
    return fixed
  })
}
