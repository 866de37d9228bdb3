import { type ExplainContext, type Explanation, explain } from "@countersign/auth-core/explain"
import type { Report } from "./parse-report.ts"

/**
 * Explains one refused request of a pasted text.
 *
 * @param context its request, as far as given, wins over that of the text
 * @param advice how to give the request as it was signed, as the end of a sentence
 */
export function explainReport(
  { refusal, request, lacksBody = false }: Report,
  context: ExplainContext,
  advice: string,
): Explanation {
  const explanation = explain(refusal, { ...context, request: { ...request, ...context.request } })
  if (lacksBody) return withEvidence(explanation, NO_BODY)
  const isFromLog =
    request !== undefined && context.request?.url === undefined && context.canonicalRequest === undefined
  if (!isFromLog || explanation.comparison.length === 0) return explanation
  // A log is written behind the signer, and in front of any proxy.
  const sentForSigned = `The log shows the request as it was sent, which was taken for the one that was signed. If it was changed after it was signed, ${advice}.`
  return withEvidence(explanation, sentForSigned)
}

const NO_BODY =
  "The text shows the status, and not the body of the answer, which names the cause. Log that too: `error.response.body` of got, `error.response.data` of axios, `error.data` of ky, `await response.text()` of fetch."

function withEvidence(explanation: Explanation, fact: string): Explanation {
  const evidence = [...explanation.evidence, fact]
  return Object.assign(Object.create(Object.getPrototypeOf(explanation)), { ...explanation, evidence })
}

/** Whether the request as it was signed could tell more. */
export function isSignatureInDoubt({ cause, confidence }: Explanation): boolean {
  return cause === "signature-mismatch" || (cause === "wrong-secret-key" && confidence !== "certain")
}
