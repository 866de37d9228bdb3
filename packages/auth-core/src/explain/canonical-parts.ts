import { isSecretName } from "../runtime/redact.ts"
import { isMasked, shownHeader, shownQuery } from "./masked.ts"

/** A canonical request, taken apart. Parts that a cut text no longer holds are `undefined`. */
export interface CanonicalParts {
  readonly method: string
  readonly path: string
  readonly query: string
  /** By lower-case name; only the signed ones. */
  readonly headers: ReadonlyMap<string, string>
  readonly signedHeaders: readonly string[] | undefined
  readonly payloadHash: string | undefined
}

const LABEL = /canonical[ _-]?request(?: is)?["']?\s*[:=]\s*["']?/i

/**
 * The canonical request that a refusal shows, and what stands before it.
 *
 * @param text a message, or the raw text of an answer
 */
export function findCanonicalRequest(text: string): { before: string; canonicalRequest: string } | undefined {
  const label = LABEL.exec(text)
  if (label === null) return undefined
  const rest = text.slice(label.index + label[0].length)
  const before = text.slice(0, endWithout(/[\s,;.]/, text, label.index))
  return { before, canonicalRequest: withoutTail(rest) }
}

/** The end of a text without its trailing characters of a kind. A pattern with `$` would try each run of them from each character. */
function endWithout(character: RegExp, text: string, from = text.length): number {
  let end = from
  while (end > 0 && character.test(text.charAt(end - 1))) end -= 1
  return end
}

/** Cuts raw JSON at the end of its string, and undoes the escapes of HTML and JSON. */
function withoutTail(text: string): string {
  const end = /"\s*(?:,\s*"\w+"\s*:|\})/.exec(text)
  const clean = (end === null ? text : text.slice(0, end.index))
    .replaceAll("\\u0026", "&")
    .replaceAll("\\/", "/")
    .replaceAll("&amp;", "&")
    .replaceAll("&#124;", "|")
  return clean.slice(0, endWithout(/["'\s]/, clean))
}

/**
 * Reads a canonical request in every form in which gateways and SDKs print it: with line breaks, with `|` in their place,
 * which escapes nothing, or with `\n` as two characters.
 *
 * @returns `undefined` for any other text
 */
export function parseCanonicalRequest(text: string): CanonicalParts | undefined {
  const trimmed = text.replace(/^\s+/, "").replaceAll("\r\n", "\n").replaceAll("\\r\\n", "\\n")
  const separator = separatorOf(trimmed)
  const [method = "", path = "", query, rest] = splitStart(trimmed, separator)
  if (!/^[!#$%&'*+.^_`~\w-]+$/.test(method) || !path.startsWith("/") || query === undefined) return undefined
  return { method, path, query, ...readEnd(rest ?? "", separator) }
}

/** Whether a text is a canonical request, in any form that is read. */
export function isCanonicalRequest(text: string): boolean {
  return parseCanonicalRequest(text) !== undefined
}

type Separator = "\n" | "\\n" | "|"

function separatorOf(text: string): Separator {
  const counts = (["\n", "\\n", "|"] as const).map((separator) => ({
    separator,
    // A path and a query hold none of them, so whichever comes first separates.
    at: text.indexOf(separator),
  }))
  const found = counts.filter(({ at }) => at >= 0).sort((a, b) => a.at - b.at)
  return found[0]?.separator ?? "\n"
}

function splitStart(text: string, separator: Separator): string[] {
  const parts: string[] = []
  let start = 0
  while (parts.length < 3) {
    const end = text.indexOf(separator, start)
    if (end < 0) break
    parts.push(text.slice(start, end))
    start = end + separator.length
  }
  return [...parts, text.slice(start)]
}

const PAYLOAD_HASH = /^(?:[\da-f]{64}|UNSIGNED-PAYLOAD)(?![\w-])/i
const CUT_HASH = /^[\da-f]{0,63}$/
const SIGNED_HEADERS = /^[!#$%&'*+.^_`~\w-]+(?:;[!#$%&'*+.^_`~\w-]+)*$/

function readEnd(
  rest: string,
  separator: Separator,
): Pick<CanonicalParts, "headers" | "signedHeaders" | "payloadHash"> {
  const hashAt = rest.lastIndexOf(separator)
  const last = rest.slice(hashAt + separator.length).trim()
  const namesAt = rest.lastIndexOf(separator, hashAt - 1)
  const list = rest.slice(namesAt + separator.length, Math.max(hashAt, 0))
  if (hashAt < 0 || namesAt < 0 || !SIGNED_HEADERS.test(list)) {
    return { headers: readCutHeaders(rest, separator), signedHeaders: undefined, payloadHash: undefined }
  }
  const payloadHash = PAYLOAD_HASH.exec(last)?.[0] ?? (CUT_HASH.test(last) ? undefined : last)
  const signedHeaders = list.split(";")
  const block = rest.slice(0, namesAt)
  return { headers: readHeaders(block, signedHeaders, separator), signedHeaders, payloadHash }
}

/** Splits at the names that are expected, since `|` may be part of a value. */
function readHeaders(block: string, names: readonly string[], separator: Separator): Map<string, string> {
  const positions = new Map(names.map((name, position) => [name, position]))
  const headers = new Map<string, string[]>()
  let last = -1
  let value: string[] = []
  for (const line of (block.endsWith(separator) ? block.slice(0, -separator.length) : block).split(separator)) {
    const name = line.slice(0, Math.max(line.indexOf(":"), 0))
    const position = positions.get(name) ?? -1
    if (position > last) {
      last = position
      value = [line.slice(name.length + 1)]
      headers.set(name, value)
    } else {
      value.push(line)
    }
  }
  return new Map([...headers].map(([name, parts]) => [name, parts.join(separator)]))
}

/** Without the last, which may be cut in its middle. */
function readCutHeaders(rest: string, separator: Separator): Map<string, string> {
  const lines = rest.split(separator).slice(0, -1)
  const headers = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(":")
    if (colon > 0) headers.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return headers
}

/** The canonical request that was signed, as far as it is known; unknown parts are `undefined`. */
export type SignedParts = {
  readonly [Part in Exclude<keyof CanonicalParts, "headers">]: CanonicalParts[Part] | undefined
} & Pick<CanonicalParts, "headers">

/** A part of a canonical request. */
export type ComparedPart = "method" | "path" | "query" | "header" | "signed-headers" | "payload-hash"

/** One line of the two canonical requests. Secret values are masked. */
export interface ComparedLine {
  /** The part of the canonical request. */
  readonly part: ComparedPart
  /** Name of a header; absent for other lines. */
  readonly name?: string
  /** As it was signed; `undefined` when it is not there, or not known. */
  readonly expected: string | undefined
  /** As the gateway shows it; `undefined` when it does not. */
  readonly received: string | undefined
  /** `unknown` where one side is not known, or was masked. */
  readonly verdict: "same" | "different" | "unknown"
}

/** Compares line by line, in the order of the canonical request. */
export function compareCanonical(signed: SignedParts, received: CanonicalParts): ComparedLine[] {
  const names = headerNames(signed, received)
  const listed = received.signedHeaders && new Set(received.signedHeaders)
  return [
    line("method", signed.method, received.method),
    line("path", signed.path, received.path),
    queryLine(signed.query, received.query),
    ...names.map((name) => headerLine(name, signed, received, listed)),
    line("signed-headers", signed.signedHeaders?.join(";"), received.signedHeaders?.join(";")),
    line("payload-hash", signed.payloadHash, received.payloadHash),
  ]
}

function line(part: ComparedPart, expected: string | undefined, received: string | undefined): ComparedLine {
  return { part, expected, received, verdict: verdictOf(expected, received) }
}

function verdictOf(expected: string | undefined, received: string | undefined): ComparedLine["verdict"] {
  if (expected === undefined || received === undefined) return "unknown"
  return expected === received ? "same" : "different"
}

function queryLine(expected: string | undefined, received: string): ComparedLine {
  const shown = { part: "query", expected: expected && shownQuery(expected), received: shownQuery(received) } as const
  if (expected === undefined || expected === received) return { ...shown, verdict: verdictOf(expected, received) }
  const [signed, arrived] = [expected.split("&"), received.split("&")]
  // Masked values cannot be compared, so only the names count then.
  const isVeiled = [...signed, ...arrived].some((pair) => isMasked(pair.slice(pair.indexOf("=") + 1)))
  const isSame = isVeiled && namesIn(signed) === namesIn(arrived) && sameUnveiled(signed, arrived)
  return { ...shown, verdict: isSame ? "unknown" : "different" }
}

function namesIn(pairs: readonly string[]): string {
  return pairs.map((pair) => pair.split("=", 1)[0]).join("&")
}

function sameUnveiled(signed: readonly string[], arrived: readonly string[]): boolean {
  return signed.every((pair, index) => {
    const other = arrived[index] ?? ""
    return pair === other || [pair, other].some((each) => isMasked(each.slice(each.indexOf("=") + 1)))
  })
}

function headerNames(signed: SignedParts, received: CanonicalParts): string[] {
  const listed = [...(signed.signedHeaders ?? []), ...(received.signedHeaders ?? [])]
  return [...new Set([...listed, ...signed.headers.keys(), ...received.headers.keys()])].sort()
}

function headerLine(
  name: string,
  signed: SignedParts,
  received: CanonicalParts,
  listed: ReadonlySet<string> | undefined,
): ComparedLine {
  const expected = signed.headers.get(name)
  const arrived = received.headers.get(name)
  const shown = (value: string | undefined): string | undefined => value && shownHeader(name, value)
  const fields = { part: "header", name, expected: shown(expected), received: shown(arrived) } as const
  // A cut text does not say what would have followed.
  const isCut = listed === undefined && arrived === undefined
  const isHidden = isSecretName(name) && [expected, arrived].some((value) => value !== undefined && isMasked(value))
  if (isCut || isHidden) return { ...fields, verdict: "unknown" }
  const isListed = listed?.has(name) === true
  // Nobody signs an empty value, so a listed header without one was dropped, whatever its value was.
  if (isListed && (arrived === undefined || arrived === "") && expected !== "")
    return { ...fields, verdict: "different" }
  if (expected === undefined) return { ...fields, verdict: "unknown" }
  // Compares the shown forms, since only a fingerprint may be known.
  return { ...fields, verdict: fields.expected === fields.received ? "same" : "different" }
}
