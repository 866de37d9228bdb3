import type { VerifyFailureCode } from "@countersign/auth-core"

/**
 * Why a request is refused.
 *
 * | code | status | when |
 * | --- | --- | --- |
 * | those of `verify` | 401 | see `VerifyFailureCode` of auth-core |
 * | `BODY_TOO_LARGE` | 413 | the body is larger than `maxBodyBytes` |
 * | `REQUEST_AMBIGUOUS` | 400 | two Host or Authorization headers, or a request target with a number sign or of another host |
 * | `CREDENTIALS_MISSING` | 401 | the route accepts no signatures, and the request has nothing that it accepts |
 * | `ALGORITHM_NOT_ALLOWED` | 401 | `algorithms` does not list the algorithm |
 * | `SCOPE_NOT_ALLOWED` | 401 | the signature names a region or a service that is not allowed |
 * | `SIGNATURE_REPLAYED` | 401 | the same request came before |
 * | `ACCESS_KEY_EXPIRED` | 401 | the temporary key is over |
 * | `ACCESS_KEY_LOCKED` | 401 | the key had too many failures |
 * | `TOKEN_INVALID` | 401 | IAM does not know the token, or it was revoked |
 * | `TOKEN_EXPIRED` | 401 | the token is over |
 * | `TOKEN_FORBIDDEN` | 403 | `tokenPolicy` does not let the caller in |
 * | `TOKEN_POLICY_FAILED` | 503 | a function as `tokenPolicy` threw, or gave neither true nor false |
 * | `LOCK_OUT_FAILED` | 503 | a lock-out of the program threw, or gave neither true nor false |
 * | `KEY_SOURCE_FAILED` | 503 | `keys` failed, took too long, or gave something malformed |
 * | `TOKEN_SOURCE_FAILED` | 503 | IAM failed, took too long, or refuses the service's own `auth` |
 * | `REPLAY_STORE_FAILED` | 503 | the replay store failed, took too long, gave no boolean, or is full |
 */
export type RefusalCode =
  | VerifyFailureCode
  | "REQUEST_AMBIGUOUS"
  | "CREDENTIALS_MISSING"
  | "ALGORITHM_NOT_ALLOWED"
  | "SCOPE_NOT_ALLOWED"
  | "SIGNATURE_REPLAYED"
  | "ACCESS_KEY_EXPIRED"
  | "ACCESS_KEY_LOCKED"
  | "TOKEN_INVALID"
  | "TOKEN_EXPIRED"
  | "TOKEN_FORBIDDEN"
  | "TOKEN_POLICY_FAILED"
  | "LOCK_OUT_FAILED"
  | "KEY_SOURCE_FAILED"
  | "TOKEN_SOURCE_FAILED"
  | "REPLAY_STORE_FAILED"

/** A request that is refused, with the answer to send. It holds no secret. */
export interface Refusal {
  /** False: the request must not be served. */
  readonly ok: false
  /** Names the failure. It is never renamed, so programs may compare it. */
  readonly code: RefusalCode
  /** HTTP status to answer with. */
  readonly status: number
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  /** JSON text. */
  readonly body: string
  /** In the gateway's words, where it has some. */
  readonly message: string
  /** The access key that the request claims, whether it exists or not. */
  readonly accessKeyId: string | undefined
  /** The failure behind a 503, or a mistake of the program. An error of the program's own may hold secrets. It is not in the answer. */
  readonly cause: unknown
}

/** An error for those who read a body as a stream: the stream fails with it. */
export class RequestRefused extends Error {
  /** `RequestRefused`, in every copy of the package. */
  override readonly name = "RequestRefused"
  /** The failure, and the answer to give. */
  readonly refusal: Refusal
  /** For frameworks that read the status of an error. */
  readonly status: number

  constructor(refusal: Refusal) {
    super(`The request was refused: ${refusal.message}.`, { cause: refusal.cause })
    this.refusal = refusal
    this.status = refusal.status
  }

  /** The answer to send, for frameworks that ask an error. */
  getResponse(): Response {
    return responseOf(this.refusal)
  }
}

/** Headers of a program's answer that do not belong to a refusal in its place: they are about its body, or for its caller. */
export const OF_THE_ANSWER = [
  "content-length",
  "content-encoding",
  "content-disposition",
  "content-range",
  "cache-control",
  "etag",
  "expires",
  "last-modified",
  "set-cookie",
] as const

/** The refusal as an answer of fetch. */
export function responseOf({ status, headers, body }: Refusal): Response {
  return new Response(body, { status, headers: { ...headers } })
}

/** `gateway`: as API Gateway answers. `problem`: problem+json (RFC 9457). */
export type RefusalFormat = "gateway" | "problem"

export interface RefusalFacts {
  readonly code: RefusalCode
  readonly message: string
  readonly accessKeyId?: string | undefined
  readonly cause?: unknown
  /** Shown in development only. */
  readonly canonicalRequest?: string
}

/**
 * @param challenges the authentication schemes for WWW-Authenticate
 * @see API Signing Guide, "Error Codes"; RFC 9457; RFC 9110, section 11.6.1
 */
export function createRefusals(format: RefusalFormat, challenges: string): (facts: RefusalFacts) => Refusal {
  return ({ code, message, accessKeyId, cause, canonicalRequest = "" }) => {
    const status = STATUSES[code] ?? 401
    const shown = canonicalRequest === "" ? "" : `, canonicalRequest:${canonicalRequest.replaceAll("\n", "|")}`
    const headers: Record<string, string> = { "content-type": "application/json" }
    if (status === 401) headers["www-authenticate"] = challenges
    if (status === 503) headers["retry-after"] = "1"
    let body: object
    if (format === "problem") {
      headers["content-type"] = "application/problem+json"
      body = { title: TITLES[status], status, detail: message + shown, code }
    } else {
      const words = status === 401 ? `Incorrect IAM authentication information: ${message}` : message
      body = { error_code: ERROR_CODES[status], error_msg: words + shown, reason: code }
    }
    return { ok: false, code, status, headers, body: JSON.stringify(body), message, accessKeyId, cause }
  }
}

/** All others are 401. */
const STATUSES: Readonly<Partial<Record<RefusalCode, number>>> = {
  REQUEST_AMBIGUOUS: 400,
  BODY_TOO_LARGE: 413,
  TOKEN_FORBIDDEN: 403,
  TOKEN_POLICY_FAILED: 503,
  LOCK_OUT_FAILED: 503,
  KEY_SOURCE_FAILED: 503,
  TOKEN_SOURCE_FAILED: 503,
  REPLAY_STORE_FAILED: 503,
}

const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  413: "Content Too Large",
  503: "Service Unavailable",
}

/** The gateway's own. */
const ERROR_CODES: Readonly<Record<number, string>> = {
  400: "APIGW.0201",
  401: "APIGW.0301",
  403: "APIGW.0302",
  413: "APIGW.0201",
  503: "APIGW.0202",
}
