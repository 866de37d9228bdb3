import { type Answer, type AnswerFields, answerFields, headersOf, noAnswer, readAnswer } from "./explain/answer.ts"
import { CAUSES } from "./explain/causes.ts"
import {
  createExplanation,
  type ExplainContext,
  type ExplainedRequest,
  type Explanation,
  type ExplanationFields,
  type RefusalFacts,
  WITHOUT_DETAILS,
} from "./explain/explanation.ts"
import { explainFailure } from "./explain/failure.ts"
import { shownMessage } from "./explain/masked.ts"
import { mismatch } from "./explain/mismatch.ts"
import { readContext, readRequest } from "./explain/read-context.ts"
import { refine } from "./explain/refine.ts"
import { type KnownRefusal, REFUSALS } from "./explain/refusals.ts"
import { isPromise } from "./runtime/promises.ts"
import { asked } from "./runtime/read-answer.ts"
import { isSecretName } from "./runtime/redact.ts"

/** A refusal whose body is at hand. */
export type ReadRefusal =
  | string
  | { readonly status: number; readonly headers?: object; readonly body?: string | Uint8Array | null }
  /** got's HTTPError. */
  | { readonly response: { readonly statusCode: number; readonly headers: object; readonly body: unknown } }
  /** undici's ResponseError. */
  | {
      readonly statusCode: number
      readonly headers: object | null
      readonly body: string | object | null
      readonly name: "ResponseError"
    }
  /** AuthError. */
  | { readonly name: "AuthError"; readonly code: string; readonly message: string }

/** A refusal whose body is read first. */
export type UnreadRefusal =
  | Response
  /** ky's HTTPError. */
  | { readonly response: Response }
  /** The answer of undici's `request`. */
  | { readonly statusCode: number; readonly headers: object; readonly body: { text(): Promise<string> } }

/** A promise where the body has to be read; either one for an unknown value, as in a catch clause. */
export type Explained<R> = R extends UnreadRefusal
  ? Promise<Explanation>
  : R extends ReadRefusal
    ? Explanation
    : Explanation | Promise<Explanation>

/**
 * Says why a request was refused, what to correct, and whether trying again helps or locks the key.
 *
 * Takes what a client gives: the error of axios, got, ky or undici, a fetch Response, an AuthError, plain
 * `{ status, headers, body }`, or a pasted message. A fetch Response stays readable; the body of undici's answer is read. A signature
 * that does not match is compared with the request, as far as that is known. Never throws, and holds no secret.
 *
 * @returns at once where the body is at hand, else a promise; `await` does for both.
 */
export function explain<R>(refusal: R, context: ExplainContext = {}): Explained<R> {
  return explained(refusal, context) as Explained<R>
}

function explained(refusal: unknown, given: unknown): Explanation | Promise<Explanation> {
  // Both are of anybody: a Proxy, or an object with getters, may throw at each step.
  const context = asked(() => readContext(given)) ?? {}
  const answer = asked(() => readAnswer(refusal)) ?? noAnswer({ message: "" })
  const made = (read: Answer): Explanation => asked(() => explanationOf(read, context)) ?? unknownRefusal(read)
  return isPromise(answer) ? answer.then(made) : made(answer)
}

function explanationOf(answer: Answer, given: ExplainContext): Explanation {
  if (answer.failure !== undefined) return explainFailure(answer.failure, secretsIn(given))
  const fields = answerFields(answer)
  const kept = keptRequest(given, answer, fields.requestId)
  const context = { ...given, request: { ...answer.request, ...kept, ...given.request } }
  const refusal = refusalFacts(answer, fields, secretsIn(context))
  const row = REFUSALS.find((known) => fits(known, answer, fields))
  if (isAccepted(answer, fields, row)) {
    return createExplanation({ ...WITHOUT_DETAILS, ...CAUSES["not-refused"], ...NOT_REFUSED, refusal })
  }
  const { cause, where, source, confidence = "certain" } = row ?? UNKNOWN
  const base: ExplanationFields = {
    ...WITHOUT_DETAILS,
    ...CAUSES[cause],
    ...(row?.summary === undefined ? {} : { summary: row.summary }),
    ...(row?.fix === undefined ? {} : { fix: row.fix }),
    cause,
    where,
    confidence,
    source,
    refusal,
  }
  if (cause !== "signature-mismatch") return createExplanation({ ...base, ...refine(cause, answer, fields, context) })
  const isKnownAsSigned = kept !== undefined && given.request === undefined
  const found = mismatch(answer, fields.canonicalRequest, context, isKnownAsSigned)
  return createExplanation({ ...base, ...CAUSES[found.cause], ...found })
}

/** The request of this refusal, where the auth keeps those that were refused. */
function keptRequest(
  { auth, request }: ExplainContext,
  { status, request: shown, isLive }: Answer,
  requestId: string | undefined,
): Partial<ExplainedRequest> | undefined {
  const url = request?.url ?? shown?.url
  // JavaScript callers may give an auth that keeps no requests, or one of their own.
  const kept = asked(() => {
    if (requestId !== undefined) return auth?.refusedRequest?.(requestId)
    return isLive && url !== undefined && status !== undefined ? auth?.lastRefused?.(String(url), status) : undefined
  })
  return kept && readRequest(kept)
}

const UNKNOWN = { cause: "unknown", where: "request", source: "nothing", confidence: "possible" } as const
const NOT_REFUSED = {
  cause: "not-refused",
  where: "request",
  source: "RFC 9110, section 15.3",
  confidence: "certain",
} as const

/** A success, unless its body is an error all the same, or the page of a proxy. */
function isAccepted({ status = 0 }: Answer, { errorCode }: AnswerFields, row: KnownRefusal | undefined): boolean {
  if (status < 200 || status > 299) return false
  return row === undefined || (errorCode === undefined && row.cause !== "not-huawei-cloud")
}

/** In case that nothing could be made of it. */
function unknownRefusal({ status }: Answer): Explanation {
  const refusal = { status, errorCode: undefined, errorMessage: undefined, requestId: undefined }
  return createExplanation({ ...WITHOUT_DETAILS, ...CAUSES.unknown, ...UNKNOWN, refusal })
}

function fits({ code, status, text }: KnownRefusal, answer: Answer, { errorCode, subject }: AnswerFields): boolean {
  // A pasted message has no code.
  const isOfCode = code === undefined || (errorCode === undefined ? text !== undefined : code.test(errorCode))
  return (
    isOfCode &&
    (status === undefined || (answer.status !== undefined && status.includes(answer.status))) &&
    (text === undefined || text.test(subject))
  )
}

function refusalFacts(
  { status }: Answer,
  { errorCode, errorMessage, requestId }: AnswerFields,
  secrets: readonly string[],
): RefusalFacts {
  return {
    status,
    errorCode: errorCode && shownMessage(errorCode, secrets),
    errorMessage: errorMessage && shownMessage(errorMessage, secrets),
    requestId: requestId && shownMessage(requestId, secrets),
  }
}

/** All that must not be repeated, even if the other side does. */
function secretsIn({ credentials, request }: ExplainContext): string[] {
  const headers = Object.entries(headersOf(request?.headers))
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => value)
  return [credentials?.secretAccessKey, credentials?.securityToken, ...headers].filter((secret) => secret !== undefined)
}

export type { ComparedLine, ComparedPart } from "./explain/canonical-parts.ts"
export { isCanonicalRequest } from "./explain/canonical-parts.ts"
export type { Cause, Locks } from "./explain/causes.ts"
export { type ExplainableOptions, explainable, type RefusedRequests } from "./explain/explainable.ts"
export type {
  Confidence,
  Difference,
  ExplainContext,
  ExplainedRequest,
  Explanation,
  RefusalFacts,
  Where,
} from "./explain/explanation.ts"
export { otherCloudOf } from "./explain/other-clouds.ts"
export { type ParsedAuthorization, parseAuthorization } from "./signing/authorization.ts"
export { createSignatureCheck } from "./signing/verifying-key.ts"
