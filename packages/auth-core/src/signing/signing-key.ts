import { AuthError } from "../errors/auth-error.ts"
import { type Credentials, checkCredentials } from "../identity/credentials.ts"
import { traitsOf } from "./algorithm.ts"
import { createAuthorize, type SignerOptions } from "./authorization.ts"
import { canonicalize, type ResolvedRequest } from "./canonical-request.ts"
import { createHeaderPlan, type HeaderPlan } from "./header-plan.ts"

/** Credentials made ready to sign requests of which all is known. */
export interface SigningKey {
  /** Which headers are signed by default. */
  readonly plan: HeaderPlan
  /**
   * The headers to set, by lower-case name.
   *
   * @throws {AuthError} `AUTH_CREDENTIALS_EXPIRED`, `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`
   */
  sign(request: ResolvedRequest): Record<string, string>
}

/** @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED` */
export function createSigningKey(credentials: Credentials, options: SignerOptions): SigningKey {
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = checkCredentials(credentials)
  const { algorithm = "SDK-HMAC-SHA256", alsoSigned } = options
  const plan = createHeaderPlan(traitsOf(algorithm).contentHashHeader, alsoSigned)
  const authorize = createAuthorize(accessKeyId, secretAccessKey, options)
  return {
    plan,
    sign(request) {
      if (expiresAt !== undefined && expiresAt <= request.signedAt) throw expired(expiresAt)
      const canonical = canonicalize(request, securityToken)
      const headers: Record<string, string> = { "x-sdk-date": canonical.date, authorization: authorize(canonical) }
      if (securityToken !== undefined) headers["x-security-token"] = securityToken
      return headers
    },
  }
}

function expired(expiresAt: number): AuthError {
  return new AuthError(
    "AUTH_CREDENTIALS_EXPIRED",
    `The AK/SK credentials expired at ${new Date(expiresAt).toISOString()}: supply new ones, or a credential provider that renews them.`,
  )
}
