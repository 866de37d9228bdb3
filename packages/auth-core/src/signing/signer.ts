import { AuthError } from "../errors/auth-error.ts"
import { checkCredentials } from "../identity/check-credentials.ts"
import type { Credentials } from "../identity/credentials.ts"
import { canonicalize, type SignableRequest, type SignOptions } from "./canonical-request.ts"
import { parseSdkDate } from "./sdk-date.ts"
import { createAuthorize, type SignatureOptions } from "./signature.ts"

/** Credentials made ready to sign many requests. */
export interface Signer {
  /**
   * The headers to set, by lower-case name: `x-sdk-date`, `authorization`, and where used `x-security-token` and the content
   * hash header. Synchronous.
   *
   * @throws {AuthError} `AUTH_CREDENTIALS_EXPIRED` when they are past their end at the time of the signature;
   * `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`.
   */
  sign(
    request: SignableRequest,
    options?: Pick<SignOptions, "date" | "signedHeaders" | "payloadHash">,
  ): Record<string, string>
}

/**
 * Does once what depends on the credentials alone.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 */
export function createSigner(credentials: Credentials, options: SignatureOptions = {}): Signer {
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = checkCredentials(credentials)
  const { algorithm } = options
  const authorize = createAuthorize(accessKeyId, secretAccessKey, options)
  return {
    sign(request, { date, signedHeaders, payloadHash } = {}) {
      const canonical = canonicalize(request, { algorithm, date, signedHeaders, payloadHash }, securityToken)
      const signedAt = parseSdkDate(canonical.date)
      if (signedAt === undefined) throw invalidDate()
      if (expiresAt !== undefined && expiresAt <= signedAt) throw expired(expiresAt)
      return { ...canonical.added, authorization: authorize(canonical) }
    },
  }
}

function invalidDate(): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", "The header x-sdk-date must be a UTC time such as 20191115T033655Z.")
}

function expired(expiresAt: number): AuthError {
  return new AuthError(
    "AUTH_CREDENTIALS_EXPIRED",
    `The AK/SK credentials expired at ${new Date(expiresAt).toISOString()}: supply new ones, or a credential provider that renews them.`,
  )
}
