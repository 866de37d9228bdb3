import { AuthError, invalidOption, isAuthError } from "../errors/auth-error.ts"
import { parseBasic } from "./authorization.ts"
import { UNSIGNED_PAYLOAD } from "./canonicalizer.ts"
import { checkBody } from "./check-body.ts"
import { selectHeaders } from "./header-plan.ts"
import {
  createSignatureReader,
  failure,
  type ReceivedSignature,
  type RefusedSignature,
  type VerifiedSignature,
  type VerifyResult,
} from "./received-signature.ts"
import type { SignableRequest } from "./signer.ts"
import { createVerifyingKey, isSame } from "./verifying-key.ts"

/** A key that came with its secret. */
export interface VerifiedKey {
  /** True: the key is who it claims to be. */
  readonly ok: true
  /** The key of the caller. */
  readonly accessKeyId: string
}

/** `true` for every request, or a function that decides for each. */
export type AllowUnsigned = boolean | ((request: SignableRequest) => boolean | Promise<boolean>)

/** Options of {@link verify}. */
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
   * Type of the signature key by which API Gateway proves itself to a backend. A key of the type `hmac` makes a usual signature.
   * @default "hmac"
   */
  signType?: "hmac" | undefined
}

/** The options for signature keys of the type `basic`. */
export interface VerifyBasicOptions extends Pick<VerifyOptions, "secretFor"> {
  /** Type of the signature key: it proves who calls, and nothing about the request. */
  signType: "basic"
}

type Absent = undefined | null
type Awaitable<T> = T | Promise<T>

const AUTHORIZATION = selectHeaders(["authorization"])
/** A reader, and all that it remembers, lasts as long as the options of the caller. */
const readers = new WeakMap<object, ReturnType<typeof createSignatureReader>>()

function readerOf(options: object): ReturnType<typeof createSignatureReader> {
  const reader = readers.get(options) ?? createSignatureReader()
  readers.set(options, reader)
  return reader
}

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
  if (signType !== "hmac") throw invalidOption("`signType` must be hmac or basic.")
  return verifyHmac(request, options as VerifyOptions)
}

async function verifyHmac(request: SignableRequest, options: VerifyOptions): Promise<VerifyResult> {
  checkOptions(options)
  const time = (options.now ?? Date.now)()
  if (!Number.isFinite(time)) throw invalidOption("`now` must give the server's time in epoch milliseconds.")
  const { secretFor, maxSkewMs = 15 * 60_000, allowUnsignedHost, allowUnsignedPayload, scoped } = options
  const received = readerOf(options)(request, scoped === true)
  if (received.ok === false) return received
  const { accessKeyId, isHostSigned, payload } = received
  if (!isHostSigned && !(await isAllowed(allowUnsignedHost, request))) {
    return failure("HOST_UNSIGNED", "the signature does not cover the Host header")
  }
  const untimely = received.refuseTime(time, maxSkewMs)
  if (untimely !== undefined) return untimely
  const secret = await secretFor(accessKeyId)
  if (!hasSecret(secret)) {
    return failure("ACCESS_KEY_UNKNOWN", `Get secretKey failed,ak:${accessKeyId},err:ak not exist`)
  }
  const { secretAccessKey, securityToken } = secret
  const hasToken = securityToken !== undefined && securityToken !== null
  const key = createVerifyingKey(accessKeyId, secretAccessKey, hasToken ? String(securityToken) : undefined)
  if (received.keysWithToken([key]).length === 0) return failure("SECURITY_TOKEN_INVALID", "decrypt token fail")
  if (payload === UNSIGNED_PAYLOAD) {
    if (await isAllowed(allowUnsignedPayload, request)) return received.refuseSignature([key]) ?? verified(received)
    return failure("PAYLOAD_UNSIGNED", "the signature does not cover the body")
  }
  const { body } = request
  try {
    if (body !== undefined && body !== null) checkBody(body)
  } catch (error) {
    if (!isAuthError(error)) throw error
    if (error.code === "AUTH_BODY_TOO_LARGE") return failure("BODY_TOO_LARGE", "Request entity too large")
    return failure("SIGNATURE_MALFORMED", "verify aksk signature fail")
  }
  const hash = received.hashOf(body)
  return received.refusePayload(hash) ?? received.refuseSignature([key], hash) ?? verified(received)
}

function verified({ accessKeyId, signedHeaders, signedAt, signature }: ReceivedSignature): VerifiedSignature {
  return { ok: true, accessKeyId, signedHeaders, signedAt, signature }
}

function checkOptions(options: VerifyOptions): void {
  const { secretFor, now, maxSkewMs = 0, allowUnsignedHost, allowUnsignedPayload } = Object(options) as VerifyOptions
  if (typeof secretFor !== "function")
    throw invalidOption("`secretFor` must be a function that gives the secret of an AK.")
  if (now !== undefined && typeof now !== "function") throw invalidOption("`now` must be a function, such as Date.now.")
  if (typeof maxSkewMs !== "number" || !(maxSkewMs >= 0))
    throw invalidOption("`maxSkewMs` must be milliseconds, 0 or more.")
  for (const [name, allowed] of Object.entries({ allowUnsignedHost, allowUnsignedPayload })) {
    if (allowed !== undefined && typeof allowed !== "boolean" && typeof allowed !== "function") {
      throw invalidOption(`\`${name}\` must be true, false, or a function of the request.`)
    }
  }
}

async function isAllowed(allowed: AllowUnsigned | undefined, request: SignableRequest): Promise<boolean> {
  return (typeof allowed === "function" ? await allowed(request) : allowed) === true
}

async function verifyBasic(
  { headers }: SignableRequest,
  { secretFor }: VerifyBasicOptions,
): Promise<VerifiedKey | RefusedSignature> {
  if (typeof secretFor !== "function")
    throw invalidOption("`secretFor` must be a function that gives the secret of a key.")
  const authorization = AUTHORIZATION.read(headers)[0] ?? ""
  if (authorization === "") return failure("SIGNATURE_MISSING", "the request has no Authorization header")
  const sent = parseBasic(authorization)
  if (sent === undefined) return failure("SIGNATURE_MALFORMED", "Unauthorized")
  const { accessKeyId } = sent
  const secret = await secretFor(accessKeyId)
  if (!hasSecret(secret)) return failure("ACCESS_KEY_UNKNOWN", "nobody has that key")
  if (isSame(sent.secret, secret.secretAccessKey)) return { ok: true, accessKeyId }
  return failure("SIGNATURE_MISMATCH", "the secret is not that of the key")
}

/** A store may give null, or a key without its secret, which HMAC would accept as a key. */
function hasSecret<T extends { secretAccessKey: string }>(secret: T | Absent): secret is T {
  return typeof secret?.secretAccessKey === "string" && secret.secretAccessKey.trim() !== ""
}
