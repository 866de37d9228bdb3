import { AuthError, type AuthErrorCode } from "../errors/auth-error.ts"
import { type ErrorFields, readErrorFields, requestIdIn } from "../runtime/read-answer.ts"
import { redactText } from "../runtime/redact.ts"
import type { IamAnswer, IamConnection, IamRequest } from "./iam-connection.ts"

/** How long the console locks an account by default after too many wrong passwords. */
const ACCOUNT_LOCK_MS = 15 * 60_000

/** @see IAM API reference, "Error Codes" */
const ADVICE_BY_CODE: Readonly<Record<string, string>> = {
  "IAM.0061":
    "Too many wrong passwords locked the account, for 15 minutes unless its administrator set otherwise: correct the password before trying again.",
  "IAM.0062": "The password is wrong: correct it before trying again, since repeated failures lock the account.",
  "IAM.0063": "The token used for this call is not accepted: get a new one.",
  "IAM.0064": "The token used for this call lacks the permission: use a user that has it.",
  "IAM.0066": "The token used for this call has expired: get a new one.",
  "IAM.0067": "The token used for this call is not valid: get a new one.",
  "IAM.0080": "The access key is disabled: enable it, or use another.",
  "IAM.0081": "The user may use the console only: give it programmatic access.",
  "IAM.0082": "The user is disabled: enable it, or use another.",
  "IAM.0083": "The account may not use this region: use another region, or ask for access.",
}

const ADVICE_BY_STATUS: Readonly<Record<number, string>> = {
  400: "Correct the option that the message names.",
  401: "Check the caller and its secret.",
  403: "Give the caller the permission it lacks.",
  404: "Check the names and ids: they must exist in this account.",
}

/**
 * The error for an answer other than success.
 *
 * 401, 403 and a 404 with a code of IAM: `AUTH_CREDENTIALS_REJECTED`. 400: `AUTH_INVALID_OPTION`, since only other
 * options can help. 429, 503 with Retry-After, and a throttling code: `AUTH_THROTTLED`. 408, 409 and 5xx:
 * `AUTH_TOKEN_REQUEST_FAILED`. Redirects and the rest: `AUTH_TOKEN_RESPONSE_INVALID`, since they do not come from IAM.
 */
export function rejectionError(
  { endpoint, clock }: IamConnection,
  { action, advice, secrets }: IamRequest,
  answer: IamAnswer,
): AuthError {
  const { status, headers } = answer
  const fields = cleanFields(answer, secrets)
  const errorCode = fields.errorCode ?? ""
  const code = codeOf(status, fields, headers.get("retry-after") !== null)
  const waitMs =
    retryAfterMs(headers.get("retry-after"), answer.serverTime ?? clock.now()) ??
    (errorCode === "IAM.0061" ? ACCOUNT_LOCK_MS : undefined)
  const remedy =
    code === "AUTH_THROTTLED"
      ? `Wait ${waitMs === undefined ? "a while" : `${Math.ceil(waitMs / 1000)} s`} before the next try.`
      : code === "AUTH_TOKEN_REQUEST_FAILED"
        ? "Try again later."
        : code === "AUTH_TOKEN_RESPONSE_INVALID"
          ? "IAM does not answer like this: check the endpoint and any proxy in front of it."
          : (ADVICE_BY_CODE[errorCode] ?? specificAdvice(advice, status) ?? ADVICE_BY_STATUS[status] ?? "")
  const said = [`HTTP ${status}`, fields.errorCode, fields.errorMessage && `"${fields.errorMessage}"`]
  return new AuthError(
    code,
    `${action} failed: ${endpoint} answered ${said.filter(Boolean).join(", ")}. ${remedy}`.trimEnd(),
    { ...fields, status, endpoint, retryAfterMs: waitMs },
  )
}

function codeOf(status: number, { errorCode = "", errorMessage }: ErrorFields, hasRetryAfter: boolean): AuthErrorCode {
  const isThrottled = status === 429 || (status === 503 && hasRetryAfter) || /^API\w+\.0308$/.test(errorCode)
  if (isThrottled) return "AUTH_THROTTLED"
  if (status === 400) return "AUTH_INVALID_OPTION"
  if (status === 401 || status === 403) return "AUTH_CREDENTIALS_REJECTED"
  // *.0101 of the gateway, and pages of other servers, mean that there is no such API.
  if (status === 404 && errorMessage !== undefined && /^(IAM\.|PAP5\.|STS5\.|404$)/.test(errorCode)) {
    return "AUTH_CREDENTIALS_REJECTED"
  }
  if (status === 408 || status === 409 || status >= 500) return "AUTH_TOKEN_REQUEST_FAILED"
  return "AUTH_TOKEN_RESPONSE_INVALID"
}

function specificAdvice(advice: IamRequest["advice"], status: number): string | undefined {
  return status === 400 || status === 401 || status === 403 || status === 404 ? advice?.[status] : undefined
}

function cleanFields({ text, headers }: IamAnswer, secrets: readonly string[]): ErrorFields {
  const fields = readErrorFields(text)
  const clean = (value: string | null | undefined): string | undefined => {
    const shown = redactText(value ?? "", secrets).trim()
    return shown === "" ? undefined : shown
  }
  return {
    errorCode: clean(fields.errorCode),
    errorMessage: clean(isPage(fields.errorMessage) ? "" : fields.errorMessage),
    requestId: clean(fields.requestId ?? requestIdIn((name) => headers.get(name))),
    encodedAuthorizationMessage: clean(fields.encodedAuthorizationMessage),
  }
}

/** Pages of proxies and load balancers are useless in an error message. */
function isPage(text: string | undefined): boolean {
  return text !== undefined && /^\s*<(!doctype|html|\?xml)/i.test(text)
}

/** The longest wait that Retry-After can cause. A server that names a longer one is probably wrong. */
const LONGEST_MS = 60 * 60_000

/**
 * Reads Retry-After: seconds, or an HTTP date. More than an hour counts as an hour.
 *
 * @param now the time of the server's clock where it is known, epoch ms
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value) * 1000, LONGEST_MS)
  // Date.parse takes more than dates.
  const at = /^[A-Z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), LONGEST_MS)
}
