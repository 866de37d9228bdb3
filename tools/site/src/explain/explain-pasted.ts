// SM3 takes a library where there is no node:crypto.
import "@countersign/auth-core/sm3"
import type { ComparedLine, ExplainedRequest, Explanation } from "@countersign/auth-core/explain"
import { explainReport, isSignatureInDoubt } from "../../../../packages/cli/src/explain-report.ts"
import { parseReports } from "../../../../packages/cli/src/parse-report.ts"

/** One refused request of a pasted text. */
export interface ExplainedRefusal {
  /** Such as "GET https://… 401", where a text holds several. */
  readonly title: string
  readonly explanation: Explanation
  /** The cure, in the words of the page. */
  readonly fix: string
  readonly lines: readonly NamedLine[]
  /** Whether the request as it was signed could tell more. */
  readonly isInDoubt: boolean
}

/** A line of the two canonical requests. */
export interface NamedLine extends ComparedLine {
  readonly title: string
  /** The causes of what differs in it. */
  readonly causes: readonly string[]
}

/** Explains each refused request of a text; empty if it holds none. */
export function explainPasted(text: string, request: Partial<ExplainedRequest> = {}): ExplainedRefusal[] {
  const advice = "paste the request as your program signed it"
  return parseReports(text.trim()).flatMap((report) => {
    const explanation = explainReport(report, { request }, advice)
    if (isProse(report.refusal, explanation)) return []
    return {
      title: report.title,
      explanation,
      fix: fixInPage(explanation),
      lines: explanation.comparison.map((line) => namedLine(line, explanation)),
      isInDoubt: isSignatureInDoubt(explanation),
    }
  })
}

/** Whether a text has nothing of a refusal: no status, no code, no known message. */
function isProse(refusal: unknown, { cause, refusal: { status, errorCode, errorMessage } }: Explanation): boolean {
  return cause === "unknown" && status === undefined && errorCode === undefined && errorMessage === refusal
}

/** In this page a request is pasted. Programs pass it to `explain`. */
function fixInPage({ fix }: Explanation): string {
  return fix.replace("Pass the request that was sent to `explain`", "Paste the request too, as your program signed it")
}

/** A sentence as prose and code in turns, as backticks divide it. */
export function proseAndCode(sentence: string): readonly string[] {
  return sentence.split("`")
}

const TITLES = {
  method: "Method",
  path: "Path",
  query: "Query",
  header: "Header",
  "signed-headers": "Signed headers",
  "payload-hash": "Hash of the body",
} as const

function namedLine(line: ComparedLine, { differences }: Explanation): NamedLine {
  const { part, name } = line
  const title = part === "header" ? `${TITLES.header} ${name}` : TITLES[part]
  const causes = line.verdict === "different" ? differences.filter(({ where }) => isAt(where, line)) : []
  return { ...line, title, causes: causes.map(({ cause }) => cause) }
}

function isAt(where: string, { part, name }: ComparedLine): boolean {
  switch (part) {
    case "header":
      return where === `header ${name}`
    case "signed-headers":
      return where === "header authorization"
    case "payload-hash":
      return where === "body"
    default:
      return where.split(" ", 1)[0] === part
  }
}
