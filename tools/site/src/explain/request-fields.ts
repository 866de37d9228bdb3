import type { ExplainedRequest } from "@countersign/auth-core/explain"
import { parseRequest } from "../../../../packages/cli/src/parse-report.ts"

/** A request as somebody enters it. */
export interface RequestFields {
  method: string
  url: string
  /** One `Name: value` in each line. */
  headers: string
  body: string
}

export function emptyFields(): RequestFields {
  return { method: "GET", url: "", headers: "", body: "" }
}

/** @returns `undefined` without a URL, or with one that holds a blank */
export function requestOfFields({ method, url, headers, body }: RequestFields): Partial<ExplainedRequest> | undefined {
  return parseRequest([`${method} ${url.trim()} HTTP/1.1`, ...linesOf(headers), "", body].join("\n"))
}

/** An empty line would end the headers. */
function linesOf(headers: string): string[] {
  return headers.split("\n").filter((line) => line.trim() !== "")
}
