import type { RequestSummary } from "../src/view/record.ts"

/** The caller that got in, in words. */
export function whoOf({ caller }: RequestSummary): string {
  if (caller === undefined) return ""
  const by = caller.assumedBy === undefined ? "" : ` by ${caller.assumedBy}`
  return `${caller.user} @ ${caller.domain}${by}`
}

/** The client, by the product that its User-Agent names first. */
export function clientOf({ client }: RequestSummary): string {
  return client.split(" ", 1)[0] ?? ""
}

/** Whether a check failed: a requested fault is not a refusal. */
export function isRefused({ verdict }: RequestSummary): boolean {
  return verdict !== undefined && verdict !== "ok"
}

/** The canonical request after the verdict on a signature. The page shows it in a table of its own. */
const CANONICAL = /, canonicalRequest:.*$/s

/** The verdict, without the words that every refusal begins with. */
export function verdictWords({ verdict, faults }: RequestSummary): string {
  const words = (verdict ?? "waits")
    .replace(/^Incorrect (?:IAM|app) authentication information: /, "")
    .replace(CANONICAL, "")
  return faults === undefined ? words : `${words}, fault: ${faults.join(", ")}`
}

/** Hours to milliseconds, as the local clock of the reader shows them. */
export function timeOfDay(time: number): string {
  const date = new Date(time)
  const two = (value: number): string => String(value).padStart(2, "0")
  const ms = String(date.getMilliseconds()).padStart(3, "0")
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${ms}`
}

/** A number of things, in English. */
export function count(number: number, singular: string, plural = `${singular}s`): string {
  return `${number.toLocaleString("en")} ${number === 1 ? singular : plural}`
}
