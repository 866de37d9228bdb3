import { parseJson } from "@countersign/auth-core/adapter"

/** An answer inside of a longer text. */
export interface EmbeddedAnswer {
  readonly status: number | undefined
  /** JSON, or a sentence of the gateway; `undefined` if the text shows the status alone. */
  readonly body: string | undefined
}

/**
 * Finds the refusal in what a program printed: a line of a log, or `console.log(error)`, where it stands behind pages of the
 * client's own state.
 */
export function embeddedAnswer(text: string): EmbeddedAnswer | undefined {
  const body = bodyIn(text) ?? bodyIn(text.replaceAll('\\"', '"').replaceAll("\\\\", "\\")) ?? sentenceIn(text)
  const [, found] = STATUS.exec(text) ?? []
  const status = found === undefined ? undefined : Number(found)
  return body === undefined && status === undefined ? undefined : { status, body }
}

const STATUS = /\b(?:HTTP(?:\/[\d.]{1,3})?|status(?:[ _]?code)?)(?!s)\D{0,4}([45]\d\d)\b/i

/** A text as JSON, JavaScript and Python write it. Node joins its lines with `+`. */
const QUOTED = String.raw`(?:"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*'|${"`"}[^${"`"}\\]*(?:\\.[^${"`"}\\]*)*${"`"})`
const VALUE = String.raw`(${QUOTED}(?: *\+\s*${QUOTED})*|\d+)`
const member = (names: string): RegExp => new RegExp(`(["']?)\\b(${names})\\1\\s*[:=]\\s*${VALUE}`, "gs")

/** A member of answers of gateways and newer APIs. */
const OWN_MEMBER = member("error_(?:msg|code)|error(?:Msg|Message|Code)|request_?[iI]d|reason")
/** The problem+json of a service with @countersign/server. */
const PROBLEM = /\{"title":"[^"]*","status":\d{3},"detail":"(?:[^"\\]|\\.)*","code":"[A-Z_]+"\}/
/** The object `error` of IAM's older shape, which holds the members. */
const ERROR_OBJECT = /(["']?)\berror\1\s*:\s*\{([^{}]*)\}/
const INNER_MEMBER = member("code|message|title")
/** Between two members of one object there are only signs and white space, and sometimes another member. */
const LONGEST_GAP = 200

function bodyIn(text: string): string | undefined {
  const problem = PROBLEM.exec(text)?.[0]
  if (problem !== undefined) return problem
  let fields: Record<string, string> = {}
  let end = 0
  for (const { index, 0: whole, 2: name = "", 3: value = "" } of text.matchAll(OWN_MEMBER)) {
    if (index - end > LONGEST_GAP && isRefusal(fields)) break
    if (index - end > LONGEST_GAP) fields = {}
    fields[name] ??= unquoted(value)
    end = index + whole.length
  }
  if (isRefusal(fields)) return JSON.stringify(fields)
  const inner = [...(ERROR_OBJECT.exec(text)?.[2] ?? "").matchAll(INNER_MEMBER)]
  const error = Object.fromEntries(inner.map(([, , name = "", value = ""]) => [name, unquoted(value)]))
  return "message" in error ? JSON.stringify({ error }) : undefined
}

function isRefusal(fields: Readonly<Record<string, string>>): boolean {
  return Object.keys(fields).some((name) => name.startsWith("error"))
}

function unquoted(value: string): string {
  const parts = value.match(new RegExp(QUOTED, "gs")) ?? [value]
  return parts.map(unquotedPart).join("")
}

function unquotedPart(part: string): string {
  const known = part.startsWith('"') ? parseJson(part) : undefined
  if (typeof known === "string") return known
  const content = /^["'`]/.test(part) ? part.slice(1, -1) : part
  return content.replace(/\\(.)/gs, (_, escaped: string) => (escaped === "n" ? "\n" : escaped))
}

/** The gateway's own words. */
const SENTENCE =
  /Incorrect (?:IAM|app) authentication information|(?:verify|calc) aksk signature fail|Get secretKey failed|AK access failed to reach the limit|decrypt token fail|x-auth-token not found|The token must be updated/
/** The last line of a canonical request. */
const LAST_LINE = /^\s*(?:[\da-f]{64}|UNSIGNED-PAYLOAD)\b/m

function sentenceIn(text: string): string | undefined {
  const start = SENTENCE.exec(text)?.index
  if (start === undefined) return undefined
  const rest = text.slice(start)
  const lineEnd = rest.search(/\r?\n|$/)
  const line = rest.slice(0, lineEnd)
  // A canonical request may go on in the next lines.
  const last = /canonical/i.test(line) && !/[|]|\\n/.test(line) ? LAST_LINE.exec(rest) : null
  return last === null ? line : rest.slice(0, last.index + last[0].length)
}
