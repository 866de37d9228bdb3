import { AuthError, invalidOption } from "../errors/auth-error.ts"
import type { Token } from "../identity/credentials.ts"
import { type TokenProvider, yielding } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import { isHeaderText } from "../runtime/http.ts"

/**
 * A fixed token, or its text alone if its end is not known. It is used until its end, or until a service refuses it. It is
 * never renewed.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for anything but a token; `AUTH_CREDENTIALS_EXPIRED` when asked
 * after its end.
 */
export function staticToken(
  tokenOrText: Token | string,
  { clock = systemClock }: { clock?: Clock | undefined } = {},
): TokenProvider {
  const token =
    typeof tokenOrText === "string"
      ? { value: tokenOrText, issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY }
      : tokenOrText
  if (
    typeof token !== "object" ||
    token === null ||
    !isHeaderText(token.value) ||
    !Number.isFinite(token.issuedAt) ||
    typeof token.expiresAt !== "number" ||
    Number.isNaN(token.expiresAt)
  ) {
    throw invalidOption(
      "`token` must be the text of X-Subject-Token, or { value, issuedAt, expiresAt }: that text, and two instants in epoch milliseconds.",
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
