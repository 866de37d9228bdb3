import type { Attempt, Auth, Authentication, Rejection } from "./auth/auth.ts"
import {
  type Answer,
  type AnswerFields,
  answerFields,
  type Failure,
  headersOf,
  noAnswer,
  readAnswer,
} from "./explain/answer.ts"
import { CAUSES, type Cause } from "./explain/causes.ts"
import {
  type Confidence,
  createExplanation,
  type ExplainContext,
  type ExplainedRequest,
  type Explanation,
  type ExplanationFields,
  type RefusalFacts,
  type Where,
  WITHOUT_DETAILS,
} from "./explain/explanation.ts"
import { shownHeader, shownMessage } from "./explain/masked.ts"
import { mismatch } from "./explain/mismatch.ts"
import { refine } from "./explain/refine.ts"
import { type KnownRefusal, REFUSALS } from "./explain/refusals.ts"
import { andThen, isPromise } from "./runtime/promises.ts"
import { asked, isObject, memberAt, textAt } from "./runtime/read-answer.ts"
import { isSecretName } from "./runtime/redact.ts"
import type { HeadersInput } from "./signing/header-plan.ts"

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

/** The facts of a context that are of their types: JavaScript callers may pass anything. */
function readContext(given: unknown): ExplainContext {
  const [auth, credentials] = [memberAt(given, "auth"), memberAt(given, "credentials")]
  const receivedAt = memberAt(given, "receivedAt")
  return present({
    request: readRequest(memberAt(given, "request")),
    auth: isObject(auth) ? (auth as unknown as ExplainContext["auth"]) : undefined,
    canonicalRequest: textAt(given, "canonicalRequest"),
    credentials: isObject(credentials)
      ? {
          accessKeyId: textAt(credentials, "accessKeyId"),
          secretAccessKey: textAt(credentials, "secretAccessKey"),
          securityToken: textAt(credentials, "securityToken"),
        }
      : undefined,
    // A time that no Date holds is no time.
    receivedAt:
      typeof receivedAt === "number" && !Number.isNaN(new Date(receivedAt).getTime()) ? receivedAt : undefined,
  })
}

/** `undefined` where nothing is known of it. */
function readRequest(request: unknown): Partial<ExplainedRequest> | undefined {
  const [headers, body] = [memberAt(request, "headers"), memberAt(request, "body")]
  const known = present({
    method: textAt(request, "method"),
    url: textAt(request, "url") ?? textAt(request, "url", "href"),
    headers: isObject(headers) ? (headers as unknown as HeadersInput) : undefined,
    body: typeof body === "string" || body === null || body instanceof Uint8Array ? body : undefined,
  })
  return Object.keys(known).length === 0 ? undefined : known
}

/** Drops unknown members, so that they do not hide those of another source. */
function present<T extends object>(facts: { [Name in keyof T]: T[Name] | undefined }): Partial<T> {
  return Object.fromEntries(Object.entries(facts).filter(([, fact]) => fact !== undefined)) as Partial<T>
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
  const isFoundByUrl = Object.keys(given.request ?? {}).every((name) => name === "url")
  const isKnownAsSigned = kept !== undefined && isFoundByUrl
  const found = mismatch(answer, fields.canonicalRequest, context, isKnownAsSigned)
  return createExplanation({ ...base, ...CAUSES[found.cause], ...found })
}

/** The request of this refusal, where the auth keeps those that were refused. */
function keptRequest(
  { auth, request, receivedAt }: ExplainContext,
  { status, request: shown, isLive }: Answer,
  requestId: string | undefined,
): Partial<ExplainedRequest> | undefined {
  const url = request?.url ?? shown?.url
  // JavaScript callers may give an auth that keeps no requests, or one of their own.
  const kept = asked(() => {
    if (requestId !== undefined) return auth?.refusedRequest?.(requestId)
    const hasJustCome = isLive || receivedAt !== undefined
    return hasJustCome && url !== undefined && status !== undefined
      ? auth?.lastRefused?.(String(url), status)
      : undefined
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

/** Used if nothing could be read. */
function unknownRefusal({ status }: Answer): Explanation {
  const refusal = { status, errorCode: undefined, errorMessage: undefined, requestId: undefined }
  return createExplanation({ ...WITHOUT_DETAILS, ...CAUSES.unknown, ...UNKNOWN, refusal })
}

function fits({ code, status, text, reason }: KnownRefusal, answer: Answer, fields: AnswerFields): boolean {
  const { errorCode, subject } = fields
  // A pasted message has no code.
  const isOfCode = code === undefined || (errorCode === undefined ? text !== undefined : code.test(errorCode))
  return (
    isOfCode &&
    (reason === undefined || reason.test(fields.reason ?? "")) &&
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

/** The meaning of a failure. */
interface Finding {
  readonly cause: Cause
  readonly where: Where
  readonly confidence: Confidence
  readonly summary?: string
  readonly fix?: string
  readonly evidence: readonly string[]
  readonly source: string
}

/** Explains a failure without an answer. */
function explainFailure(failure: Failure, secrets: readonly string[]): Explanation {
  const { message, code, ours, retryAfterMs } = failure
  const finding = ours === undefined ? ofClient(failure) : NOT_SENT
  // Waiting brings no credential that is missing.
  const isPause = retryAfterMs !== undefined && ours !== "AUTH_CREDENTIALS_MISSING"
  return createExplanation({
    ...WITHOUT_DETAILS,
    ...CAUSES[finding.cause],
    ...finding,
    ...(isPause ? { retryable: true, retryAfterMs } : {}),
    refusal: {
      status: undefined,
      errorCode: code && shownMessage(code, secrets),
      errorMessage: message === "" ? undefined : shownMessage(message, secrets),
      requestId: undefined,
    },
  })
}

const NOT_SENT: Finding = {
  cause: "not-sent",
  where: "request",
  confidence: "certain",
  evidence: [],
  source: "this library",
}

function ofClient({ message, code = "", name = "", reason }: Failure): Finding {
  const source = "the client"
  // undici has the code of an abort for it.
  if (/^Proxy response \(/.test(reason ?? message)) {
    const evidence = ["The proxy refused to open the connection."]
    return { cause: "no-answer", where: "network", confidence: "certain", evidence, source }
  }
  if (ENDED.test(code) || ENDED.test(name)) {
    const fix = "Look for what aborts the request: its AbortSignal, or a limit of the program."
    const evidence = ["The program ended the request."]
    return { cause: "no-answer", where: "request", confidence: "certain", fix, evidence, source }
  }
  if (reason === "bad port") {
    const fix = "Use another port: fetch sends nothing to those of other protocols."
    return { cause: "not-sent", where: "request", confidence: "certain", fix, evidence: [], source }
  }
  const sentence = NETWORK_FAULTS.find(([words]) => words.test(code === "" ? name : code))?.[1]
  const isNetwork = code === "" ? NETWORK_NAME.test(name) : NETWORK_CODE.test(code)
  // The cause of a fault of the network has a code; browsers give no cause.
  const isFailedFetch = code === "" && reason === undefined && FETCH_FAILED.test(message)
  if (sentence === undefined && !isNetwork && !isFailedFetch) return message === "" ? NOTHING : OTHER_ERROR
  return {
    cause: "no-answer",
    where: "network",
    confidence: sentence !== undefined ? "certain" : isNetwork ? "likely" : "possible",
    evidence: sentence === undefined ? [] : [sentence],
    source,
  }
}

const NOTHING: Finding = {
  cause: "unknown",
  where: "request",
  confidence: "possible",
  summary: "This is neither an answer nor an error.",
  fix: "Pass what the client gives: its error, its answer, or the text of the refusal.",
  evidence: [],
  source: "nothing",
}
const OTHER_ERROR: Finding = {
  ...NOTHING,
  summary: "The error holds no answer, and is not one of the network.",
  fix: "Read the message: the program itself may be at fault.",
}

/** The codes and names of an abort in each client. */
const ENDED = /^(?:ABORT_ERR|ERR_ABORTED|ERR_CANCELED|UND_ERR_ABORTED|AbortError|CanceledError|CancelError)$/

/** Codes of network errors in Node, undici, axios, got and Bun. */
const NETWORK_CODE =
  /^(?:E(?:AI_|ADDR|CONN|HOST|NET|NOTFOUND$|PIPE$|PROTO$|TIMEDOUT$)|UND_ERR_(?!INVALID|NOT_SUPPORTED)|HPE_|ERR_(?:NETWORK|TLS_|SSL_|HTTP2_|SOCKET_|STREAM_PREMATURE_CLOSE$|READING_RESPONSE_STREAM$)|UNABLE_TO_|Connection(?:Refused|Closed|Reset)$|FailedToOpenSocket$)/

/** Names of network errors: a DOMException, and those of ky and got. */
const NETWORK_NAME = /^(?:TimeoutError|NetworkError)$/

/** The messages of fetch in Node, Chrome, Safari, Firefox, Deno, Workers and cross-fetch. */
const FETCH_FAILED =
  /^(?:fetch failed|(?:Failed to fetch|Load failed)(?: \(.*\))?|NetworkError when attempting to fetch resource\.|network error|error sending request for url.*|Network connection lost|Network request failed)$/s

/** A sentence for each code of Node and undici, or for a name. */
const NETWORK_FAULTS: readonly (readonly [words: RegExp, sentence: string])[] = [
  [/^ENOTFOUND$|^EAI_AGAIN$/, "The host name could not be resolved."],
  [/^ECONNREFUSED$/, "Nothing listens at that address."],
  [/^ECONNRESET$|^EPIPE$|^UND_ERR_SOCKET$/, "The connection was closed before an answer came."],
  [
    /^ETIMEDOUT$|^UND_ERR_\w+_TIMEOUT$|^ERR_SOCKET_\w*TIMEOUT$|^ECONNABORTED$|^TimeoutError$/,
    "The time for an answer was over.",
  ],
  [
    /^(?:ERR_TLS_)?CERT_|^(?:DEPTH_ZERO_)?SELF_SIGNED_CERT|^UNABLE_TO_/,
    "The certificate is not trusted: a proxy may open TLS, whose authority Node takes from NODE_EXTRA_CA_CERTS.",
  ],
]

/** An auth that keeps the requests that were refused. */
export interface RefusedRequests {
  /** The request that an answer with this id refused, as it was sent; tokens as their length and the end of their hash. */
  refusedRequest(requestId: string): ExplainedRequest | undefined
  /** The request that an answer without an id refused: of this URL, with this status, within the last minute; `undefined` unless exactly one fits. */
  lastRefused(url: string, status: number): ExplainedRequest | undefined
}

/** Options of {@link explainable}. */
export interface ExplainableOptions {
  /** How many refused requests are kept; the oldest go first. @default 100 */
  maxEntries?: number | undefined
}

interface Kept {
  readonly request: ExplainedRequest
  readonly url: string
  readonly status: number
  /** Milliseconds. */
  readonly at: number
}

/** An answer is explained soon after it came. */
const LATEST_MS = 60_000

/** A larger body is not kept. */
const LARGEST_KEPT_BYTES = 1024 * 1024

/**
 * Lets an auth keep each request that is refused, for {@link explain} to compare with what the gateway received. Costs
 * nothing for requests that are accepted. The kept request holds no SK and no token of the auth. The URL and the body are kept as
 * they were sent, and masked where {@link explain} shows them.
 *
 * ```ts
 * const auth = explainable(akskAuth(defaultCredentials()))
 * const api = withAuth(axios, auth)
 * api.get(url).catch(async (error) => console.error(String(await explain(error, { auth }))))
 * ```
 */
export function explainable<A extends Auth>(
  auth: A,
  { maxEntries = 100 }: ExplainableOptions = {},
): A & RefusedRequests {
  const kept = new Map<string | symbol, Kept>()
  const keep = (attempt: Attempt, authentication: Authentication, { requestId, status }: Rejection): void => {
    const request = requestOf(attempt, authentication)
    kept.set(requestId ?? Symbol("no id"), { request, url: hrefOf(attempt.url), status, at: performance.now() })
    const [oldest = ""] = kept.keys()
    if (kept.size > maxEntries) kept.delete(oldest)
  }
  const lastRefused = (url: string, status: number): ExplainedRequest | undefined => {
    const [href, since] = [hrefOf(url), performance.now() - LATEST_MS]
    const [found, ...others] = [...kept.values()].filter(
      (each) => each.url === href && each.status === status && each.at >= since,
    )
    return others.length === 0 ? found?.request : undefined
  }
  return { ...remembering(auth, keep), refusedRequest: (requestId) => kept.get(requestId)?.request, lastRefused }
}

/** An answer may name the URL in another spelling. */
function hrefOf(url: string): string {
  return URL.canParse(url) ? new URL(url).href.replace(/#.*$/s, "") : url
}

type Keep = (attempt: Attempt, authentication: Authentication, rejection: Rejection) => void

/** The authentication of an attempt, as the auth gave it. */
interface Made {
  readonly authentication: Authentication
  readonly attempt: Attempt
}

/** The auth, and the one that it names for large bodies, with every refused attempt kept. */
function remembering<A extends Auth>(auth: A, keep: Keep): A {
  // An auth may give the same object for many attempts, so each attempt gets a copy. The auth itself sees its own.
  const made = new WeakMap<Authentication, Made>()
  const own = (copy: Authentication): Authentication => made.get(copy)?.authentication ?? copy
  // An auth of a class has its methods on the prototype, where a spread does not find them.
  const { beyondLimit } = auth
  return {
    ...auth,
    ...(beyondLimit && { beyondLimit: remembering(beyondLimit, keep) }),
    ...(auth.accepted && { accepted: (copy: Authentication, url: URL) => auth.accepted?.(own(copy), url) }),
    ...(auth.reset && { reset: () => auth.reset?.() }),
    bodyLimit: (headers) => auth.bodyLimit(headers),
    authenticate: (attempt) =>
      andThen(auth.authenticate(attempt), (authentication) => {
        const copy = { ...authentication }
        made.set(copy, { authentication, attempt })
        return copy
      }),
    judge(copy, rejection, signal) {
      const known = made.get(copy)
      if (known !== undefined) keep(known.attempt, known.authentication, rejection)
      return auth.judge(own(copy), rejection, signal)
    },
  }
}

function requestOf({ method, url, headers, body }: Attempt, { headers: added }: Authentication): ExplainedRequest {
  const all = Object.entries({ ...headers, ...added })
  const shown = all.map(([name, value]) => [name, name === "authorization" ? value : shownHeader(name, value)])
  const isKept = body === undefined || body === null || body.length <= LARGEST_KEPT_BYTES
  return { method, url, headers: Object.fromEntries(shown), body: isKept ? body : undefined }
}

export { type ComparedLine, type ComparedPart, isCanonicalRequest } from "./explain/canonical-parts.ts"
export type { Cause, Locks } from "./explain/causes.ts"
export type {
  Confidence,
  Difference,
  ExplainContext,
  ExplainedRequest,
  Explanation,
  RefusalFacts,
  Where,
} from "./explain/explanation.ts"
export { otherCloudOf } from "./explain/refine.ts"
export { type ParsedAuthorization, parseAuthorization } from "./signing/authorization.ts"
export { createSignatureCheck } from "./signing/verifying-key.ts"
