import { decodedBytes, encodedOnce } from "./percent-encoding.ts"

interface Pair {
  /** Encoded. */
  readonly text: string
  /** Decoded, since that is what is sorted by. */
  readonly name: string
  readonly value: string
}

/**
 * The query as it is signed: names and values percent-encoded once, always with `=`, sorted by the bytes of the decoded
 * name, repeats by value. A literal `+` is a plus; servers disagree on it, so better send none.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when there is a control character.
 * @see API Signing Guide, "Canonical query string"
 */
export function canonicalQueryString(query: string): string {
  if (query === "" || (PLAIN_PAIRS.test(query) && isSorted(query))) return query
  const pairs: Pair[] = []
  for (const part of query.split("&")) {
    if (part !== "") pairs.push(pairOf(part))
  }
  if (pairs.length > 1) pairs.sort(byNameThenValue)
  return pairs.map(({ text }) => text).join("&")
}

/** Nothing to encode, an equals sign in every pair. */
const PLAIN_PAIRS = /^[\w.~-]+=[\w.~-]*(?:&[\w.~-]+=[\w.~-]*)*$/

/** Whether the first letters of the names alone show that plain pairs are in order, as many clients send them. */
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

function compared(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
