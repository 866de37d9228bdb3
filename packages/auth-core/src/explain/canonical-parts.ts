/** A canonical request, taken apart. What a cut text no longer holds is `undefined`. */
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
  return { before: text.slice(0, label.index).replace(/[\s,;.]+$/, ""), canonicalRequest: withoutTail(rest) }
}

/** Of raw JSON, the end of its string; and what HTML and JSON escape. */
function withoutTail(text: string): string {
  const end = /"\s*(?:,\s*"\w+"\s*:|\})/.exec(text)
  return (end === null ? text : text.slice(0, end.index))
    .replaceAll("\\u0026", "&")
    .replaceAll("\\/", "/")
    .replaceAll("&amp;", "&")
    .replaceAll("&#124;", "|")
    .replace(/["'\s]+$/, "")
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
  const headers = new Map<string, string>()
  const ended = block.endsWith(separator) ? block : block + separator
  let rest = ended
  for (const [index, name] of names.entries()) {
    if (!rest.startsWith(`${name}:`)) continue
    const next = names
      .slice(index + 1)
      .map((later) => rest.indexOf(`${separator}${later}:`))
      .filter((at) => at >= 0)
    const end = next.length > 0 ? Math.min(...next) : rest.length - separator.length
    headers.set(name, rest.slice(name.length + 1, end))
    rest = rest.slice(end + separator.length)
  }
  return headers
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
