/**
 * One percent-encoding for text that may be encoded in part, or not at all: escapes are decoded, then every byte but
 * `A-Z a-z 0-9 - _ . ~` is escaped in upper case. Works on bytes, so escapes that are no UTF-8 stay what they are; a `%`
 * that starts no escape stands for itself.
 *
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
  return encoded.includes("%")
    ? encoded.replace(ESCAPE, (match) => String.fromCharCode(Number.parseInt(match.slice(1), 16)))
    : encoded
}

const PLAIN = /^[\w.~-]*$/
const PLAIN_PATH = /^[\w.~/-]*$/
const ESCAPE = /%[\da-f]{2}/gi
const ESCAPE_OR_RESERVED = /%[\da-f]{2}|[^\w.~-]/giu
const ESCAPE_OR_RESERVED_IN_PATH = /%[\da-f]{2}|[^\w.~/-]/giu
const LONE_SURROGATE = /\p{Surrogate}/u
const RESERVED = /[^\w.~-]/

function encode(match: string): string {
  if (match.length === 3 && match.startsWith("%")) {
    const character = String.fromCharCode(Number.parseInt(match.slice(1), 16))
    return RESERVED.test(character) ? match.toUpperCase() : character
  }
  const code = match.charCodeAt(0)
  if (code < 0x80) return `%${code.toString(16).toUpperCase().padStart(2, "0")}`
  return encodeURIComponent(match.length === 1 && LONE_SURROGATE.test(match) ? "\ufffd" : match)
}

function encodeInPath(match: string): string {
  return match === "%2F" || match === "%2f" ? "/" : encode(match)
}
