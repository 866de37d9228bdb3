import { decodedBytes, encodedOnce } from "./percent-encoding.ts"

interface Pair {
  readonly text: string
  /** Decoded, since that is what is sorted by. */
  readonly name: string
  readonly value: string
}

/**
 * The query as it is signed: names and values percent-encoded once, always with `=`, sorted by the bytes of the decoded
 * name, repeats by value. A literal `+` is a plus.
 *
 * @see API Signing Guide, "Canonical query string"
 */
export function canonicalQueryString(query: string): string {
  if (query === "") return ""
  const pairs: Pair[] = []
  for (const part of query.split("&")) {
    if (part !== "") pairs.push(pairOf(part))
  }
  if (pairs.length > 1) pairs.sort(byNameThenValue)
  return pairs.map(({ text }) => text).join("&")
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
