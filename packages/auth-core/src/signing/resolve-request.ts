import type { HashAlgorithm } from "../digest/digest.ts"
import { AuthError } from "../errors/auth-error.ts"
import { rememberLast } from "../runtime/remember-last.ts"
import { algorithmOf, type ContentHashHeader, type SigningAlgorithm } from "./algorithm.ts"
import { createCanonicalizer, type ResolvedRequest } from "./canonicalizer.ts"
import { checkBody } from "./check-body.ts"
import { createHeaderPlan, type HeaderPlan, type HeadersInput } from "./header-plan.ts"
import { payloadHashOf, UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { parseSdkDate } from "./server-time.ts"
import { formatSdkDate } from "./string-to-sign.ts"

/** A request to sign, as it will go on the wire. */
export interface SignableRequest {
  /** As it is sent, usually upper case. */
  method: string
  /** Absolute. A string is signed as it is, a URL by its `href`. */
  url: string | URL
  /** Only the headers to sign are read. A value that is not ASCII counts as UTF-8. */
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
   * Names of the headers to sign. x-sdk-date, the security token of the credentials, and a content hash header that says
   * `UNSIGNED-PAYLOAD` are always signed.
   * @default host, x-sdk-date and, where present, x-project-id, x-domain-id, x-security-token and x-sdk-content-sha256
   * (x-sdk-content-sm3 under SM3)
   */
  signedHeaders?: readonly string[] | undefined
  /**
   * Hash of the body in lower-case hex, when you know it already; or `UNSIGNED-PAYLOAD`, which leaves the body out and is sent
   * as the content hash header. A content hash header of the request wins over a hash.
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
 * The request in its canonical form: the text whose hash is signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 * @see API Signing Guide, "Canonical request"
 */
export function canonicalRequest(request: SignableRequest, options: SignOptions = {}): string {
  const { algorithm = "SDK-HMAC-SHA256" } = options
  const { hash, contentHashHeader } = algorithmOf(algorithm)
  const planOf = headerPlans(contentHashHeader, createHeaderPlan(contentHashHeader))
  const resolved = resolveRequest(request, hash, planOf, options)
  return createCanonicalizer(undefined)(resolved, formatSdkDate(resolved.signedAt)).text
}

/**
 * Settles the time, the payload hash and the headers to sign.
 *
 * @param planOf gives the header plan for the names in the options
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 */
export function resolveRequest(
  { method, url, headers, body }: SignableRequest,
  hash: HashAlgorithm,
  planOf: (chosen: readonly string[] | undefined) => HeaderPlan,
  { date, signedHeaders, payloadHash: known }: SignRequestOptions,
): ResolvedRequest {
  const plan = planOf(signedHeaders)
  const values = plan.selection.read(headers)
  const signedAt = timeOf(date, values[plan.date])
  if (known === UNSIGNED_PAYLOAD) values[plan.contentHash] = UNSIGNED_PAYLOAD
  const payload = values[plan.contentHash] ?? hashOf(body, known, hash)
  return { method, url, plan, values, signedAt, payload }
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

function hashOf(body: SignableRequest["body"], known: string | undefined, hash: HashAlgorithm): string {
  if (known === undefined) return payloadHash(body, hash)
  if (!HASH.test(known)) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`payloadHash` must be a hash of 64 lower-case hex digits, or UNSIGNED-PAYLOAD.",
    )
  }
  if (body !== undefined && body !== null) checkBody(body)
  return known
}

/**
 * Checks a body and hashes it. A string counts as UTF-8, no body as the empty one.
 *
 * @returns lower-case hex
 * @throws {AuthError} as {@link checkBody}
 */
export function payloadHash(body: string | Uint8Array | null | undefined, hash: HashAlgorithm): string {
  if (body !== undefined && body !== null) checkBody(body)
  return payloadHashOf(body, hash)
}

/** Gives the plan for the headers that a request chooses to sign, or the usual plan when it chooses none. */
export function headerPlans(
  contentHashHeader: ContentHashHeader,
  usual: HeaderPlan,
): (chosen: readonly string[] | undefined) => HeaderPlan {
  // Most requests in a row choose alike.
  const planOf = rememberLast((chosen: readonly string[]) => chosenHeaderPlan(contentHashHeader, chosen), isSameList)
  // Copied, because the caller may change the list.
  return (chosen) => (chosen === undefined ? usual : planOf(Array.isArray(chosen) ? [...chosen] : chosen))
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return Array.isArray(b) && a.length === b.length && a.every((name, index) => name === b[index])
}

/**
 * Signs the chosen headers instead of the default ones, and always x-sdk-date, the security token of the credentials, and a
 * content hash header that leaves the payload out.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is not a header name, or is Authorization.
 */
function chosenHeaderPlan(contentHashHeader: ContentHashHeader, chosen: readonly string[]): HeaderPlan {
  const plan = createHeaderPlan(contentHashHeader, chosen)
  const { names } = plan.selection
  const lowerCase = new Set(chosen.map((name) => name.toLowerCase()))
  const isChosen = names.map((name) => lowerCase.has(name))
  return {
    ...plan,
    keepChosen(values, payload, hasSecurityToken) {
      for (let position = 0; position < names.length; position++) {
        const isAlways =
          position === plan.date ||
          (position === plan.securityToken && hasSecurityToken) ||
          (position === plan.contentHash && payload === UNSIGNED_PAYLOAD)
        if (!isChosen[position] && !isAlways) values[position] = undefined
        else if (values[position] === undefined) throw missing(names[position])
      }
    },
  }
}

function missing(name: string | undefined): AuthError {
  return new AuthError(
    "AUTH_INVALID_REQUEST",
    `The request has no header ${name} to sign: add it, or leave it out of \`signedHeaders\`.`,
  )
}
