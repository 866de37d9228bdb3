import type { HeadersInput } from "../signing/header-plan.ts"
import type { ComparedLine } from "./canonical-parts.ts"
import type { Cause, Locks } from "./causes.ts"

/** `certain`: proven by the answer or the comparison. `likely`: nothing else is known to do this. `possible`: a guess. */
export type Confidence = "certain" | "likely" | "possible"

/** The place to look at. */
export type Where =
  | "method"
  | "path"
  | "query"
  | `query parameter ${string}`
  | `header ${string}`
  | "body"
  | "algorithm"
  | "secret key"
  | "access key"
  | "AppCode"
  | "token"
  | "clock"
  | "login"
  | "permission"
  | "agency"
  | "project"
  | "domain"
  | "region"
  | "endpoint"
  | "network"
  | "request"
  | "account"
  | "service"

/** One thing that is different between what was signed and what arrived. */
export interface Difference {
  /** The cause of this difference. */
  readonly cause: Cause
  /** The place, such as `path` or `header x-project-id`. */
  readonly where: Where
  /** As it was signed. */
  readonly expected: string | undefined
  /** As the gateway shows it. */
  readonly received: string | undefined
}

/** The answer, without secrets. */
export interface RefusalFacts {
  /** HTTP status of the answer. */
  readonly status: number | undefined
  /** `error_code` of the answer, such as `APIGW.0301`. */
  readonly errorCode: string | undefined
  /** `error_msg` of the answer. */
  readonly errorMessage: string | undefined
  /** `request_id` of the answer, which Huawei Cloud support asks for. */
  readonly requestId: string | undefined
}

export interface ExplanationFields extends CauseAndPlace {
  /** How sure the cause is. */
  readonly confidence: Confidence
  /** One sentence on what happened. */
  readonly summary: string
  /** The cure, in one sentence or two. */
  readonly fix: string
  /** Whether the request may succeed when it is sent later or authenticated anew, with nothing corrected. */
  readonly retryable: boolean
  /** How long to wait before that, milliseconds, where it is known. */
  readonly retryAfterMs: number | undefined
  /** When a lock ends, epoch ms, where it is known. */
  readonly lockedUntil: number | undefined
  /** Repeating the request locks this. */
  readonly locks: Locks
  /** Where this knowledge comes from. */
  readonly source: string
  /** The facts behind the conclusion, one sentence each. */
  readonly evidence: readonly string[]
  /** The facts of the answer. */
  readonly refusal: RefusalFacts
  /** All that differs, the first being the cause; empty unless a signature did not match. */
  readonly differences: readonly Difference[]
  /** Both canonical requests, line by line; empty unless the gateway showed its own. */
  readonly comparison: readonly ComparedLine[]
}

interface CauseAndPlace {
  /** Why the request was refused. */
  readonly cause: Cause
  /** The place to look at, such as `path` or `header x-project-id`. */
  readonly where: Where
  /** The signed value, or the required one. */
  readonly expected: string | undefined
  /** The value that was found instead. */
  readonly received: string | undefined
}

/** Plain data, fit for JSON, and a text for people. Holds no secret. */
export interface Explanation extends ExplanationFields {
  toString(): string
}

/** An explanation without details. */
export const WITHOUT_DETAILS = {
  expected: undefined,
  received: undefined,
  retryAfterMs: undefined,
  lockedUntil: undefined,
  evidence: [],
  differences: [],
  comparison: [],
} as const

const LABEL_WIDTH = 10

/** On the prototype, so that the fields stay plain data. */
const PROTOTYPE = {
  toString(this: ExplanationFields): string {
    return explanationText(this)
  },
}

export function createExplanation(fields: ExplanationFields): Explanation {
  const { evidence, differences, comparison } = fields
  return Object.assign(Object.create(PROTOTYPE) as Explanation, {
    ...withShortPlace(withShortValues(fields)),
    evidence: shortList(evidence),
    differences: differences.slice(0, MOST_ITEMS).map(withShortValues).map(withShortPlace),
    comparison: comparison.slice(0, MOST_ITEMS).map(withShortValues).map(withShortName),
  })
}

/** More than any request that a gateway takes has headers. */
const MOST_ITEMS = 200
const MOST_FACTS = 20

function shortList(facts: readonly string[]): readonly string[] {
  const shown = facts.slice(0, MOST_FACTS).map((fact) => excerpt(fact, 0))
  return facts.length <= MOST_FACTS ? shown : [...shown, `${facts.length - MOST_FACTS} more of these are left out.`]
}

/** A place holds the name of a header or parameter. */
function withShortPlace<T extends { readonly where: Where }>(values: T): T {
  return { ...values, where: excerpt(values.where, 0) as Where }
}

function withShortName(line: ComparedLine): ComparedLine {
  return line.name === undefined ? line : { ...line, name: excerpt(line.name, 0) }
}

/** A whole URL of a gateway's longest is of no use to a reader. */
const LONGEST_VALUE = 2_000
/** So much is shown before the first character that differs. */
const LEAD = 200

interface Values {
  readonly expected: string | undefined
  readonly received: string | undefined
}

/** Cuts long values around the place where they differ, and says so. */
function withShortValues<T extends Values>(values: T): T {
  const { expected = "", received = "" } = values
  if (expected.length <= LONGEST_VALUE && received.length <= LONGEST_VALUE) return values
  const start = Math.max(0, commonLength(expected, received) - LEAD)
  const shortened = (text: string | undefined): string | undefined => text && excerpt(text, start)
  return { ...values, expected: shortened(values.expected), received: shortened(values.received) }
}

/** 0 for equal texts or a single one. */
function commonLength(one: string, other: string): number {
  if (one === other) return 0
  let length = 0
  while (length < one.length && one[length] === other[length]) length += 1
  return length
}

function excerpt(text: string, start: number): string {
  if (text.length <= LONGEST_VALUE) return text
  const [before, end] = [start === 0 ? "" : "…", start + LONGEST_VALUE]
  const after = end < text.length ? "…" : ""
  return `${before}${text.slice(start, end)}${after} [cut, ${text.length} characters in all]`
}

/** The explanation as a person reads it: a headline, labelled lines, and the lines that differ. */
function explanationText(explanation: ExplanationFields): string {
  const { summary, cause, confidence, where, expected, received, fix, evidence, source } = explanation
  return [
    `${summary} (${cause}, ${confidence})`,
    ...labelled("where", where),
    ...labelled("expected", expected),
    ...labelled("received", received),
    ...labelled("fix", fix),
    ...labelled("retry", retryText(explanation)),
    ...evidence.flatMap((sentence, index) => labelled(index === 0 ? "evidence" : "", sentence)),
    ...labelled("answer", answerText(explanation)),
    ...labelled("source", source),
    ...comparisonLines(explanation.comparison),
  ].join("\n")
}

function labelled(label: string, text: string | undefined): string[] {
  return text === undefined || text === "" ? [] : [`  ${label.padEnd(LABEL_WIDTH)}${text}`]
}

function retryText({ retryable, retryAfterMs, locks, lockedUntil }: ExplanationFields): string {
  const again = !retryable ? "no" : retryAfterMs === undefined ? "yes" : `after ${Math.ceil(retryAfterMs / 1_000)} s`
  const until = lockedUntil === undefined ? "" : `, locked until ${new Date(lockedUntil).toISOString()}`
  const danger =
    locks === "access-key"
      ? ", more than 5 failures in a row lock the access key for 5 minutes"
      : locks === "account"
        ? ", repeated failures lock the user"
        : ""
  return again + until + danger
}

function answerText({ refusal: { status, errorCode, errorMessage, requestId } }: ExplanationFields): string {
  return [
    status === undefined ? undefined : `HTTP ${status}`,
    errorCode,
    errorMessage === undefined ? undefined : `"${errorMessage}"`,
    requestId === undefined ? undefined : `request id ${requestId}`,
  ]
    .filter((part) => part !== undefined)
    .join(", ")
}

function comparisonLines(comparison: readonly ComparedLine[]): string[] {
  if (comparison.length === 0) return []
  return ["", "  signed (-) and received (+):", ...comparison.flatMap(comparedLines)]
}

function comparedLines({ verdict, part, name, expected, received }: ComparedLine): string[] {
  const text = (value: string | undefined): string =>
    part === "header" ? `${name}: ${value ?? "(absent)"}` : (value ?? "(absent)")
  if (verdict === "same") return [`    ${text(received)}`]
  if (verdict === "unknown") return [`  ? ${text(received ?? expected)}`]
  return [`  - ${text(expected)}`, `  + ${text(received)}`]
}

/** The refused request, as it was sent. */
export interface ExplainedRequest {
  /** HTTP method as it was sent. */
  readonly method: string
  /** Absolute; or a path, where the headers have the host. */
  readonly url: string | URL
  /** With `authorization` and `x-sdk-date` the comparison is complete. Their secrets stay out of the explanation. */
  readonly headers?: HeadersInput | undefined
  /** The bytes that were sent, `null` for none. Left out: not known, but none for GET and HEAD. */
  readonly body?: string | Uint8Array | null | undefined
}

/** Facts beside the refusal. All are optional; each makes the explanation more certain. */
export interface ExplainContext {
  /** The refused request. Members that are left out are taken from the client's error, where that shows them. */
  readonly request?: Partial<ExplainedRequest> | undefined
  /** The auth of the request, made {@link explainable}: knows the request that was refused. */
  readonly auth?:
    | {
        refusedRequest(requestId: string): ExplainedRequest | undefined
        lastRefused?(url: string, status: number): ExplainedRequest | undefined
      }
    | undefined
  /** The canonical request that was signed, as another library logs it. @default computed from the request */
  readonly canonicalRequest?: string | undefined
  /** The key that signed the request: tells a wrong key from a wrong signature. The explanation shows none of it. */
  readonly credentials?:
    | {
        readonly accessKeyId?: string | undefined
        readonly secretAccessKey?: string | undefined
        readonly securityToken?: string | undefined
      }
    | undefined
  /** This machine's clock when the answer came, epoch ms. @default now, unless the refusal is plain data */
  readonly receivedAt?: number | undefined
}
