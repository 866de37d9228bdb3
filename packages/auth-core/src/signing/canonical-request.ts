import { AuthError } from "../errors/auth-error.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import { canonicalHeaders, signedHeaders } from "./canonical-headers.ts"
import { canonicalQueryString } from "./canonical-query-string.ts"
import { canonicalUri } from "./canonical-uri.ts"
import { isToken } from "./is-token.ts"
import { checkBody, payloadHash, UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { formatSdkDate, parseSdkDate } from "./sdk-date.ts"
import { createHeaderPlan, type HeaderPlan, keepChosen } from "./signed-headers.ts"
import { type WireUrl, wireUrl } from "./wire-url.ts"

/** A request to sign, as it will go on the wire. */
export interface SignableRequest {
  /** As it is sent, in practice upper case. */
  method: string
  /** Absolute. A string is taken as it is; a URL by its `href`. */
  url: string | URL
  /** Of these, only the headers to sign are read. A value counts as UTF-8 where it is not ASCII. */
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

/** What is signed, and the parts of it that the signature names. */
export interface Canonical {
  readonly request: string
  readonly signedHeaders: string
  /** X-Sdk-Date. */
  readonly date: string
  /** The same, epoch ms. */
  readonly signedAt: number
}

/**
 * The request in its normal form, the text whose hash is signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 * @see API Signing Guide, "Canonical request"
 */
export function canonicalRequest(request: SignableRequest, options: SignOptions = {}): string {
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const plan = createHeaderPlan(traitsOf(algorithm).contentHashHeader, undefined)
  return canonicalize(request, algorithm, plan, options, undefined).request
}

/**
 * The same, with what else a signature needs.
 *
 * @param usual which headers are signed where the options do not say
 */
export function canonicalize(
  request: SignableRequest,
  algorithm: SigningAlgorithm,
  usual: HeaderPlan,
  options: SignRequestOptions,
  securityToken: string | undefined,
): Canonical {
  const url = wireUrl(request.url)
  const plan =
    options.signedHeaders === undefined
      ? usual
      : createHeaderPlan(traitsOf(algorithm).contentHashHeader, options.signedHeaders)
  const { names } = plan.selection
  const values = plan.selection.read(request.headers)

  const signedAt = timeOf(options.date, values[plan.date])
  const date = formatSdkDate(signedAt)
  values[plan.date] = date
  values[plan.host] ??= url.host
  if (securityToken !== undefined) values[plan.securityToken] = securityToken
  if (options.payloadHash === UNSIGNED_PAYLOAD) values[plan.contentHash] = UNSIGNED_PAYLOAD
  const payload = values[plan.contentHash] ?? hashOf(request.body, options.payloadHash, algorithm)

  if (plan.chosen !== undefined) {
    const always = [names[plan.date]]
    if (securityToken !== undefined) always.push(names[plan.securityToken])
    if (payload === UNSIGNED_PAYLOAD) always.push(names[plan.contentHash])
    keepChosen(values, names, new Set([...plan.chosen, ...always]))
  }
  const signed = signedHeaders(names, values)
  return {
    request: canonicalText(request.method, url, canonicalHeaders(names, values), signed, payload),
    signedHeaders: signed,
    date,
    signedAt,
  }
}

/**
 * The parts, in lines.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when the method is no token, or the URL holds a control character.
 */
export function canonicalText(method: string, url: WireUrl, headers: string, signed: string, payload: string): string {
  if (!isToken(method)) {
    throw new AuthError("AUTH_INVALID_REQUEST", "The method must be an HTTP token, such as GET.")
  }
  return `${method}\n${canonicalUri(url.path)}\n${canonicalQueryString(url.query)}\n${headers}\n${signed}\n${payload}`
}

/** Epoch ms. */
function timeOf(date: Date | undefined, header: string | undefined): number {
  if (date !== undefined) return date instanceof Date ? date.getTime() : Number.NaN
  if (header === undefined) return Date.now()
  const time = parseSdkDate(header)
  if (time !== undefined) return time
  throw new AuthError("AUTH_INVALID_REQUEST", "The header x-sdk-date must be a UTC time such as 20191115T033655Z.")
}

const HASH = /^[\da-f]{64}$/

function hashOf(body: SignableRequest["body"], known: string | undefined, algorithm: SigningAlgorithm): string {
  if (known === undefined) return payloadHash(body, algorithm)
  if (!HASH.test(known)) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`payloadHash` must be a hash of 64 lower-case hex digits, or UNSIGNED-PAYLOAD.",
    )
  }
  if (body !== undefined && body !== null) checkBody(body)
  return known
}
