import { type Answer, type AnswerFields, answerFields, type Failure, headersOf, readAnswer } from "./explain/answer.ts"
import { findCanonicalRequest } from "./explain/canonical-parts.ts"
import { CAUSES } from "./explain/causes.ts"
import {
  createExplanation,
  type ExplainContext,
  type Explanation,
  type ExplanationFields,
  type RefusalFacts,
} from "./explain/explanation.ts"
import { isSecretName, shownMessage } from "./explain/masked.ts"
import { mismatch } from "./explain/mismatch.ts"
import { refine } from "./explain/refine.ts"
import { type KnownRefusal, REFUSALS } from "./explain/refusals.ts"
import { isPromise } from "./runtime/promises.ts"

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

function explained(refusal: unknown, context: ExplainContext): Explanation | Promise<Explanation> {
  const answer = readAnswer(refusal)
  return isPromise(answer) ? answer.then((read) => explanationOf(read, context)) : explanationOf(answer, context)
}

function explanationOf(answer: Answer, given: ExplainContext): Explanation {
  if (answer.failure !== undefined) return withoutAnswer(answer.failure, secretsIn(given))
  const fields = answerFields(answer)
  // JavaScript callers may give an auth that keeps no requests.
  const kept = fields.requestId === undefined ? undefined : given.auth?.refusedRequest?.(fields.requestId)
  const context = { ...given, request: { ...answer.request, ...kept, ...given.request } }
  const secrets = secretsIn(context)
  const shown = findCanonicalRequest(fields.errorMessage ?? answer.text ?? "")
  const refusal = refusalFacts(answer, fields, shown?.before, secrets)
  const row = REFUSALS.find((known) => fits(known, answer, fields))
  const { cause, where, source, confidence = "certain" } = row ?? UNKNOWN
  const facts = CAUSES[cause]
  const base: ExplanationFields = {
    ...EMPTY,
    ...facts,
    ...(row?.summary === undefined ? {} : { summary: row.summary }),
    ...(row?.fix === undefined ? {} : { fix: row.fix }),
    cause,
    where,
    confidence,
    source,
    refusal,
  }
  if (cause !== "signature-mismatch") return createExplanation({ ...base, ...refine(cause, answer, fields, context) })
  const found = mismatch(answer, shown?.canonicalRequest, context)
  return createExplanation({ ...base, ...CAUSES[found.cause], ...found })
}

const EMPTY = {
  expected: undefined,
  received: undefined,
  retryAfterMs: undefined,
  lockedUntil: undefined,
  evidence: [],
  differences: [],
  comparison: [],
} as const

const UNKNOWN = { cause: "unknown", where: "request", source: "nothing", confidence: "possible" } as const

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
  beforeCanonical: string | undefined,
  secrets: readonly string[],
): RefusalFacts {
  const message = beforeCanonical ?? errorMessage
  return {
    status,
    errorCode: errorCode && shownMessage(errorCode, secrets),
    errorMessage: message && shownMessage(message, secrets).slice(0, LONGEST_MESSAGE),
    requestId: requestId && shownMessage(requestId, secrets),
  }
}

const LONGEST_MESSAGE = 500

/** All that must not be repeated, even if the other side does. */
function secretsIn({ credentials, request }: ExplainContext): string[] {
  const headers = Object.entries(headersOf(request?.headers))
    .filter(([name]) => isSecretName(name))
    .map(([, value]) => value)
  return [credentials?.secretAccessKey, credentials?.securityToken, ...headers].filter((secret) => secret !== undefined)
}

function withoutAnswer(
  { message, isOurs, code, name, retryAfterMs }: Failure,
  secrets: readonly string[],
): Explanation {
  const cause = isOurs ? "not-sent" : "no-answer"
  const isEnded = !isOurs && [code, name].some((word) => ENDED.test(word ?? ""))
  const known = isEnded
    ? "The program ended the request."
    : NETWORK_FAULTS.find(([words]) => words.test(code ?? name ?? ""))?.[1]
  return createExplanation({
    ...EMPTY,
    ...CAUSES[cause],
    ...(isEnded ? { fix: "Look for what aborts the request: its AbortSignal, or a limit of the program." } : {}),
    cause,
    where: isOurs || isEnded ? "request" : "network",
    // An error without a code may be of the program itself.
    confidence: isOurs || known !== undefined ? "certain" : code === undefined ? "possible" : "likely",
    ...(retryAfterMs === undefined ? {} : { retryable: true, retryAfterMs }),
    evidence: known === undefined ? [] : [known],
    source: isOurs ? "this library" : "the client",
    refusal: {
      status: undefined,
      errorCode: code,
      errorMessage: message === "" ? undefined : shownMessage(message, secrets).slice(0, LONGEST_MESSAGE),
      requestId: undefined,
    },
  })
}

/** The codes and names of an abort in each client. */
const ENDED = /^(?:ABORT_ERR|ERR_ABORTED|ERR_CANCELED|UND_ERR_ABORTED|AbortError|CanceledError|CancelError)$/

/** By the codes of Node and undici, else by the name. */
const NETWORK_FAULTS: readonly (readonly [words: RegExp, sentence: string])[] = [
  [/^ENOTFOUND$|^EAI_AGAIN$/, "The host name could not be resolved."],
  [/^ECONNREFUSED$/, "Nothing listens at that address."],
  [/^ECONNRESET$|^EPIPE$|^UND_ERR_SOCKET$/, "The connection was closed before an answer came."],
  [/TIMEDOUT$|TIMEOUT$|^ECONNABORTED$|^TimeoutError$/, "The time for an answer was over."],
  [
    /CERT|SELF_SIGNED|UNABLE_TO_VERIFY/,
    "The certificate is not trusted: a proxy may open TLS, whose authority Node takes from NODE_EXTRA_CA_CERTS.",
  ],
]

export type { ComparedLine, ComparedPart } from "./explain/canonical-parts.ts"
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
export { type ParsedAuthorization, parseAuthorization } from "./signing/authorization.ts"
export { createSignatureCheck } from "./signing/verifying-key.ts"
