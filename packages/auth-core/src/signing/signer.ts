import type { Credentials } from "../identity/credentials.ts"
import { traitsOf } from "./algorithm.ts"
import type { SignableRequest, SignRequestOptions } from "./canonical-request.ts"
import { headerPlans } from "./chosen-headers.ts"
import { UNSIGNED_PAYLOAD } from "./payload.ts"
import { settledRequest } from "./settled-request.ts"
import type { SignerOptions } from "./signature.ts"
import { createSigningKey } from "./signing-key.ts"

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
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const { contentHashHeader } = traitsOf(algorithm)
  const key = createSigningKey(credentials, options)
  const planOf = headerPlans(contentHashHeader, key.plan)
  return {
    sign(request, requestOptions = NO_OPTIONS) {
      const headers = key.sign(settledRequest(request, algorithm, planOf, requestOptions))
      if (requestOptions.payloadHash === UNSIGNED_PAYLOAD) headers[contentHashHeader] = UNSIGNED_PAYLOAD
      return headers
    },
  }
}
