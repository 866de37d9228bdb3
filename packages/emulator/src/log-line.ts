import type { RequestSummary } from "./view/record.ts"

/** A request as one readable line of a log. */
export function logLine({ time, status, method, target, caller, verdict, faults, durationMs }: RequestSummary): string {
  const who = caller === undefined ? "nobody" : `${caller.user} @ ${caller.domain}`
  const fault = faults === undefined ? "" : `, fault: ${faults.join(", ")}`
  const at = new Date(time).toISOString().slice(11, 23)
  return `${at} ${status ?? "---"} ${method} ${target} (${who}): ${verdict ?? "no verdict"}${fault}, ${durationMs} ms`
}
