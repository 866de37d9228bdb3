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

/** Whether plain pairs are in order already, as most clients send them. */
function isSorted(query: string): boolean {
  let start = 0
  for (let end = query.indexOf("&"); end >= 0; ) {
    const next = query.indexOf("&", end + 1)
    // The first letters of the names mostly decide.
    const step = query.charCodeAt(end + 1) - query.charCodeAt(start)
    if (
      step < 0 ||
      (step === 0 && !isInOrder(query.slice(start, end), query.slice(end + 1, next < 0 ? undefined : next)))
    )
      return false
    start = end + 1
    end = next
  }
  return true
}

function isInOrder(pair: string, next: string): boolean {
  return byNameThenValue(pairOf(pair), pairOf(next)) <= 0
}

function pairOf(part: string): Pair {
  const equals = part.indexOf("=")
  const name = encodedOnce(equals < 0 ? part : part.slice(0, equals))
  const value = equals < 0 ? "" : encodedOnce(part.slice(equals + 1))
  return { text: `${name}=${value}`, name: decodedBytes(name), value: decodedBytes(value) }
}

function byNameThenValue(a: Pair, b: Pair): number {
  if (a.name !== b.name) return a.name < b.name ? -1 : 1
  if (a.value === b.value) return 0
  return a.value < b.value ? -1 : 1
}
