import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import { canonicalize } from "./canonicalize.ts"
import { headerPlans } from "./chosen-headers.ts"
import type { HeadersInput } from "./header-selection.ts"
import { settledRequest } from "./settled-request.ts"
import { createHeaderPlan } from "./signed-headers.ts"

/** A request to sign, as it will go on the wire. */
export interface SignableRequest {
  /** As it is sent, in practice upper case. */
  method: string
  /** Absolute. A string is taken as it is; a URL by its `href`. */
  url: string | URL
  /** Of these, only the headers to sign are read. A value counts as UTF-8 where it is not ASCII. */
  headers?: HeadersInput | undefined
  /** The bytes that are sent; a string is sent as UTF-8. */
  body?: string | Uint8Array | null | undefined
}

export interface SignOptions {
  /** @default "SDK-HMAC-SHA256" */
  algorithm?: SigningAlgorithm | undefined
  /** Time of the signature, to the second. @default the request's own x-sdk-date, else now */
  date?: Date | undefined
  /**
   * Names of the headers to sign. Always signed beside them: x-sdk-date, the security token of the credentials, and a
   * content hash header that says `UNSIGNED-PAYLOAD`.
   * @default host, x-sdk-date and, where present, x-project-id, x-domain-id, x-security-token and x-sdk-content-sha256
   * (x-sdk-content-sm3 under SM3)
   */
  signedHeaders?: readonly string[] | undefined
  /**
   * Hash of the body where it is known, in lower-case hex, so that it need not be computed; or `UNSIGNED-PAYLOAD`, which
   * leaves the body out and goes along as the content hash header. A content hash header of the request wins over a hash.
   * @default the hash of the body
   */
  payloadHash?: string | undefined
  /** Such as `cn-north-4`, or `globe`; V11-HMAC-SHA256 only. */
  region?: string | undefined
  /** Such as `iotda`; V11-HMAC-SHA256 only. */
  service?: string | undefined
}

/** The options that may differ from one request to the next. */
export type SignRequestOptions = Pick<SignOptions, "date" | "signedHeaders" | "payloadHash">

/**
 * The request in its normal form, the text whose hash is signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 * @see API Signing Guide, "Canonical request"
 */
export function canonicalRequest(request: SignableRequest, options: SignOptions = {}): string {
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const { contentHashHeader } = traitsOf(algorithm)
  const planOf = headerPlans(contentHashHeader, createHeaderPlan(contentHashHeader))
  return canonicalize(settledRequest(request, algorithm, planOf, options), undefined).request
}
