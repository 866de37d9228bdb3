import { AuthError } from "../errors/auth-error.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import { canonicalQueryString } from "./canonical-query-string.ts"
import { canonicalUri } from "./canonical-uri.ts"
import { payloadHash, UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { formatSdkDate } from "./sdk-date.ts"
import { canonicalHeaders, type HeaderRecord, headerRecord, signedHeaderNames } from "./signed-headers.ts"
import { wireUrl } from "./wire-url.ts"

/** A request to sign, as it will go on the wire. */
export interface SignableRequest {
  /** As it is sent, in practice upper case. */
  method: string
  /** Absolute. A string is taken as it is; a URL by its `href`. */
  url: string | URL
  headers?: HeadersInit | undefined
  /** The bytes that are sent; a string is sent as UTF-8. */
  body?: string | Uint8Array | null | undefined
}

export interface SignOptions {
  /** @default "SDK-HMAC-SHA256" */
  algorithm?: SigningAlgorithm | undefined
  /** Time of the signature, to the second. @default the request's own x-sdk-date, else now */
  date?: Date | undefined
  /**
   * Names of the headers to sign; x-sdk-date always is.
   * @default host, x-sdk-date and, where present, x-project-id, x-domain-id, x-security-token and the content hash header
   */
  signedHeaders?: readonly string[] | undefined
  /**
   * Hash of the body where it is known, in hex, so that it need not be computed; or `UNSIGNED-PAYLOAD`, which leaves the
   * body out and goes along as the content hash header.
   * @default the content hash header of the request, else the hash of the body
   */
  payloadHash?: string | undefined
  /** Such as `cn-north-4`, or `globe`; V11-HMAC-SHA256 only. */
  region?: string | undefined
  /** Such as `iotda`; V11-HMAC-SHA256 only. */
  service?: string | undefined
}

/** What is signed, and the headers that the signature adds to the request. */
export interface Canonical {
  readonly request: string
  readonly signedHeaders: string
  readonly date: string
  readonly added: Record<string, string>
}

/**
 * The request in its normal form, the text whose hash is signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`
 * @see API Signing Guide, "Canonical request"
 */
export function canonicalRequest(request: SignableRequest, options: SignOptions = {}): string {
  return canonicalize(request, options, undefined).request
}

/** The same, with what else a signature needs. */
export function canonicalize(
  request: SignableRequest,
  options: SignOptions,
  securityToken: string | undefined,
): Canonical {
  const { method, body } = request
  if (typeof method !== "string" || !TOKEN.test(method)) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      "The method must be an HTTP token such as GET: letters, digits and !#$%&'*+-.^_`|~ only.",
    )
  }
  const { algorithm = "SDK-HMAC-SHA256", date } = options
  const { contentHashHeader } = traitsOf(algorithm)
  const { host, path, query } = wireUrl(request.url)
  const given = headerRecord(request.headers)

  const added: Record<string, string> = { "x-sdk-date": sdkDate(date, given) }
  if (securityToken !== undefined) added["x-security-token"] = securityToken
  if (options.payloadHash === UNSIGNED_PAYLOAD) added[contentHashHeader] = UNSIGNED_PAYLOAD
  const headers: HeaderRecord = { host, ...given, ...added }

  const hash = options.payloadHash ?? headers[contentHashHeader]?.trim() ?? payloadHash(body, algorithm)
  const names = signedHeaderNames(headers, options.signedHeaders)
  const signedHeaders = names.join(";")
  return {
    request: `${method}\n${canonicalUri(path)}\n${canonicalQueryString(query)}\n${canonicalHeaders(headers, names)}\n${signedHeaders}\n${hash}`,
    signedHeaders,
    date: added["x-sdk-date"] as string,
    added,
  }
}

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

function sdkDate(date: Date | undefined, headers: HeaderRecord): string {
  if (date !== undefined) return formatSdkDate(date)
  const own = headers["x-sdk-date"]?.trim()
  return own === undefined ? formatSdkDate(new Date()) : own
}
