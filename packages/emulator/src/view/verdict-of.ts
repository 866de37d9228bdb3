import { textAt } from "@countersign/auth-core/adapter"
import { parseObject } from "../iam/json.ts"
import type { RecordedRequest } from "./recorder.ts"

/** `ok`, or the message of the refusal; `undefined` before the answer. */
export function verdictOf({
  part,
  trace,
  answer,
}: Pick<RecordedRequest, "part" | "trace" | "answer">): string | undefined {
  if (part === "gateway") {
    if (trace.refusal !== undefined) return trace.refusal
    return trace.principal === undefined ? undefined : "ok"
  }
  if (answer === undefined) return undefined
  const hasFailed = answer.status === undefined || answer.status >= 400
  if (!hasFailed || trace.faults?.some((kind) => kind !== "delay") === true) return "ok"
  const body = parseObject(answer.text ?? "")
  return textAt(body, "error_msg") ?? textAt(body, "error", "message") ?? answer.text ?? "no answer"
}
