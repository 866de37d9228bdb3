import { AuthError } from "../errors/auth-error.ts"
import { type ContentHashHeader, type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import { canonicalize, type ResolvedRequest } from "./canonical-request.ts"
import { checkBody } from "./check-body.ts"
import { createHeaderPlan, type HeaderPlan, type HeadersInput } from "./header-plan.ts"
import { bodyHash, UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { parseSdkDate } from "./server-time.ts"

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
  return canonicalize(resolveRequest(request, algorithm, planOf, options), undefined).request
}

/**
 * Finds what the options leave open: the time, the payload hash, the headers to sign.
 *
 * @param planOf which headers are signed, by those that the options name
 * @throws {AuthError} `AUTH_INVALID_REQUEST`, `AUTH_INVALID_OPTION`, `AUTH_BODY_TOO_LARGE`, `AUTH_BODY_UNSIGNABLE`
 */
export function resolveRequest(
  { method, url, headers, body }: SignableRequest,
  algorithm: SigningAlgorithm,
  planOf: (chosen: readonly string[] | undefined) => HeaderPlan,
  { date, signedHeaders, payloadHash: known }: SignRequestOptions,
): ResolvedRequest {
  const plan = planOf(signedHeaders)
  const values = plan.selection.read(headers)
  const signedAt = timeOf(date, values[plan.date])
  if (known === UNSIGNED_PAYLOAD) values[plan.contentHash] = UNSIGNED_PAYLOAD
  const payload = values[plan.contentHash] ?? hashOf(body, known, algorithm)
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

/**
 * Lower-case hex of the hash of a body that anybody may have given; a string counts as UTF-8, no body as the empty one.
 *
 * @throws {AuthError} `AUTH_BODY_TOO_LARGE` above 12 MB (12 * 1024 * 1024 bytes); `AUTH_BODY_UNSIGNABLE` for anything but
 * text and bytes.
 */
export function payloadHash(body: string | Uint8Array | null | undefined, algorithm: SigningAlgorithm): string {
  if (body !== undefined && body !== null) checkBody(body)
  return bodyHash(body, algorithm)
}

/**
 * The plan for what a request chooses to sign, or the usual one where it leaves that open. The last choice is kept, since
 * requests in a row mostly choose alike.
 */
export function headerPlans(
  contentHashHeader: ContentHashHeader,
  usual: HeaderPlan,
): (chosen: readonly string[] | undefined) => HeaderPlan {
  let last: { names: readonly string[]; plan: HeaderPlan } | undefined
  return (chosen) => {
    if (chosen === undefined) return usual
    if (last === undefined || !isSameList(last.names, chosen)) {
      const plan = chosenHeaderPlan(contentHashHeader, chosen)
      last = { names: [...chosen], plan }
    }
    return last.plan
  }
}

function isSameList(a: readonly string[], b: readonly string[]): boolean {
  return Array.isArray(b) && a.length === b.length && a.every((name, index) => name === b[index])
}

/**
 * Signs what is chosen in place of what is signed by default; and always x-sdk-date, the security token of the credentials,
 * and a content hash header that leaves the payload out.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is none, or is Authorization.
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
    `The header ${name} is to be signed, but the request has none: add it, or leave it out of \`signedHeaders\`.`,
  )
}
