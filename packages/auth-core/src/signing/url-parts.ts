import { AuthError } from "../errors/auth-error.ts"

/**
 * The path as it is signed, and a line break: each segment percent-encoded once, with a slash at the end even if none is sent.
 *
 * @see API Signing Guide, "Canonical URI"
 */
export function canonicalUriLine(path: string): string {
  const encoded = encodedPath(path)
  // In one step, because each part of a text adds to the cost of its hash.
  return encoded + (encoded.endsWith("/") ? "\n" : "/\n")
}

/** A parameter of a query. */
export interface Pair {
  /** Name and value, encoded, with `=` in between. */
  readonly text: string
  /** Decoded, for sorting: one character for each byte. */
  readonly name: string
  readonly value: string
}

/**
 * The query as it is signed: names and values percent-encoded once, always with `=`, sorted by the bytes of the decoded name,
 * then of the value. A literal `+` is signed as a plus. Servers disagree on it, so better send none.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` for a control character.
 * @see API Signing Guide, "Canonical query string"
 */
export function canonicalQueryString(query: string): string {
  if (query === "" || (PLAIN_PAIRS.test(query) && isSorted(query))) return query
  const pairs = queryPairs(query)
  if (pairs.length > 1) pairs.sort(byNameThenValue)
  return pairs.map(({ text }) => text).join("&")
}

/** The parameters of a query, in its order. */
export function queryPairs(query: string): Pair[] {
  const pairs: Pair[] = []
  for (const part of query.split("&")) {
    if (part !== "") pairs.push(pairOf(part))
  }
  return pairs
}

/** Nothing to encode, an equals sign in every pair. */
const PLAIN_PAIRS = /^[\w.~-]+=[\w.~-]*(?:&[\w.~-]+=[\w.~-]*)*$/

/** Whether the first letters of the names alone show that plain pairs are sorted. Many clients send them so. */
function isSorted(query: string): boolean {
  let start = 0
  for (let end = query.indexOf("&"); end >= 0; end = query.indexOf("&", start)) {
    if (query.charCodeAt(end + 1) <= query.charCodeAt(start)) return false
    start = end + 1
  }
  return true
}

function pairOf(part: string): Pair {
  const equals = part.indexOf("=")
  const name = encodedOnce(equals < 0 ? part : part.slice(0, equals))
  const value = equals < 0 ? "" : encodedOnce(part.slice(equals + 1))
  return { text: `${name}=${value}`, name: decodedBytes(name), value: decodedBytes(value) }
}

function byNameThenValue(a: Pair, b: Pair): number {
  return compared(a.name, b.name) || compared(a.value, b.value)
}

/** Order of two texts by their characters. */
export function compared(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/**
 * Encodes text that may be encoded already, or in part: decodes escapes, then escapes every byte but `A-Z a-z 0-9 - _ . ~` in
 * upper case. Works on bytes, so escapes that are not UTF-8 stay as they are. A `%` that starts no escape stands for itself.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` for a control character, which no URL can carry unescaped.
 * @see API Signing Guide, "Canonical URI" and "Canonical query string"; RFC 3986, section 2.3
 */
function encodedOnce(text: string): string {
  return PLAIN.test(text) ? text : text.replace(ESCAPE_OR_RESERVED, encode)
}

/** The same for a path: slashes stay, and an escaped one counts as a slash. */
function encodedPath(path: string): string {
  return PLAIN_PATH.test(path) ? path : path.replace(ESCAPE_OR_RESERVED_IN_PATH, encodeInPath)
}

/** The bytes of an encoded text, one character each, so that `<` compares bytes. */
function decodedBytes(encoded: string): string {
  return encoded.includes("%") ? encoded.replace(ESCAPE, decode) : encoded
}

// Not case-insensitive: with that, \w would hold two letters beyond ASCII.
const PLAIN = /^[\w.~-]*$/
const PLAIN_PATH = /^[\w.~/-]*$/
const ESCAPE = /%[\dA-Fa-f]{2}/g
const ESCAPE_OR_RESERVED = /%[\dA-Fa-f]{2}|[^\w.~-]/gu
const ESCAPE_OR_RESERVED_IN_PATH = /%[\dA-Fa-f]{2}|[^\w.~/-]/gu

function encode(match: string): string {
  if (match.length === 3) {
    const character = decode(match)
    return PLAIN.test(character) ? character : match.toUpperCase()
  }
  const code = match.charCodeAt(0)
  if (code < 0x20 || code === 0x7f) {
    throw unsignableUrl("has a line break or another control character")
  }
  if (code < 0x80) return `%${code.toString(16).toUpperCase()}`
  // UTF-8 encoders replace half a surrogate pair with U+FFFD.
  return encodeURIComponent(/\p{Cs}/u.test(match) ? "\ufffd" : match)
}

function encodeInPath(match: string): string {
  return match === "%2F" || match === "%2f" ? "/" : encode(match)
}

/** `%XX` as one character of that code. */
function decode(match: string): string {
  return String.fromCharCode(Number.parseInt(match.slice(1), 16))
}

/** The parts of a URL as they go on the wire. */
export interface UrlParts {
  /** Value of the Host header: lower case, with a port unless it is the scheme's default. */
  readonly host: string
  /** Undecoded; may be empty. */
  readonly path: string
  /** Undecoded, without the question mark; may be empty. */
  readonly query: string
}

/** A path starts here or later: after `https://`, or after `http://` and one character of a host. */
const SHORTEST_ORIGIN = 8
const ORIGIN = /^https?:\/\/([^/]*)$/i
/** A name in its final form; an address may still have another spelling. */
const PLAIN_HOST = /^(?:[a-z\d-]+\.)+[a-z][a-z\d-]*$/

/**
 * Splits a URL without changing path and query as the URL class would: dot segments, quotes and the like stay.
 *
 * @param hostAt as {@link hostOf}, which a signer remembers
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when it is relative, not http(s), or has no valid host.
 */
export function urlParts(url: string | URL, hostAt: (origin: string) => string = hostOf): UrlParts {
  const text = typeof url === "string" ? url : url?.href
  if (typeof text !== "string") throw notAbsolute()
  const end = before(text.indexOf("#"), text.length)
  const pathEnd = before(text.indexOf("?"), end)
  const start = before(text.indexOf("/", SHORTEST_ORIGIN), pathEnd)
  return {
    host: hostAt(text.slice(0, start)),
    path: text.slice(start, pathEnd),
    query: text.slice(pathEnd + 1, end),
  }
}

/** The end of a part: `index` if it was found and is not past `end`, else `end`. */
function before(index: number, end: number): number {
  return index < 0 || index > end ? end : index
}

/**
 * The host of an origin as HTTP clients send it: without user and password, in lower case and punycode, without the scheme's
 * default port.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST`
 */
export function hostOf(origin: string): string {
  const [, authority] = ORIGIN.exec(origin) ?? []
  if (authority === undefined) throw notAbsolute()
  if (PLAIN_HOST.test(authority)) return authority
  // The URL class reads a backslash as the start of the path.
  if (authority.includes("\\") || !URL.canParse(origin)) throw unsignableUrl("must have a valid host")
  return new URL(origin).host
}

function notAbsolute(): AuthError {
  return unsignableUrl("must be absolute, with http or https")
}

/** @param fault continues "The URL to sign" */
function unsignableUrl(fault: string): AuthError {
  return new AuthError("AUTH_INVALID_REQUEST", `The URL to sign ${fault}: give it as it goes on the wire.`)
}
