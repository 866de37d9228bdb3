import { explain } from "@countersign/auth-core/explain"
import type { RequestCheck, RequestExplanation } from "./record.ts"
import type { RecordedRequest } from "./recorder.ts"
import { verdictOf } from "./verdict-of.ts"

/** Why a request was refused, and the remedy; `undefined` for one that was let in, or met a requested fault. */
export function explanationOf(request: RecordedRequest, check: RequestCheck): RequestExplanation | undefined {
  const { answer, headers, trace } = request
  const verdict = verdictOf(request)
  const hasMetFault = trace.faults?.some((kind) => kind !== "delay") === true
  if (answer?.status === undefined || verdict === undefined || verdict === "ok" || hasMetFault) return undefined
  const { cause, where, confidence, summary, fix, evidence, retryable, locks } = explain(
    { status: answer.status, headers: answer.headers, body: answer.text ?? null },
    // The body that was signed is not known, only that which arrived.
    { canonicalRequest: check.signedCanonicalRequest, request: { headers } },
  )
  return { cause, where, confidence, summary, fix, evidence, retryable, locks }
}
