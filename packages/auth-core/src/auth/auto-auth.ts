import { invalidOption } from "../errors/auth-error.ts"
import type { Auth } from "./auth.ts"

/** An auth that signs, and the one for bodies that are too large to sign. */
export type AutoAuthMethods = { aksk: Auth; token: Auth } | { app: Auth; code: Auth }

/**
 * Signs with AK/SK up to the largest body that can be signed (12 MB, 12 * 1024 * 1024 bytes), and uses the token above
 * it. For an API on API Gateway it signs with AppKey and AppSecret, and uses the AppCode above that size. A stream is read
 * into memory up to that limit. A longer one is sent as a stream: the part that was read, then the rest.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when one of the two is missing.
 * @see API Signing Guide, "AK/SK authentication": larger requests need token authentication
 */
export function autoAuth(methods: AutoAuthMethods): Auth & Required<Pick<Auth, "reset">> {
  const given = Object(methods) as AutoAuthMethods
  const isApp = "app" in given || "code" in given
  const [signing, beyond] = isApp
    ? [checked(given.app, "app", APP), checked(given.code, "code", APP)]
    : [checked(given.aksk, "aksk", ACCOUNT), checked(given.token, "token", ACCOUNT)]
  return {
    label: signing.label ?? beyond.label,
    bodyLimit: (headers) => signing.bodyLimit(headers),
    beyondLimit: beyond,
    authenticate: (attempt) => signing.authenticate(attempt),
    judge: (authentication, rejection, signal) => signing.judge(authentication, rejection, signal),
    accepted: (authentication, url) => signing.accepted?.(authentication, url),
    reset() {
      signing.reset?.()
      beyond.reset?.()
    },
  }
}

const ACCOUNT = "akskAuth(...) and tokenAuth(...)"
const APP = "appAuth(...) and appCodeAuth(...)"

/** @param pass the right auths, in words */
function checked(auth: Auth, name: string, pass: string): Auth {
  if (typeof auth?.authenticate === "function") return auth
  throw invalidOption(`autoAuth needs an auth as \`${name}\`: pass ${pass}.`)
}
