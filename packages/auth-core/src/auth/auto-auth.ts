import { AuthError } from "../errors/auth-error.ts"
import type { Auth } from "./auth.ts"

/**
 * Signs with AK/SK up to the largest body that can be signed (12 MB, 12 * 1024 * 1024 bytes), and uses the token above
 * it. A stream is read into memory up to that limit. A longer one is sent as a stream: the part that was read, then the
 * rest.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when one of the two is missing.
 * @see API Signing Guide, "AK/SK authentication": larger requests need token authentication
 */
export function autoAuth(methods: { aksk: Auth; token: Auth }): Auth & Required<Pick<Auth, "reset">> {
  const { aksk, token } = methods
  for (const [name, auth] of Object.entries({ aksk, token })) {
    if (typeof auth?.authenticate !== "function") {
      throw new AuthError(
        "AUTH_INVALID_OPTION",
        `autoAuth needs an auth as \`${name}\`: pass akskAuth(...) and tokenAuth(...).`,
      )
    }
  }
  return {
    label: aksk.label ?? token.label,
    bodyLimit: (headers) => aksk.bodyLimit(headers),
    beyondLimit: token,
    authenticate: (attempt) => aksk.authenticate(attempt),
    judge: (authentication, rejection, signal) => aksk.judge(authentication, rejection, signal),
    accepted: (authentication, url) => aksk.accepted?.(authentication, url),
    reset() {
      aksk.reset?.()
      token.reset?.()
    },
  }
}
