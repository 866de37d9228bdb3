import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { redactCanonicalRequest } from "../runtime/redact.ts"
import { ALGORITHMS, algorithmOf } from "./algorithm.ts"
import { createSignatureCheck, isSame, parseAuthorization } from "./authorization.ts"
import { methodLine, UNSIGNED_PAYLOAD, usualForm } from "./canonicalizer.ts"
import { type CanonicalForm, canonicalEnd, selectHeaders } from "./header-plan.ts"
import { parseSdkDate } from "./server-time.ts"
import { payloadHash, type SignableRequest } from "./signer.ts"
import { formatSdkDate } from "./string-to-sign.ts"
import { urlParts } from "./url-parts.ts"

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
  readonly ok: true
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

/** A key that came with its secret. */
export interface VerifiedKey {
  readonly ok: true
  readonly accessKeyId: string
}

/** A signature that is refused. */
export interface RefusedSignature {
  readonly ok: false
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

export type VerifyResult = VerifiedSignature | RefusedSignature

/** `true` for every request, or a function that decides for each. */
export type AllowUnsigned = boolean | ((request: SignableRequest) => boolean | Promise<boolean>)

export interface VerifyOptions {
  /**
   * The secret of an AK; `undefined` or `null` when there is no such key. A key without a secret counts as none. If the key
   * has a security token, the request must carry it, signed.
   */
  secretFor: (
    accessKeyId: string,
  ) => Awaitable<{ secretAccessKey: string; securityToken?: string | undefined } | Absent>
  /** The server's clock, epoch ms. @default Date.now */
  now?: (() => number) | undefined
  /** How far the signature's time may be from the server's, either way, milliseconds from 0. @default 15 minutes */
  maxSkewMs?: number | undefined
  /** Accepts a signature without Host, as the gateway does. @default false */
  allowUnsignedHost?: AllowUnsigned | undefined
  /** Accepts a signature without the body (UNSIGNED-PAYLOAD), as the gateway does. @default false */
  allowUnsignedPayload?: AllowUnsigned | undefined
  /**
   * Accepts the older, scoped form of SDK-HMAC-SHA256 too, as Open Telekom Cloud's clients send it. It is weaker: it covers
   * only the first value of a repeated query parameter, and its signature of a POST without a body fits one with the query
   * as its body. @default false
   */
  scoped?: boolean | undefined
  /**
   * Type of the signature key by which API Gateway proves itself to a backend. What it sends for `hmac` is a usual signature.
   * @default "hmac"
   */
  signType?: "hmac" | undefined
}

/** The options for signature keys of the type `basic`. */
export interface VerifyBasicOptions extends Pick<VerifyOptions, "secretFor"> {
  signType: "basic"
}

type Absent = undefined | null
type Awaitable<T> = T | Promise<T>

const BASIC_HEADERS = selectHeaders([
  "authorization",
  "x-sdk-date",
  "x-security-token",
  ...Object.values(ALGORITHMS).map(({ contentHashHeader }) => contentHashHeader),
])

const MISMATCH = "verify aksk signature fail"

/**
 * Checks the signature of an incoming request. It must cover X-Sdk-Date, Host and the body, and covers the other headers
 * that it lists.
 *
 * Pass the method, the URL with the requested Host, the headers and the exact bytes that arrived. A key that needs a region
 * and a service is derived for those that the signature names. The caller decides whether they are the right ones.
 *
 * @throws {AuthError} (as a rejection) `AUTH_INVALID_OPTION` for malformed options, and when `now` gives no time. Errors of
 * `secretFor` pass through.
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"; its error code page for the messages
 */
export function verify(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult>
/**
 * Checks the key and the secret that API Gateway sends to a backend whose signature key is of the type `basic`. They prove
 * who calls, and nothing about the request. So take them by https alone.
 *
 * @throws {AuthError} (as a rejection) `AUTH_INVALID_OPTION`. Errors of `secretFor` pass through.
 * @see API Gateway user guide, "Signature Keys"
 */
export function verify(request: SignableRequest, options: VerifyBasicOptions): Promise<VerifiedKey | RefusedSignature>
/**
 * Is always rejected: Huawei Cloud does not document what API Gateway sends for these types of signature keys.
 *
 * @throws {AuthError} (as a rejection) `AUTH_ALGORITHM_UNSUPPORTED`
 */
export function verify(request: SignableRequest, options: { signType: "aes" | "public_key" }): Promise<never>
export async function verify(
  request: SignableRequest,
  options: VerifyOptions | VerifyBasicOptions | { signType: "aes" | "public_key" },
): Promise<VerifyResult | VerifiedKey> {
  const { signType = "hmac" } = Object(options) as typeof options
  if (signType === "aes" || signType === "public_key") {
    throw new AuthError(
      "AUTH_ALGORITHM_UNSUPPORTED",
      `A signature key of the type ${signType} cannot be verified, because Huawei Cloud does not document what API Gateway sends for it: use hmac, or basic.`,
    )
  }
  if (signType === "basic") return verifyBasic(request, options as VerifyBasicOptions)
  if (signType !== "hmac") throw invalid("`signType` must be hmac or basic")
  return verifyHmac(request, options as VerifyOptions)
}

async function verifyHmac(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult> {
  checkOptions(options)
  const time = (options.now ?? Date.now)()
  if (!Number.isFinite(time)) throw invalid("`now` must give the server's time in epoch milliseconds")
  try {
    return await verifySignable(request, options, time)
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error.code === "AUTH_BODY_TOO_LARGE") return failure("BODY_TOO_LARGE", "Request entity too large")
    if (error.code === "AUTH_ALGORITHM_UNSUPPORTED") return failure("ALGORITHM_UNSUPPORTED", error.message)
    return failure("SIGNATURE_MALFORMED", MISMATCH)
  }
}

function checkOptions(options: VerifyOptions): void {
  const { secretFor, now, maxSkewMs = 0, allowUnsignedHost, allowUnsignedPayload } = Object(options) as VerifyOptions
  if (typeof secretFor !== "function") throw invalid("`secretFor` must be a function that gives the secret of an AK")
  if (now !== undefined && typeof now !== "function") throw invalid("`now` must be a function, such as Date.now")
  if (typeof maxSkewMs !== "number" || !(maxSkewMs >= 0)) throw invalid("`maxSkewMs` must be milliseconds, 0 or more")
  for (const [name, allowed] of Object.entries({ allowUnsignedHost, allowUnsignedPayload })) {
    if (allowed !== undefined && typeof allowed !== "boolean" && typeof allowed !== "function") {
      throw invalid(`\`${name}\` must be true, false, or a function of the request`)
    }
  }
}

function invalid(problem: string): AuthError {
  return new AuthError("AUTH_INVALID_OPTION", `${problem}.`)
}

async function isAllowed(allowed: AllowUnsigned | undefined, request: SignableRequest): Promise<boolean> {
  return (typeof allowed === "function" ? await allowed(request) : allowed) === true
}

async function verifyBasic(
  { headers }: SignableRequest,
  { secretFor }: VerifyBasicOptions,
): Promise<VerifiedKey | RefusedSignature> {
  if (typeof secretFor !== "function") throw invalid("`secretFor` must be a function that gives the secret of a key")
  const authorization = BASIC_HEADERS.read(headers)[BASIC_HEADERS.positionOf("authorization")] ?? ""
  if (authorization === "") return failure("SIGNATURE_MISSING", "the request has no Authorization header")
  const [, accessKeyId, given] = /^([^:]+):(.+)$/s.exec(basicText(authorization)) ?? []
  if (accessKeyId === undefined || given === undefined) return failure("SIGNATURE_MALFORMED", "Unauthorized")
  const secret = await secretFor(accessKeyId)
  if (!hasSecret(secret)) return failure("ACCESS_KEY_UNKNOWN", "nobody has that key")
  if (isSame(given, secret.secretAccessKey)) return { ok: true, accessKeyId }
  return failure("SIGNATURE_MISMATCH", "the secret is not that of the key")
}

/** The text of Basic credentials (RFC 7617); empty for anything else. */
function basicText(authorization: string): string {
  const [, base64] = /^Basic +([A-Za-z\d+/]+={0,2})$/i.exec(authorization) ?? []
  if (base64 === undefined || base64.replace(/=+$/, "").length % 4 === 1) return ""
  return new TextDecoder().decode(Uint8Array.from(atob(base64), (character) => character.charCodeAt(0)))
}

async function verifySignable(
  request: SignableRequest,
  { secretFor, maxSkewMs = 15 * 60_000, allowUnsignedHost, allowUnsignedPayload, scoped = false }: VerifyOptions,
  time: number,
): Promise<VerifyResult> {
  const basic = BASIC_HEADERS.read(request.headers)
  const read = (name: string): string | undefined => basic[BASIC_HEADERS.positionOf(name)]
  const authorization = read("authorization") ?? ""
  const date = read("x-sdk-date") ?? ""
  if (authorization === "") return failure("SIGNATURE_MISSING", "x-auth-token not found")
  const claimed = parseAuthorization(authorization)
  const signedAt = parseSdkDate(date)
  if (claimed === undefined || signedAt === undefined) return failure("SIGNATURE_MALFORMED", "Unauthorized")
  const { accessKeyId, day, signedHeaders, signature } = claimed
  const isOfItsDay = day === undefined || date.startsWith(day)
  if ((claimed.scoped && !scoped) || !isOfItsDay || !isSignable(signedHeaders))
    return failure("SIGNATURE_MALFORMED", "Unauthorized")
  if (!signedHeaders.includes("host") && !(await isAllowed(allowUnsignedHost, request))) {
    return failure("HOST_UNSIGNED", "the signature does not cover the Host header")
  }

  if (!(Math.abs(time - signedAt) <= maxSkewMs)) {
    const times = `signature time:${date},server time:${formatSdkDate(time)}`
    return failure("SIGNATURE_EXPIRED", `calc aksk signature fail:signature expired, ${times}`)
  }
  const secret = await secretFor(accessKeyId)
  if (!hasSecret(secret)) {
    return failure("ACCESS_KEY_UNKNOWN", `Get secretKey failed,ak:${accessKeyId},err:ak not exist`)
  }
  if (secret.securityToken !== undefined && secret.securityToken !== null) {
    const securityToken = read("x-security-token") ?? ""
    const isSigned = signedHeaders.includes("x-security-token")
    if (!isSigned || securityToken === "" || !isSame(securityToken, String(secret.securityToken))) {
      return failure("SECURITY_TOKEN_INVALID", "decrypt token fail")
    }
  }

  const { hash, contentHashHeader, canonicalForm } = algorithmOf(claimed)
  const named = read(contentHashHeader)
  const isUnsigned = named === UNSIGNED_PAYLOAD && signedHeaders.includes(contentHashHeader)
  if (isUnsigned && !(await isAllowed(allowUnsignedPayload, request))) {
    return failure("PAYLOAD_UNSIGNED", "the signature does not cover the body")
  }
  const actual = isUnsigned ? UNSIGNED_PAYLOAD : payloadHash(request.body, hash)
  const { text, isComplete } = canonicalOf(request, signedHeaders, named ?? actual, canonicalForm)
  if (named !== undefined && named.toLowerCase() !== actual.toLowerCase()) {
    return failure("PAYLOAD_MISMATCH", MISMATCH, text)
  }
  const isSigned = createSignatureCheck(claimed, secret.secretAccessKey, date)
  if (isComplete && isSigned(text)) return { ok: true, accessKeyId, signedHeaders, signedAt, signature }
  return failure("SIGNATURE_MISMATCH", MISMATCH, text)
}

/** A missing header has an empty line in the text. */
function canonicalOf(
  { method, url, headers }: SignableRequest,
  signedHeaders: readonly string[],
  payload: string,
  form: CanonicalForm = usualForm,
): { text: string; isComplete: boolean } {
  const { names, positionOf, read } = selectHeaders(signedHeaders)
  const wire = urlParts(url)
  const found = read(headers)
  const host = positionOf("host")
  if (host >= 0) found[host] ??= wire.host
  const signed = { values: found.map((value = "") => value), payload }
  const { text } = form(methodLine(method), wire, signed, (end) => canonicalEnd(names, end))
  return { text, isComplete: !found.includes(undefined) }
}

/** The list must be in lower case, sorted, without repeats, and name X-Sdk-Date. */
function isSignable(names: readonly string[]): boolean {
  const isSorted = names.every((name, index) => index === 0 || (names[index - 1] ?? "") < name)
  return isSorted && names.includes("x-sdk-date") && names.every((name) => name === name.toLowerCase())
}

/** A store may give null, or a key without its secret, which HMAC would accept as a key. */
function hasSecret<T extends { secretAccessKey: string }>(secret: T | Absent): secret is T {
  return typeof secret?.secretAccessKey === "string" && secret.secretAccessKey.trim() !== ""
}

function failure(code: VerifyFailureCode, message: string, canonical = ""): RefusedSignature {
  return { ok: false, code, message, canonicalRequest: canonical && redactCanonicalRequest(canonical) }
}
