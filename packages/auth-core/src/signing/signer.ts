import { AuthError } from "../errors/auth-error.ts"
import { checkCredentials } from "../identity/check-credentials.ts"
import type { Credentials } from "../identity/credentials.ts"
import { traitsOf } from "./algorithm.ts"
import { canonicalize, type SignableRequest, type SignRequestOptions } from "./canonical-request.ts"
import { UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { createAuthorize, type SignerOptions } from "./signature.ts"
import { createHeaderPlan } from "./signed-headers.ts"

/** Credentials made ready to sign many requests. */
export interface Signer {
  /**
   * The headers to set, by lower-case name: `x-sdk-date`, `authorization`, and where used `x-security-token` and the content
   * hash header. Synchronous.
   *
   * @throws {AuthError} `AUTH_CREDENTIALS_EXPIRED` when they are past their end at the time of the signature;
   * `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`.
   */
  sign(request: SignableRequest, options?: SignRequestOptions): Record<string, string>
}

const NO_OPTIONS: SignRequestOptions = {}

/**
 * Does once what depends on the credentials alone.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, `AUTH_INVALID_OPTION`, `AUTH_ALGORITHM_UNSUPPORTED`
 */
export function createSigner(credentials: Credentials, options: SignerOptions = {}): Signer {
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = checkCredentials(credentials)
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const { contentHashHeader } = traitsOf(algorithm)
  const plan = createHeaderPlan(contentHashHeader, undefined, options.alsoSigned)
  const authorize = createAuthorize(accessKeyId, secretAccessKey, options)
  return {
    sign(request, requestOptions = NO_OPTIONS) {
      const canonical = canonicalize(request, algorithm, plan, requestOptions, securityToken)
      if (expiresAt !== undefined && expiresAt <= canonical.signedAt) throw expired(expiresAt)
      const headers: Record<string, string> = { "x-sdk-date": canonical.date, authorization: authorize(canonical) }
      if (securityToken !== undefined) headers["x-security-token"] = securityToken
      if (requestOptions.payloadHash === UNSIGNED_PAYLOAD) headers[contentHashHeader] = UNSIGNED_PAYLOAD
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
