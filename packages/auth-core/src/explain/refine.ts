import { retryAfterMs } from "../iam/exchange.ts"
import { isSecretKeyLike } from "../identity/secret.ts"
import { parseAuthorization } from "../signing/authorization.ts"
import { parseSdkDate } from "../signing/server-time.ts"
import { type Answer, type AnswerFields, dateHeader, durationText, headersOf, timesIn } from "./answer.ts"
import { CAUSES, type Cause } from "./causes.ts"
import type { ExplainContext, ExplanationFields } from "./explanation.ts"
import { missingToken, scopeFault } from "./key-fault.ts"
import { shownAccessKeyId } from "./masked.ts"
import { signedRequest } from "./signed-parts.ts"

/** Details that the answer adds to its row of the table. */
export type Refinement = Partial<ExplanationFields>

type Refine = (answer: Answer, fields: AnswerFields, context: ExplainContext) => Refinement

const REFINEMENTS: { readonly [C in Cause]?: Refine } = {
  "clock-skew": refineClock,
  "access-key-unknown": refineUnknownKey,
  "access-key-locked": (answer) => lockedFor(answer, 5 * 60_000),
  "account-locked": (answer) => lockedFor(answer, 15 * 60_000),
  "token-expired": (_answer, { errorMessage }, context) => {
    const expiry = /expires_at: ?([\d-]+T[\d:.]+Z?)/i.exec(errorMessage ?? "")?.[1]
    return expiry === undefined ? refineToken(context) : { received: `a token that expired at ${expiry}` }
  },
  "token-invalid": (_answer, { errorMessage = "" }, context) =>
    // A temporary access key has a token too.
    /security ?token/i.test(errorMessage) ? {} : refineToken(context),
  "wrong-algorithm": (answer, fields, context) =>
    /^IOTDA\./i.test(fields.errorCode ?? "") ? refineIotda(answer, fields, context) : {},
  "app-credentials-refused": refineApp,
  "permission-denied": refinePermission,
  "agency-not-granted": refinePermission,
  "identity-refused": refineEndpoint,
}

export function refine(cause: Cause, answer: Answer, fields: AnswerFields, context: ExplainContext): Refinement {
  const wait = retryAfterMs(answer.headers["retry-after"] ?? null, dateHeader(answer) ?? Date.now())
  const waiting = wait === undefined || !CAUSES[cause].retryable ? {} : { retryAfterMs: wait }
  return { ...waiting, ...originOf(answer, fields), ...REFINEMENTS[cause]?.(answer, fields, context) }
}

/** Huawei Cloud's answers have a code or an id of the request. */
function originOf({ headers, action }: Answer, { errorCode, requestId }: AnswerFields): Refinement {
  const isNamed = errorCode !== undefined || requestId !== undefined || headers.server === "api-gateway"
  if (isNamed || action !== undefined || Object.keys(headers).length === 0) return {}
  return { evidence: ["The answer has no error code and no request id, so it may not come from Huawei Cloud."] }
}

/** Up to this offset the clock counts as right, and an old signature has another cause. */
const RIGHT_WITHIN_MS = 60_000

function refineClock(
  answer: Answer,
  { errorMessage }: AnswerFields,
  { receivedAt, request }: ExplainContext,
): Refinement {
  const { signed, server = dateHeader(answer) } = timesIn(errorMessage)
  const sent = parseSdkDate(headersOf(request?.headers)["x-sdk-date"] ?? "")
  if (sent !== undefined && signed !== undefined && sent !== signed) {
    const [expected, received] = [sent, signed].map((time) => new Date(time).toISOString())
    return ofCause("header-changed", { where: "header x-sdk-date", expected, received, confidence: "certain" })
  }
  if (server === undefined) return {}
  const now = receivedAt ?? (answer.isLive ? Date.now() : undefined)
  const times = {
    expected: new Date(server).toISOString(),
    ...(signed === undefined ? {} : { received: new Date(signed).toISOString() }),
  }
  const age =
    signed === undefined
      ? []
      : [
          `The signature's time is ${durationText(server - signed)} ${server > signed ? "behind" : "ahead of"} the server's.`,
        ]
  if (now === undefined) return { ...times, evidence: age }
  const offset = server - now
  const clock = `This machine's clock is ${durationText(offset)} ${offset > 0 ? "behind" : "ahead of"} the server's.`
  if (Math.abs(offset) > RIGHT_WITHIN_MS) return { ...times, confidence: "certain", evidence: [clock, ...age] }
  const { summary, fix } = CAUSES["signature-stale"]
  return {
    ...times,
    cause: "signature-stale",
    where: "request",
    summary,
    fix,
    confidence: "certain",
    evidence: [clock, ...age],
  }
}

/** Another cause, with its own facts. */
function ofCause(cause: Cause, facts: Refinement): Refinement {
  return { ...CAUSES[cause], cause, ...facts }
}

/** The same words answer a token and a signature. Without the request, the words hold. */
function refineToken({ request }: ExplainContext): Refinement {
  const headers = headersOf(request?.headers)
  const isSigned = parseAuthorization(headers.authorization ?? "") !== undefined
  if (!isSigned || headers["x-auth-token"] !== undefined) return {}
  return ofCause("credentials-refused", {
    where: "access key",
    confidence: "possible",
    summary: "The service refused the signature, without a reason.",
    fix: "Check that the access key is valid, that its user may use this service, and that the endpoint is in the user's region and cloud.",
    evidence: ["The request has a signature and no token, though the answer may name one."],
  })
}

/** IoTDA answers every fault of authentication in the same words. */
function refineIotda(_answer: Answer, _fields: AnswerFields, context: ExplainContext): Refinement {
  const signed = signedRequest(context, undefined)
  const fault = scopeFault(signed)
  if (fault !== undefined && fault.cause !== "wrong-algorithm") return ofCause(fault.cause, fault)
  const isToken = headersOf(context.request?.headers)["x-auth-token"] !== undefined
  if (signed.claimed === undefined && isToken) {
    return ofCause("token-invalid", { where: "token", confidence: "possible" })
  }
  if (signed.claimed?.algorithm !== "V11-HMAC-SHA256") return {}
  return ofCause("credentials-refused", {
    where: "access key",
    confidence: "possible",
    fix: "Check that the SK belongs to this AK, and that the user may use IoTDA. A new permission takes minutes to work.",
    evidence: ["The request is signed with V11-HMAC-SHA256, for the region of the host and the service iotdm."],
  })
}

/** An app authenticates by a key or by a code. */
function refineApp(_answer: Answer, { errorMessage = "" }: AnswerFields, { request }: ExplainContext): Refinement {
  const isSent = headersOf(request?.headers)["x-apig-appcode"] !== undefined
  return isSent || /app ?code/i.test(errorMessage) ? { where: "AppCode" } : {}
}

/** Access keys of other clouds, by their form. One of Huawei Cloud has 20 upper-case letters and digits, and may begin like them. */
const OTHER_KEYS: readonly (readonly [form: RegExp, whose: string])[] = [
  [/^LTAI(?=[A-Z\d]*[a-z])[A-Za-z\d]{12,26}$/, "Alibaba Cloud"],
  [/^A[KS]IA[A-Z2-7]{16}$/, "AWS"],
  [/^AKID[A-Za-z\d]{32}$/, "Tencent Cloud"],
]

/** The name of the other cloud whose access keys have this form. */
export function otherCloudOf(accessKeyId: string): string | undefined {
  return OTHER_KEYS.find(([form]) => form.test(accessKeyId))?.[1]
}

const APP_KEY = /^[\da-f]{8}-?(?:[\da-f]{4}-?){3}[\da-f]{12}$/i
const ACCESS_KEY = /^[A-Z\d]{20}$/

function refineUnknownKey(_answer: Answer, { errorMessage = "" }: AnswerFields, context: ExplainContext): Refinement {
  const signed = signedRequest(context, undefined)
  const echoed = /\bak[:\s]+([^\s,;]+)/i.exec(errorMessage)?.[1]
  const key = echoed ?? signed.claimed?.accessKeyId ?? context.credentials?.accessKeyId
  if (context.credentials?.securityToken !== undefined) {
    const fault = missingToken(signed)
    if (fault !== undefined) {
      const { summary, fix } = CAUSES[fault.cause]
      return { ...fault, summary, fix }
    }
  }
  if (key === undefined) return {}
  const received = shownAccessKeyId(key)
  const owner = otherCloudOf(key)
  if (owner !== undefined) {
    const { fix } = CAUSES["access-key-of-other-cloud"]
    const summary = `The access key has the form of those of ${owner}.`
    return { cause: "access-key-of-other-cloud", summary, fix, received, confidence: "likely" }
  }
  if (APP_KEY.test(key))
    return { received, evidence: ["It has the form of an AppKey, which takes app authentication."] }
  if (isSecretKeyLike(key))
    return { received, evidence: ["It is too long for an access key: AK and SK may be mixed up."] }
  if (ACCESS_KEY.test(key)) return { received, evidence: ["It has the form of an access key."] }
  const evidence = ["An access key has 20 upper-case letters and digits: this may be the name of a user, or cut short."]
  return { received, evidence }
}

function lockedFor(answer: Answer, ms: number): Refinement {
  const wait = retryAfterMs(answer.headers["retry-after"] ?? null, dateHeader(answer) ?? Date.now()) ?? ms
  const since = dateHeader(answer) ?? (answer.isLive ? Date.now() : undefined)
  return { retryAfterMs: wait, ...(since === undefined ? {} : { lockedUntil: since + wait }) }
}

const ACTION = /\b[a-z][\w-]*:[\w*-]+:[\w*-]+/i

function refinePermission(_answer: Answer, { subject }: AnswerFields): Refinement {
  const action = ACTION.exec(subject)?.[0]
  return action === undefined ? {} : { expected: `permission for ${action}` }
}

const IAM_PATH = /^(?:https?:\/\/[^/]*)?\/v(?:3|3\.0|5)(?:\/|$)/

/** IAM answered a request for another service: the host is wrong. */
function refineEndpoint(answer: Answer, _fields: AnswerFields, { request }: ExplainContext): Refinement {
  const url = String(request?.url ?? answer.request?.url ?? "")
  if (url === "" || IAM_PATH.test(url)) return {}
  const summary = "IAM answered, to a request for another service."
  return {
    cause: "wrong-endpoint",
    where: "endpoint",
    summary,
    fix: CAUSES["wrong-endpoint"].fix,
    confidence: "likely",
  }
}
