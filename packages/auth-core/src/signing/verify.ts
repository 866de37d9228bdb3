import { isAuthError } from "../errors/auth-error.ts"
import { type SigningAlgorithm, traitsOf } from "./algorithm.ts"
import { parseAuthorization } from "./authorization.ts"
import { canonicalize, type SignableRequest } from "./canonical-request.ts"
import { payloadHash, UNSIGNED_PAYLOAD } from "./payload-hash.ts"
import { formatSdkDate, parseSdkDate } from "./sdk-date.ts"
import { createAuthorize } from "./signature.ts"
import { type HeaderRecord, headerRecord } from "./signed-headers.ts"

/**
 * Why a signature is not accepted.
 *
 * | code | when |
 * | --- | --- |
 * | `SIGNATURE_MISSING` | there is no Authorization header |
 * | `SIGNATURE_MALFORMED` | it, X-Sdk-Date or the list of signed headers is not of the form |
 * | `SIGNATURE_EXPIRED` | its time is further from the server's than is allowed |
 * | `ACCESS_KEY_UNKNOWN` | nobody has that AK |
 * | `SECURITY_TOKEN_INVALID` | the security token is missing, unsigned, or not the key's |
 * | `PAYLOAD_MISMATCH` | the content hash header does not fit the body |
 * | `BODY_TOO_LARGE` | more than 12 MB (12 * 1024 * 1024 bytes) |
 * | `SIGNATURE_MISMATCH` | the request, or the key, is not what was signed |
 */
export type VerifyFailureCode =
  | "SIGNATURE_MISSING"
  | "SIGNATURE_MALFORMED"
  | "SIGNATURE_EXPIRED"
  | "ACCESS_KEY_UNKNOWN"
  | "SECURITY_TOKEN_INVALID"
  | "PAYLOAD_MISMATCH"
  | "BODY_TOO_LARGE"
  | "SIGNATURE_MISMATCH"

/** `message` has the gateway's words; `canonicalRequest` is the server's, empty where there is none. */
export type VerifyResult =
  | { readonly ok: true; readonly accessKeyId: string }
  | {
      readonly ok: false
      readonly code: VerifyFailureCode
      readonly message: string
      readonly canonicalRequest: string
    }

export interface VerifyOptions {
  /** The secret of an AK; `undefined` when there is no such key. With a security token, that must come along, signed. */
  secretFor: (
    accessKeyId: string,
  ) => Promise<{ secretAccessKey: string; securityToken?: string | undefined } | undefined>
  /** The server's clock, epoch ms. @default Date.now */
  now?: (() => number) | undefined
  /** How far the signature's time may be from the server's, either way, milliseconds. @default 15 minutes */
  maxSkewMs?: number | undefined
}

/**
 * Checks the signature of a request that came in, by the rules of the gateway: what is listed as signed is what counts.
 *
 * Pass the method, the URL with the Host that was asked for, the headers and the very bytes that arrived.
 *
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"; its error code page for the messages
 */
export async function verify(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult> {
  const { secretFor, now = Date.now, maxSkewMs = 15 * 60_000 } = options
  const headers = headerRecord(request.headers)
  const header = headers["authorization"]
  if (header === undefined || header === "") return failure("SIGNATURE_MISSING", "x-auth-token not found")
  const claimed = parseAuthorization(header)
  const date = headers["x-sdk-date"]?.trim() ?? ""
  const signedAt = parseSdkDate(date)
  if (claimed === undefined || signedAt === undefined || !isSignable(claimed.signedHeaders)) {
    return failure("SIGNATURE_MALFORMED", "Authorization format incorrect")
  }
  const { algorithm, accessKeyId, scope, signedHeaders, signature } = claimed
  if (scope !== undefined && scope.slice(0, 8) !== date.slice(0, 8))
    return failure("SIGNATURE_MALFORMED", "Authorization format incorrect")
  const time = now()
  if (Math.abs(time - signedAt) > maxSkewMs) {
    return failure(
      "SIGNATURE_EXPIRED",
      `calc aksk signature fail:signature expired, signature time:${date},server time:${formatSdkDate(new Date(time))}`,
    )
  }
  const secret = await secretFor(accessKeyId)
  if (secret === undefined)
    return failure("ACCESS_KEY_UNKNOWN", `Get secretKey failed,ak:${accessKeyId},err:ak not exist`)
  if (
    secret.securityToken !== undefined &&
    !(signedHeaders.includes("x-security-token") && headers["x-security-token"]?.trim() === secret.securityToken)
  ) {
    return failure("SECURITY_TOKEN_INVALID", "decrypt token fail")
  }
  const arrived = { ...request, headers }
  try {
    const payload = payloadHashOf(arrived, headers, algorithm, signedHeaders)
    const [, region, service] = scope?.split("/") ?? []
    const canonical = canonicalize(arrived, { algorithm, signedHeaders, payloadHash: payload ?? "" }, undefined)
    if (payload === undefined) return failure("PAYLOAD_MISMATCH", MISMATCH, canonical.request)
    const authorization = createAuthorize(accessKeyId, secret.secretAccessKey, { algorithm, region, service })(
      canonical,
    )
    if (isSame(authorization.slice(-signature.length), signature)) return { ok: true, accessKeyId }
    return failure("SIGNATURE_MISMATCH", MISMATCH, canonical.request)
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error.code === "AUTH_BODY_TOO_LARGE") return failure("BODY_TOO_LARGE", "Request entity too large")
    return failure("SIGNATURE_MALFORMED", MISMATCH)
  }
}

const MISMATCH = "verify aksk signature fail"

/** Names as they must be listed: lower case, sorted, each once, X-Sdk-Date among them. */
function isSignable(names: readonly string[]): boolean {
  return (
    names.includes("x-sdk-date") &&
    names.every((name, index) => name === name.toLowerCase() && (index === 0 || (names[index - 1] ?? "") < name))
  )
}

/** The hash that takes part: the body's own, unless a signed header leaves it out; `undefined` when a header names another. */
function payloadHashOf(
  { body }: SignableRequest,
  headers: HeaderRecord,
  algorithm: SigningAlgorithm,
  signedHeaders: readonly string[],
): string | undefined {
  const { contentHashHeader } = traitsOf(algorithm)
  const actual = payloadHash(body, algorithm)
  const named = headers[contentHashHeader]?.trim()
  if (named === undefined || named.toLowerCase() === actual) return named ?? actual
  return named === UNSIGNED_PAYLOAD && signedHeaders.includes(contentHashHeader) ? named : undefined
}

/** Takes the same time wherever the first difference is. */
function isSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index++) difference |= a.charCodeAt(index) ^ b.charCodeAt(index)
  return difference === 0
}

function failure(code: VerifyFailureCode, message: string, canonical = ""): VerifyResult {
  return { ok: false, code, message, canonicalRequest: canonical }
}
