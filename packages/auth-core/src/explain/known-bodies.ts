import { hashHex } from "#digest"
import { joined } from "../digest/bytes.ts"
import { bytesOf, type HashAlgorithm } from "../digest/digest.ts"
import type { Cause } from "./causes.ts"

/** A body that a hash was recognized as. */
export interface KnownBody {
  readonly cause: Extract<Cause, `body-${string}`> | "wrong-algorithm"
  /** Such as `the text "{}"`. */
  readonly description: string
}

/** Whether a body is JSON that a placeholder looks like: then it is no placeholder. */
export function isShortJson(body: string | Uint8Array): boolean {
  return body.length <= LONGEST_PLACEHOLDER && parsed(textOf(body) ?? "") !== undefined
}

const LONGEST_PLACEHOLDER = 5

/** Texts that programs send or sign by mistake instead of a body. Those that are JSON may be the body itself. */
const PLACEHOLDERS: readonly (readonly [text: string, description: string])[] = [
  ["{}", 'the text "{}"'],
  ["{}\n", 'the text "{}" and a line break'],
  ['"{}"', 'the JSON text "{}", quoted once more'],
  ["null", 'the text "null"'],
  ["[]", 'the text "[]"'],
  ['""', "two quotes"],
  ["undefined", 'the text "undefined"'],
  ["[object Object]", 'the text "[object Object]"'],
  ["[object FormData]", 'the text "[object FormData]"'],
  ["[object Blob]", 'the text "[object Blob]"'],
  ["[object File]", 'the text "[object File]"'],
  ["[object ReadableStream]", 'the text "[object ReadableStream]"'],
  ["[object ArrayBuffer]", 'the text "[object ArrayBuffer]"'],
  ["[object URLSearchParams]", 'the text "[object URLSearchParams]"'],
  ["[object Promise]", 'the text "[object Promise]"'],
  ["\n", "a line break"],
  ["\r\n", "a line break"],
  [" ", "a blank"],
  ["true", 'the text "true"'],
  ["false", 'the text "false"'],
  ["0", 'the text "0"'],
  ["NaN", 'the text "NaN"'],
  ["\ufeff", "a byte order mark"],
  ["UNSIGNED-PAYLOAD", 'the hash of the text "UNSIGNED-PAYLOAD", in place of the text'],
]

/** The hash of no body; `undefined` where the runtime lacks the algorithm. */
export function emptyHash(algorithm: HashAlgorithm): string | undefined {
  return hashOf(algorithm, "")
}

/** The body that a hash belongs to, when it is one that needs no request to be known. */
export function knownPlaceholder(hash: string, algorithm: HashAlgorithm): KnownBody | undefined {
  if (hash === emptyHash(algorithm)) return { cause: "body-lost", description: "no body" }
  const found = PLACEHOLDERS.find(([text]) => hashOf(algorithm, text) === hash)
  return found && { cause: "body-placeholder", description: found[1] }
}

/** Trying all forms costs a few hundred hashes, so larger bodies are skipped. */
const LONGEST_TRIED_BYTES = 128 * 1024

/** Finds out how a body was changed on its way, by trying the changes that are known to happen. */
export function changedBody(hash: string, body: string | Uint8Array, algorithm: HashAlgorithm): KnownBody | undefined {
  const other = algorithm === "sha256" ? "sm3" : "sha256"
  if (hashOf(other, body) === hash) return { cause: "wrong-algorithm", description: `${named(other)} of the same body` }
  const bytes = bytesOf(body)
  if (bytes.length > LONGEST_TRIED_BYTES) return undefined
  const text = textOf(body)
  for (const { cause, description, content } of forms(bytes, text)) {
    if (hashOf(algorithm, content) === hash) return { cause, description }
  }
  return undefined
}

/** `undefined` where the runtime lacks the algorithm: it cannot have signed with it. */
function hashOf(algorithm: HashAlgorithm, content: string | Uint8Array): string | undefined {
  try {
    return hashHex(algorithm, content)
  } catch {
    return undefined
  }
}

function named(algorithm: HashAlgorithm): string {
  return algorithm === "sm3" ? "SM3" : "SHA-256"
}

function textOf(body: string | Uint8Array): string | undefined {
  if (typeof body === "string") return body
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body)
  } catch {
    return undefined
  }
}

interface Form extends KnownBody {
  readonly content: string | Uint8Array
}

function* forms(bytes: Uint8Array, text: string | undefined): Generator<Form> {
  if (text !== undefined) {
    yield* jsonForms(text)
    yield* encodings(text)
    yield* textForms(text)
  }
  yield* compressions(bytes)
  yield* byteForms(bytes)
}

const JSON_DESCRIPTION = "the same JSON with other spacing, escapes or order of keys"

function* jsonForms(text: string): Generator<Form> {
  const value = parsed(text)
  if (value === undefined) return
  const { lost, depth } = lossesOf(text)
  // Writing JSON takes the stack.
  if (depth > DEEPEST_JSON) return
  const form = (content: string): Form =>
    lost === undefined
      ? { cause: "body-json-rewritten", description: JSON_DESCRIPTION, content }
      : { cause: "body-changed", description: `the JSON, parsed and written anew, which lost ${lost}`, content }
  for (const ordered of [value, sortedBy(value, 1), sortedBy(value, -1)]) {
    for (const spaced of [
      JSON.stringify(ordered),
      pythonJson(ordered),
      ...[1, 2, 4, "\t"].map((indent) => JSON.stringify(ordered, null, indent)),
    ]) {
      for (const escapeIn of ESCAPES) {
        const escaped = escapeIn(spaced)
        for (const end of ["", "\n"]) if (escaped + end !== text) yield form(escaped + end)
      }
    }
  }
  yield { cause: "body-json-rewritten", description: "the JSON text, quoted once more", content: JSON.stringify(text) }
  if (typeof value === "string") {
    yield { cause: "body-json-rewritten", description: "the JSON text without its outer quotes", content: value }
  }
}

const DEEPEST_JSON = 500
const JSON_TOKEN = /"[^"\\]*(?:\\.[^"\\]*)*"(\s*:)?|-?\d[\d.eE+-]*|[{}[\]]/gs

/** The part that a JSON text loses when it is parsed and written anew, and its depth. */
function lossesOf(text: string): { readonly lost: string | undefined; readonly depth: number } {
  const keys: Set<string>[] = []
  let [lost, depth]: [string | undefined, number] = [undefined, 0]
  for (const [token, colon] of text.matchAll(JSON_TOKEN)) {
    if (token === "{" || token === "[") depth = Math.max(depth, keys.push(new Set()))
    else if (token === "}" || token === "]") keys.pop()
    else if (colon !== undefined) {
      const key = token.slice(0, -colon.length)
      if (keys.at(-1)?.has(key) === true) lost = "a key that it has twice"
      keys.at(-1)?.add(key)
    } else if (!token.startsWith('"') && significant(token) !== significant(String(Number(token)))) {
      lost = "digits of a number"
    }
  }
  return { lost, depth }
}

/** A number without digits that do not count: `1.50e3` is `15e2`. */
function significant(number: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:e([+-]?\d+))?$/i.exec(number) ?? []
  const digits = (whole + fraction).replace(/^0+/, "")
  let end = digits.length
  while (digits[end - 1] === "0") end -= 1
  if (end === 0) return "0"
  return `${sign}${digits.slice(0, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function sortedBy(value: unknown, direction: 1 | -1): unknown {
  if (Array.isArray(value)) return value.map((item) => sortedBy(item, direction))
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -direction : direction))
  return Object.fromEntries(entries.map(([name, item]) => [name, sortedBy(item, direction)]))
}

/** As Python's `json.dumps` spaces it. */
function pythonJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(pythonJson).join(", ")}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value)
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}: ${pythonJson(item)}`)
    .join(", ")}}`
}

const unicodeEscape = (unit: string): string => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`

/** JSON writers escape more than they must: non-ASCII (Python), markup (Go), slashes (PHP). */
const ESCAPES: readonly ((json: string) => string)[] = [
  (json) => json,
  (json) => json.replace(/[^\0-\x7f]/g, unicodeEscape),
  (json) => json.replace(/[<>&\u2028\u2029]/g, unicodeEscape),
  (json) => json.replaceAll("/", "\\/"),
]

function* encodings(text: string): Generator<Form> {
  const form = (name: string, content: Uint8Array): Form => ({
    cause: "body-reencoded",
    description: `the same text in ${name}`,
    content,
  })
  for (const bom of ["", "\ufeff"]) {
    const named = bom === "" ? "" : " with a byte order mark"
    yield form(`UTF-16LE${named}`, utf16(bom + text, true))
    yield form(`UTF-16BE${named}`, utf16(bom + text, false))
  }
  yield form("UTF-8 with a byte order mark", new TextEncoder().encode(`\ufeff${text}`))
  // Without such characters these are the same bytes as UTF-8.
  if (/^[\0-\x7f]*$/.test(text)) return
  yield form("Latin-1", latin1(text))
  yield form("Latin-1, with question marks for what it lacks", latin1(text.replace(/[^\0-\xff]/gu, "?")))
  yield form("ASCII, with question marks for what it lacks", latin1(text.replace(/[^\0-\x7f]/gu, "?")))
  const misread = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("")
  yield form("UTF-8, encoded twice", new TextEncoder().encode(misread))
}

function utf16(text: string, littleEndian: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * text.length))
  for (let index = 0; index < text.length; index++) view.setUint16(2 * index, text.charCodeAt(index), littleEndian)
  return new Uint8Array(view.buffer)
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

function* textForms(text: string): Generator<Form> {
  const form = (description: string, content: string): Form => ({ cause: "body-changed", description, content })
  yield form("the same text without white space around it", text.trim())
  yield form("the same text and a line break", `${text}\n`)
  yield form("the same text and a line break", `${text}\r\n`)
  yield form("the same text with other line breaks", text.replace(/\r\n/g, "\n"))
  yield form("the same text with other line breaks", text.replace(/\r?\n/g, "\r\n"))
  yield form("the same form with other escapes", text.replaceAll("%20", "+"))
  yield form("the same form with other escapes", text.replaceAll("+", "%20"))
  yield form("the text, percent-encoded once more", encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd")))
}

function* byteForms(bytes: Uint8Array): Generator<Form> {
  const base64 = btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""))
  yield { cause: "body-reencoded", description: "the body in Base64", content: base64 }
  yield { cause: "body-changed", description: "the body twice", content: joined([bytes, bytes]) }
  const chunked = joined([bytesOf(`${bytes.length.toString(16)}\r\n`), bytes, bytesOf("\r\n0\r\n\r\n")])
  yield { cause: "body-changed", description: "the body with the framing of chunked transfer", content: chunked }
  for (let length = bytes.length - 1; length > 0 && bytes.length <= LONGEST_CUT_BYTES; length--) {
    const description = `the first ${length} of ${bytes.length} bytes`
    yield { cause: "body-changed", description, content: bytes.subarray(0, length) }
  }
}

/** Every beginning of a short body is tried. */
const LONGEST_CUT_BYTES = 2_048

/** The byte of a gzip header that names the operating system; it differs from writer to writer. */
const GZIP_OS_AT = 9
const GZIP_SYSTEMS = [0, 3, 10, 11, 19, 255]

/** Those of servers and proxies, and the default of libraries, which is slow. */
const BROTLI_QUALITIES = [4, 5, 6, 11]
const LONGEST_BROTLI_BYTES = 64 * 1024

/** Browsers have no synchronous compression, so this yields nothing there. */
function* compressions(bytes: Uint8Array): Generator<Form> {
  const zlib = globalThis.process?.getBuiltinModule?.("node:zlib")
  if (zlib === undefined) return
  const form = (name: string, content: Uint8Array): Form => ({
    cause: "body-compressed",
    description: `the same body, compressed with ${name}`,
    content,
  })
  for (let level = 1; level <= 9; level++) {
    const gzipped = zlib.gzipSync(bytes, { level })
    for (const system of GZIP_SYSTEMS) {
      gzipped[GZIP_OS_AT] = system
      yield form("gzip", gzipped)
    }
    yield form("deflate", zlib.deflateSync(bytes, { level }))
    yield form("deflate", zlib.deflateRawSync(bytes, { level }))
  }
  if (bytes.length > LONGEST_BROTLI_BYTES) return
  for (const quality of BROTLI_QUALITIES) {
    const params = { [zlib.constants.BROTLI_PARAM_QUALITY]: quality }
    yield form("brotli", zlib.brotliCompressSync(bytes, { params }))
  }
}
