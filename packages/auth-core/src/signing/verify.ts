import { isAuthError } from "../errors/auth-error.ts"
import { traitsOf } from "./algorithm.ts"
import { parseAuthorization } from "./authorization.ts"
import { canonicalHeaders } from "./canonical-headers.ts"
import type { SignableRequest } from "./canonical-request.ts"
import { canonicalText } from "./canonicalize.ts"
import { selectHeaders } from "./header-selection.ts"
import { parseSdkDate } from "./parse-sdk-date.ts"
import { UNSIGNED_PAYLOAD } from "./payload.ts"
import { payloadHash } from "./payload-hash.ts"
import { formatSdkDate } from "./sdk-date.ts"
import { createAuthorize } from "./signature.ts"
import { wireUrl } from "./wire-url.ts"

/**
 * Why a signature is not accepted.
 *
 * | code | when |
 * | --- | --- |
 * | `SIGNATURE_MISSING` | there is no Authorization header |
 * | `SIGNATURE_MALFORMED` | it, X-Sdk-Date or the list of signed headers is not of the form; or the request cannot be signed at all |
 * | `SIGNATURE_EXPIRED` | its time is further from the server's than is allowed |
 * | `ACCESS_KEY_UNKNOWN` | nobody has that AK |
 * | `SECURITY_TOKEN_INVALID` | the security token is missing, unsigned, or not the key's |
 * | `PAYLOAD_MISMATCH` | the content hash header does not fit the body, or says UNSIGNED-PAYLOAD without being signed |
 * | `BODY_TOO_LARGE` | more than 12 MB (12 * 1024 * 1024 bytes) |
 * | `SIGNATURE_MISMATCH` | the request, or the key, is not what was signed; or a signed header is gone |
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

/**
 * `message` has the words of the gateway, which puts "Incorrect IAM authentication information: " before them.
 * `canonicalRequest` is the one that was verified; empty when the failure came before that.
 */
export type VerifyResult =
  | { readonly ok: true; readonly accessKeyId: string }
  | {
      readonly ok: false
      readonly code: VerifyFailureCode
      readonly message: string
      readonly canonicalRequest: string
    }

export interface VerifyOptions {
  /** The secret of an AK; `undefined` when there is no such key. A security token of it must come along, signed. */
  secretFor: (
    accessKeyId: string,
  ) => Promise<{ secretAccessKey: string; securityToken?: string | undefined } | undefined>
  /** The server's clock, epoch ms. @default Date.now */
  now?: (() => number) | undefined
  /** How far the signature's time may be from the server's, either way, milliseconds. @default 15 minutes */
  maxSkewMs?: number | undefined
}

/** By byte order of the names. */
const BASIC_HEADERS = selectHeaders([
  "authorization",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
  "x-sdk-date",
  "x-security-token",
])

const MISMATCH = "verify aksk signature fail"

/**
 * Checks the signature of a request that came in, by the rules of the gateway: what is listed as signed is what counts.
 *
 * Pass the method, the URL with the Host that was asked for, the headers and the very bytes that arrived. A key that needs
 * a region and a service is derived for those that the signature names: whether they are the right ones is the caller's to
 * judge.
 *
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"; its error code page for the messages
 */
export async function verify(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult> {
  try {
    return await verifySignable(request, options)
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error.code === "AUTH_BODY_TOO_LARGE") return failure("BODY_TOO_LARGE", "Request entity too large")
    return failure("SIGNATURE_MALFORMED", MISMATCH)
  }
}

async function verifySignable(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult> {
  const { secretFor, now = Date.now, maxSkewMs = 15 * 60_000 } = options
  const [authorization = "", sha256, sm3, date = "", securityToken = ""] = BASIC_HEADERS.read(request.headers)
  if (authorization === "") return failure("SIGNATURE_MISSING", "x-auth-token not found")
  const claimed = parseAuthorization(authorization)
  const signedAt = parseSdkDate(date)
  if (claimed === undefined || signedAt === undefined) return failure("SIGNATURE_MALFORMED", "Unauthorized")
  const { algorithm, accessKeyId, scope, signedHeaders, signature } = claimed
  const isOfItsDay = scope === undefined || scope.startsWith(`${date.slice(0, 8)}/`)
  if (!isOfItsDay || !isSignable(signedHeaders)) return failure("SIGNATURE_MALFORMED", "Unauthorized")

  const time = now()
  if (Math.abs(time - signedAt) > maxSkewMs) {
    const times = `signature time:${date},server time:${formatSdkDate(time)}`
    return failure("SIGNATURE_EXPIRED", `calc aksk signature fail:signature expired, ${times}`)
  }
  const secret = await secretFor(accessKeyId)
  if (secret === undefined) {
    return failure("ACCESS_KEY_UNKNOWN", `Get secretKey failed,ak:${accessKeyId},err:ak not exist`)
  }
  if (secret.securityToken !== undefined) {
    const isSigned = signedHeaders.includes("x-security-token")
    if (!isSigned || !isSame(securityToken, secret.securityToken)) {
      return failure("SECURITY_TOKEN_INVALID", "decrypt token fail")
    }
  }

  const { contentHashHeader } = traitsOf(algorithm)
  const named = contentHashHeader === "x-sdk-content-sm3" ? sm3 : sha256
  const isUnsigned = named === UNSIGNED_PAYLOAD && signedHeaders.includes(contentHashHeader)
  const actual = isUnsigned ? UNSIGNED_PAYLOAD : payloadHash(request.body, algorithm)

  const url = wireUrl(request.url)
  const { names, positionOf, read } = selectHeaders(signedHeaders)
  const values = read(request.headers)
  const host = positionOf("host")
  if (host >= 0) values[host] ??= url.host
  const isComplete = !values.includes(undefined)
  const lines = canonicalHeaders(
    names,
    values.map((value = "") => value),
  )
  const canonical = canonicalText(request.method, url, ["", lines, signedHeaders.join(";"), named ?? actual].join("\n"))
  if (named !== undefined && named.toLowerCase() !== actual.toLowerCase()) {
    return failure("PAYLOAD_MISMATCH", MISMATCH, canonical)
  }
  const [, region, service] = scope?.split("/") ?? []
  const authorize = createAuthorize(accessKeyId, secret.secretAccessKey, { algorithm, region, service })
  const expected = authorize({ request: canonical, signedHeaders: "", date }).slice(-signature.length)
  if (isComplete && isSame(expected, signature)) return { ok: true, accessKeyId }
  return failure("SIGNATURE_MISMATCH", MISMATCH, canonical)
}

/** Names as they must be listed: lower case, sorted, each once, X-Sdk-Date among them. */
function isSignable(names: readonly string[]): boolean {
  const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name)
  return isSorted && names.includes("x-sdk-date") && names.every((name) => name === name.toLowerCase())
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
