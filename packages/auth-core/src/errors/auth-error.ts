/**
 * The kind of failure, as a word that never changes its meaning.
 *
 * | code | when | what to do |
 * | --- | --- | --- |
 * | `AUTH_INVALID_OPTION` | an option is missing or malformed, or IAM answers 400 or has nothing of that name | correct the call; thrown at construction where possible |
 * | `AUTH_INVALID_REQUEST` | the request cannot be signed as it stands: relative URL, bad method, line break in a signed header; or its host is not listed, and `unlisted` is `error` | correct the request |
 * | `AUTH_INVALID_CREDENTIALS` | an AK, SK, token or profile file is malformed | correct the credential |
 * | `AUTH_CREDENTIALS_MISSING` | no source has a credential | configure one; the message lists what each source said |
 * | `AUTH_CREDENTIALS_EXPIRED` | a fixed credential has expired | supply a new one |
 * | `AUTH_CREDENTIALS_REJECTED` | IAM refuses the identity: wrong password, disabled key, missing permission; or a gateway found the signature of an access key wrong twice in a row | correct it; not sent again before `retryAfterMs` is over |
 * | `AUTH_THROTTLED` | IAM answers 429, or 503 with a time to wait | wait `retryAfterMs`, where it is known |
 * | `AUTH_TOKEN_REQUEST_FAILED` | IAM cannot be reached, times out or answers 5xx | retry later; a still valid value stays in use |
 * | `AUTH_TOKEN_RESPONSE_INVALID` | IAM answers something that holds no usable credential | check the endpoint |
 * | `AUTH_BODY_TOO_LARGE` | the body exceeds what AK/SK can sign, 12 MB (12 * 1024 * 1024 bytes) | use a token, or `autoAuth` |
 * | `AUTH_BODY_UNSIGNABLE` | the body is of a kind that cannot be turned into bytes, or was consumed | send bytes, or opt in to UNSIGNED-PAYLOAD |
 * | `AUTH_ALGORITHM_UNSUPPORTED` | the program lacks the algorithm or its hash | import the entry that the message names, such as `@countersign/auth-core/sm3` |
 * | `AUTH_INSECURE_URL` | a secret would cross the network, or a proxy, in clear | use https, or `allowInsecure` |
 * | `AUTH_REDIRECT_BLOCKED` | a redirect cannot be authenticated, because the runtime hides it, or a layer below the authentication follows it | call the final URL |
 */
export type AuthErrorCode =
  | "AUTH_INVALID_OPTION"
  | "AUTH_INVALID_REQUEST"
  | "AUTH_INVALID_CREDENTIALS"
  | "AUTH_CREDENTIALS_MISSING"
  | "AUTH_CREDENTIALS_EXPIRED"
  | "AUTH_CREDENTIALS_REJECTED"
  | "AUTH_THROTTLED"
  | "AUTH_TOKEN_REQUEST_FAILED"
  | "AUTH_TOKEN_RESPONSE_INVALID"
  | "AUTH_BODY_TOO_LARGE"
  | "AUTH_BODY_UNSIGNABLE"
  | "AUTH_ALGORITHM_UNSUPPORTED"
  | "AUTH_INSECURE_URL"
  | "AUTH_REDIRECT_BLOCKED"

/** The facts of a failure, besides its message. None may hold a secret. */
export interface AuthErrorDetails {
  /** The error behind it, without secrets. */
  cause?: unknown
  /** HTTP status of the answer. */
  status?: number | undefined
  /** `error_code` of the answer, such as `APIGW.0301` or `IAM.0062`. */
  errorCode?: string | undefined
  /** `error_msg` of the answer. */
  errorMessage?: string | undefined
  /** `request_id` of the answer, which Huawei Cloud support asks for. */
  requestId?: string | undefined
  /** The policies behind a refusal by IAM v5, encoded. `sts:decode-authorization-message` decodes them. */
  encodedAuthorizationMessage?: string | undefined
  /** Origin that answered, or was meant to. */
  endpoint?: string | undefined
  /** How long to wait before the next try, milliseconds. */
  retryAfterMs?: number | undefined
}

const isAuthErrorMark = Symbol.for("@countersign/auth-core/AuthError")

/** Every failure of this library: `code` says which, the message says what happened, to what, and what to do. */
export class AuthError extends Error {
  /** `AuthError`, in every copy of the package. */
  override readonly name = "AuthError"
  /** Names the failure. It is never renamed, so programs may compare it. */
  readonly code: AuthErrorCode
  /** HTTP status of the answer. */
  declare readonly status?: number
  /** `error_code` of the answer, such as `APIGW.0301` or `IAM.0062`. */
  declare readonly errorCode?: string
  /** `error_msg` of the answer. */
  declare readonly errorMessage?: string
  /** `request_id` of the answer, which Huawei Cloud support asks for. */
  declare readonly requestId?: string
  /** The policies behind a refusal by IAM v5, encoded. */
  declare readonly encodedAuthorizationMessage?: string
  /** Origin that answered, or was meant to. */
  declare readonly endpoint?: string
  /** How long to wait before the next try, milliseconds. */
  declare readonly retryAfterMs?: number

  constructor(code: AuthErrorCode, message: string, details: AuthErrorDetails = {}) {
    super(message)
    this.code = code
    for (const [name, value] of Object.entries(details)) {
      if (value !== undefined) Object.defineProperty(this, name, { value, enumerable: name !== "cause" })
    }
    Object.defineProperty(this, isAuthErrorMark, { value: true })
  }
}

/**
 * The error of an option that cannot be used: `AUTH_INVALID_OPTION`.
 * @param message with its full stop
 */
export function invalidOption(message: string): AuthError {
  return new AuthError("AUTH_INVALID_OPTION", message)
}

/** Whether a caught value is an {@link AuthError}, even one of another copy of this package. */
export function isAuthError(value: unknown): value is AuthError {
  return typeof value === "object" && value !== null && isAuthErrorMark in value
}
