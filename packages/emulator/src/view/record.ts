import type { Explanation } from "@countersign/auth-core/explain"
import type { Part } from "../part-of.ts"
import type { MetadataMode } from "../state/faults.ts"
import type { Caller, Scheme } from "../state/stats.ts"

/** One request in a list, as the control routes, the event stream and `onRequest` give it. Secrets are masked. */
export interface RequestSummary {
  /** Counts up from 1. */
  readonly id: number
  /** Arrival by the real clock, epoch ms. */
  readonly time: number
  /** The part of the cloud that was asked. */
  readonly part: Part
  /** HTTP method. */
  readonly method: string
  /** Path and query as they came, undecoded. */
  readonly target: string
  /** User-Agent, or an empty text. */
  readonly client: string
  /** How the request was authenticated. */
  readonly scheme: Scheme
  /** The methods named in a request to IAM, such as `password+totp`. */
  readonly methods?: string
  /** The caller that got in, or got something issued. */
  readonly caller?: Caller
  /** `ok`, or the message of the refusal; absent before the answer. A requested fault does not show here. */
  readonly verdict?: string
  /** Kinds of the faults that applied. */
  readonly faults?: readonly string[]
  /** Absent before the answer, and if the connection ended without one. */
  readonly status?: number
  /** Milliseconds from arrival to the answer, or to the end of the connection; absent before. */
  readonly durationMs?: number
  /** Expiry of the token or temporary key that was issued, epoch ms of the server's clock. */
  readonly grantEndsAt?: number
}

export type StepState = "passed" | "failed" | "not reached"

/** One step of a check. */
export interface CheckStep {
  readonly name: string
  readonly state: StepState
  readonly detail: string
}

/** A difference between the request that was signed and the one that arrived. */
export interface SignedDifference {
  readonly part: "method" | "path" | "query" | "header" | "body" | "key"
  /** Such as `the path was signed without its last segment`. */
  readonly words: string
}

/** How a request was authenticated. */
export interface RequestCheck {
  readonly steps: readonly CheckStep[]
  /** The canonical request of the one that arrived; credentials masked. */
  readonly canonicalRequest?: string
  /** The one that the client signed, if a trial found it: its signature is the one that came. Credentials masked. */
  readonly signedCanonicalRequest?: string
  readonly differences?: readonly SignedDifference[]
}

/** Why a request was refused, in the words of `explain`. */
export type RequestExplanation = Pick<
  Explanation,
  "cause" | "where" | "confidence" | "summary" | "fix" | "evidence" | "retryable" | "locks"
>

/** One request and its answer. Secrets are masked. */
export interface RecordedExchange extends RequestSummary {
  readonly headers: Readonly<Record<string, string>>
  readonly body: { readonly bytes: number; readonly sha256?: string; readonly text?: string }
  /** Has `text` only for an error. */
  readonly answer?: { readonly headers: Readonly<Record<string, string>>; readonly text?: string }
}

/** One request with everything that is known of it. */
export interface RequestDetail extends RecordedExchange {
  readonly check: RequestCheck
  /** For a refusal: why, and the remedy. */
  readonly explanation?: RequestExplanation
}

/** A fault that waits for requests. */
export interface WaitingFault {
  readonly kind: string
  /** Such as `503, Retry-After 2 s`. */
  readonly words: string
  readonly target: string
  /** Absent for all requests. */
  readonly timesLeft?: number
}

/** The state that may be changed from outside. */
export interface EmulatorState {
  /** The server's clock. It has `now` (epoch ms) if it does not run at the pace of the real time. */
  readonly clock: { readonly offsetMs: number } | { readonly now: number }
  readonly faults: readonly WaitingFault[]
  readonly metadataMode: MetadataMode
  readonly customers: number
}

/** The events of `/-/events`, by name. */
export interface ViewEvents {
  /** Everything kept. The first event; sent again after the list was cleared. */
  readonly snapshot: { readonly requests: readonly RequestSummary[] }
  /** Requests that arrived or were answered since; none with an id below `first` is kept. */
  readonly requests: { readonly first: number; readonly requests: readonly RequestSummary[] }
  readonly state: EmulatorState
}
