import { asked, listAt, memberAt, parseJson, textAt } from "@countersign/auth-core/adapter"
import type { ExplainedRequest } from "@countersign/auth-core/explain"
import { embeddedAnswer } from "./embedded-answer.ts"
import { parseCurlCommand } from "./parse-curl-command.ts"

/** One refused request of a pasted text. */
export interface Report {
  /** Such as "GET https://… 401", where a text holds several. */
  readonly title: string
  /** As `explain` takes it. */
  readonly refusal: string | PlainAnswer
  readonly request: Partial<ExplainedRequest> | undefined
  /** The text shows no body of the answer, as the logged errors of some clients. */
  readonly lacksBody?: boolean | undefined
}

type Refused = Pick<Report, "refusal" | "lacksBody">

interface PlainAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/**
 * Reads what people paste: a HAR file, the log of `curl -v`, the output of `curl -i`, the body of an answer, or any text
 * that holds one.
 *
 * @returns nothing where a HAR file or a log has no refused request
 */
export function parseReports(pasted: string): Report[] {
  const text = withoutMark(pasted)
  const json = parseJson(text)
  if (isHar(json)) return listAt(json, "log", "entries").flatMap(ofHarEntry)
  if (/^[<>] /m.test(text)) return ofVerboseLog(text)
  const answer = rawAnswer(text)
  if (answer !== undefined) return [{ title: String(answer.status), refusal: answer, request: undefined }]
  const plain = plainAnswer(json)
  return [{ title: "", request: undefined, ...(plain ?? refusalIn(text, json)) }]
}

/** The forms that `parseRequest` takes, as the end of a sentence. */
export const REQUEST_FORMS =
  'it must start with a line such as "GET /v1/x HTTP/1.1", or be a curl command, or JSON with method and url'

/**
 * Reads a request: JSON `{ method, url, headers, body }`, a HAR file, a `curl -v` log, a curl command, or as it goes over
 * HTTP/1.1.
 */
export function parseRequest(given: string): Partial<ExplainedRequest> | undefined {
  const text = withoutMark(given)
  const json = parseJson(text)
  if (isHar(json)) return harRequest(memberAt(json, "log", "entries", 0, "request"))
  const [method, url] = [textAt(json, "method"), textAt(json, "url")]
  if (method !== undefined && url !== undefined) {
    return { method, url, headers: record(memberAt(json, "headers")), ...bodyAt(json, "body") }
  }
  const command = parseCurlCommand(text)
  if (command !== undefined) return command
  if (/^> /m.test(text)) return exchangesIn(text)[0]?.request
  const { head, body: payload } = split(text)
  const request = requestOf(head)
  return request === undefined ? undefined : { ...request, body: payload === "" ? null : payload }
}

/** A line of a program's log may have a member `log` beside others. */
function isHar(json: unknown): boolean {
  if (Array.isArray(memberAt(json, "log", "entries"))) return true
  return typeof memberAt(json, "log") === "object" && Object.keys(Object(json)).length === 1
}

/** Windows saves text with a byte order mark. */
function withoutMark(text: string): string {
  return text.replace(/^\uFEFF/, "")
}

function ofHarEntry(entry: unknown): Report[] {
  const status = memberAt(entry, "response", "status")
  if (typeof status !== "number" || status < 400) return []
  const request = harRequest(memberAt(entry, "request"))
  const content = memberAt(entry, "response", "content")
  const text = textAt(content, "text") ?? ""
  const body = textAt(content, "encoding") === "base64" ? (asked(() => ofBase64(text)) ?? text) : text
  const refusal = { status, headers: pairs(listAt(entry, "response", "headers")), body }
  return [{ title: `${request?.method} ${withoutQuery(request?.url)} ${status}`, refusal, request }]
}

function ofBase64(text: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)))
}

function harRequest(request: unknown): Partial<ExplainedRequest> | undefined {
  const [method, url] = [textAt(request, "method"), textAt(request, "url")]
  if (method === undefined || url === undefined) return undefined
  return { method, url, headers: pairs(listAt(request, "headers")), ...bodyAt(request, "postData", "text") }
}

/** A known empty body differs from an unknown one. */
function bodyAt(value: unknown, ...path: readonly string[]): Pick<ExplainedRequest, "body"> {
  const body = memberAt(value, ...path)
  return typeof body === "string" ? { body } : {}
}

function ofVerboseLog(text: string): Report[] {
  return exchangesIn(text).flatMap(({ request, answer }) =>
    answer === undefined || answer.status < 400
      ? []
      : [{ title: `${request?.method} ${withoutQuery(request?.url)} ${answer.status}`, refusal: answer, request }],
  )
}

interface Exchange {
  readonly request: Partial<ExplainedRequest> | undefined
  readonly answer: PlainAnswer | undefined
}

/** Each request of a `curl -v` log with its answer. A request starts where `>` follows anything else. */
function exchangesIn(text: string): Exchange[] {
  const exchanges: { sent: string[]; received: string[]; body: string[] }[] = []
  let last = ""
  for (const line of text.split(/\r\n|\n|\r/)) {
    const mark = /^([<>*{}]) ?/.exec(line)?.[1] ?? ""
    if (mark === ">" && last !== ">") exchanges.push({ sent: [], received: [], body: [] })
    const current = exchanges.at(-1)
    if (mark === ">") current?.sent.push(line.slice(2))
    else if (mark === "<") current?.received.push(line.slice(2))
    // `{ [120 bytes data]` and the lines of the progress meter are curl's own.
    else if (mark !== "*" && !/^[{}] \[\d+ bytes data\]|^\s*%? ?(?:Total|\d+ .*--:--)/.test(line))
      current?.body.push(line)
    if (mark !== "*" && mark !== "") last = mark
  }
  return exchanges.map(({ sent, received, body }) => ({
    request: requestOf(sent.join("\n")),
    // The last words of curl may follow the body in the same line.
    answer: answerOf(
      received.join("\n"),
      body
        .join("\n")
        .replace(/\* (?:Connection|Closing|shutting).*$/s, "")
        .trim(),
    ),
  }))
}

/** The output of `curl -i`: the last answer, since a redirect or a `100 Continue` may stand before it. */
function rawAnswer(text: string): PlainAnswer | undefined {
  let answer: PlainAnswer | undefined
  for (let rest = text.trimStart(); /^HTTP\/[\d.]+ \d{3}/.test(rest); ) {
    const { head, body } = split(rest)
    answer = answerOf(head, body.trim())
    rest = body.trimStart()
  }
  return answer
}

function answerOf(head: string, body: string): PlainAnswer | undefined {
  const [first = "", ...lines] = head.split(/\r?\n/)
  const [, status] = /^HTTP\/[\d.]+ (\d{3})/.exec(first) ?? []
  return status === undefined ? undefined : { status: Number(status), headers: headersIn(lines), body }
}

function requestOf(head: string): Partial<ExplainedRequest> | undefined {
  const [first = "", ...lines] = head.split(/\r?\n/)
  const [, method, target] = /^([A-Z]+) (\S+) HTTP\/[\d.]+\s*$/.exec(first) ?? []
  if (method === undefined || target === undefined) return undefined
  const headers = headersIn(lines)
  const host = headers.host
  return { method, url: host !== undefined && target.startsWith("/") ? `https://${host}${target}` : target, headers }
}

function headersIn(lines: readonly string[]): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const line of lines) {
    const [, name, value] = /^([^\s:]+):(.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) headers[name.toLowerCase()] = value.trim()
  }
  return headers
}

function split(text: string): { head: string; body: string } {
  const { index, 0: gap } = /\r?\n\r?\n/.exec(text) ?? { index: text.length, 0: "" }
  return { head: text.slice(0, index), body: text.slice(index + gap.length) }
}

/** JSON with a status beside a body, such as a program's log entry. */
function plainAnswer(json: unknown): Refused | undefined {
  const status = memberAt(json, "status") ?? memberAt(json, "statusCode")
  if (!/^[1-5]\d\d$/.test(String(status))) return undefined
  // problem+json names the status itself.
  const problem = textAt(json, "detail") === undefined ? undefined : json
  const given = memberAt(json, "body") ?? memberAt(json, "data") ?? problem
  const body = typeof given === "string" ? given : given === undefined ? "" : JSON.stringify(given)
  const headers = record(memberAt(json, "headers"))
  return { refusal: { status: Number(status), headers, body }, lacksBody: given === undefined }
}

/** The answer itself, or the one in what a program printed. */
function refusalIn(text: string, json: unknown): Refused {
  const isAnswer = ["error_code", "error_msg", "errorCode", "error", "errors"].some(
    (name) => memberAt(json, name) !== undefined,
  )
  const found = isAnswer ? undefined : embeddedAnswer(text)
  if (found === undefined) return { refusal: text }
  const { status, body } = found
  const refusal = status === undefined ? (body ?? text) : { status, headers: {}, body: body ?? "" }
  return { refusal, lacksBody: body === undefined }
}

function record(value: unknown): Record<string, string> {
  if (typeof value !== "object" || value === null) return {}
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name.toLowerCase(), String(each)]))
}

/** HAR lists `{ name, value }`; HTTP/2 has names that start with a colon. */
function pairs(list: readonly unknown[]): Record<string, string> {
  const all = list.map((header) => [textAt(header, "name") ?? "", textAt(header, "value") ?? ""] as const)
  return Object.fromEntries(
    all.filter(([name]) => /^[^:]/.test(name)).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

function withoutQuery(url: string | URL | undefined): string {
  return String(url).replace(/[?#].*/s, "")
}
