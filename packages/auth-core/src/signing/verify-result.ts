import { redactCanonicalRequest } from "../runtime/redact.ts"

/**
 * Why a signature is not accepted.
 *
 * | code | when |
 * | --- | --- |
 * | `SIGNATURE_MISSING` | there is no Authorization header |
 * | `SIGNATURE_MALFORMED` | Authorization, X-Sdk-Date or the list of signed headers is malformed, the form is not allowed, or the request cannot be signed at all |
 * | `ALGORITHM_UNSUPPORTED` | this program lacks the algorithm; the message names the import that adds it |
 * | `HOST_UNSIGNED` | the signature leaves Host out, so it would be valid for another server too |
 * | `SIGNATURE_EXPIRED` | its time is further from the server's than is allowed |
 * | `ACCESS_KEY_UNKNOWN` | nobody has that AK, or it has no secret |
 * | `SECURITY_TOKEN_INVALID` | the security token is missing, unsigned, or not the key's |
 * | `PAYLOAD_UNSIGNED` | the signature leaves the body out (UNSIGNED-PAYLOAD) |
 * | `PAYLOAD_MISMATCH` | the content hash header does not fit the body, or says UNSIGNED-PAYLOAD without being signed |
 * | `BODY_TOO_LARGE` | more than 12 MB (12 * 1024 * 1024 bytes) |
 * | `SIGNATURE_MISMATCH` | the request or the key differs from those that signed, or a signed header is missing |
 */
export type VerifyFailureCode =
  | "SIGNATURE_MISSING"
  | "SIGNATURE_MALFORMED"
  | "ALGORITHM_UNSUPPORTED"
  | "HOST_UNSIGNED"
  | "SIGNATURE_EXPIRED"
  | "ACCESS_KEY_UNKNOWN"
  | "SECURITY_TOKEN_INVALID"
  | "PAYLOAD_UNSIGNED"
  | "PAYLOAD_MISMATCH"
  | "BODY_TOO_LARGE"
  | "SIGNATURE_MISMATCH"

/** A signature that fits the request. */
export interface VerifiedSignature {
  /** True: the owner of the key sent this request. */
  readonly ok: true
  /** The key of the caller. */
  readonly accessKeyId: string
  /** The headers that the signature covers: names in lower case, in byte order. */
  readonly signedHeaders: readonly string[]
  /** X-Sdk-Date, epoch ms. */
  readonly signedAt: number
  /**
   * Lower-case hex. The same signature again within the allowed skew is the same request again. But from a signature by
   * SDK-ECDSA-P256-SHA256 anybody can make a second one that fits, so remember such a request by its other parts.
   */
  readonly signature: string
}

/** A signature that is refused. */
export interface RefusedSignature {
  /** False: the request must not be served. */
  readonly ok: false
  /** Names the failure. It is never renamed, so programs may compare it. */
  readonly code: VerifyFailureCode
  /**
   * The gateway's words, without "Incorrect IAM authentication information: " before them; our own for a signature that the
   * gateway accepts.
   */
  readonly message: string
  /**
   * The canonical request that was verified, with the values of headers and query parameters that carry a credential
   * masked. Empty if the failure came earlier.
   */
  readonly canonicalRequest: string
}

/** The result of {@link verify}. */
export type VerifyResult = VerifiedSignature | RefusedSignature

/** @param canonical shown with its secrets masked */
export function failure(code: VerifyFailureCode, message: string, canonical = ""): RefusedSignature {
  return { ok: false, code, message, canonicalRequest: canonical && redactCanonicalRequest(canonical) }
}
