import { unsignableUrl } from "./unsignable-url.ts"

/**
 * One percent-encoding for text that may be encoded in part, or not at all: escapes are decoded, then every byte but
 * `A-Z a-z 0-9 - _ . ~` is escaped in upper case. Works on bytes, so escapes that are no UTF-8 stay what they are; a `%`
 * that starts no escape stands for itself.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when there is a control character, which no URL can carry unescaped.
 * @see API Signing Guide, "Canonical URI" and "Canonical query string"; RFC 3986, section 2.3
 */
export function encodedOnce(text: string): string {
  return PLAIN.test(text) ? text : text.replace(ESCAPE_OR_RESERVED, encode)
}

/** The same for a path: slashes stay, and an escaped one counts as a slash. */
export function encodedPath(path: string): string {
  return PLAIN_PATH.test(path) ? path : path.replace(ESCAPE_OR_RESERVED_IN_PATH, encodeInPath)
}

/** The bytes that an encoded text stands for, one character each, so that `<` compares bytes. */
export function decodedBytes(encoded: string): string {
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
  // UTF-8 encoders put U+FFFD in place of half a surrogate pair, which is no character.
  return encodeURIComponent(/\p{Cs}/u.test(match) ? "\ufffd" : match)
}

function encodeInPath(match: string): string {
  return match === "%2F" || match === "%2f" ? "/" : encode(match)
}

/** `%XX` as one character of that code. */
function decode(match: string): string {
  return String.fromCharCode(Number.parseInt(match.slice(1), 16))
}
