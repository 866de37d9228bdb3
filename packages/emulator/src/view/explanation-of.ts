import { explain } from "@countersign/auth-core/explain"
import { claimedSignature } from "./claimed-signature.ts"
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
  return { cause, where, confidence, summary, fix, evidence, retryable, locks, ...ownFinding(request, check) }
}

/** `explain` sees a refusal alone. The emulator also knows the SK, what arrived, and what it tried in vain. */
function ownFinding(request: RecordedRequest, check: RequestCheck): Partial<RequestExplanation> {
  const { outcome, key } = request.trace.signature ?? {}
  const isApp = request.trace.refusal?.startsWith("Incorrect app ") === true
  const failed = check.steps.find(({ state }) => state === "failed")
  switch (outcome) {
    case "SIGNATURE_MALFORMED":
    case "SIGNATURE_MISSING":
      return { confidence: "certain", evidence: failed === undefined ? [] : [failed.detail] }
    case "PAYLOAD_MISMATCH":
      return {
        cause: "body-changed",
        where: "body",
        confidence: "certain",
        summary: "The body that arrived is not the one whose hash was signed.",
        fix: "Sign the bytes that are sent, and let nothing change them on their way.",
        evidence: failed === undefined ? [] : [failed.detail],
      }
    case "SIGNATURE_MISMATCH":
      if (key === undefined) return {}
      // Only AKs are locked after failures.
      return isApp
        ? { ...mismatch(request, check, `the AppSecret of ${key.accessKeyId}`), locks: false }
        : mismatch(request, check, `the SK of ${key.accessKeyId}`)
    default:
      return {}
  }
}

function mismatch(
  { headers, trace }: RecordedRequest,
  { canonicalRequest, signedCanonicalRequest, differences = [] }: RequestCheck,
  secret: string,
): Partial<RequestExplanation> {
  const found = differences.find(({ part }) => part === "key")
  const isOtherRequest = signedCanonicalRequest !== undefined && found === undefined
  if (canonicalRequest === undefined || isOtherRequest) return {}
  const dropped = claimedSignature(headers)?.signedHeaders.find((name) => headers[name] === undefined)
  if (dropped !== undefined && found === undefined) {
    return {
      cause: "header-dropped",
      where: `header ${dropped}`,
      confidence: "likely",
      summary: `The header ${dropped} is signed, and did not arrive.`,
      fix: "Find what drops it, such as a proxy or a redirect. Otherwise leave it unsigned.",
      evidence: [],
    }
  }
  const { bytes = 0, content } = trace.body ?? {}
  const isBodyKnown = bytes === 0 || content !== undefined
  const tried = isBodyKnown
    ? [TRIED]
    : [TRIED, "The body is too long to be kept, so changes of the body were not tried."]
  return {
    cause: "wrong-secret-key",
    where: "secret key",
    confidence: found !== undefined ? "certain" : isBodyKnown ? "likely" : "possible",
    summary: `The request was not signed with ${secret}.`,
    fix: `Sign with ${secret}: whole, and without white space or quotes.`,
    evidence: found === undefined ? tried : [`The request arrived as it was signed, but ${found.words}.`],
  }
}

const TRIED =
  "The signature fits neither the request that arrived nor one that differs from it as clients and proxies usually change requests. So another secret made it, or it was made of something else."
