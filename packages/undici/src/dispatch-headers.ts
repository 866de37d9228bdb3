import { staysAtOrigin } from "@countersign/auth-core/adapter"
import type { Dispatcher } from "undici"

type GivenHeaders = Dispatcher.DispatchOptions["headers"]
type HeadersByName = Readonly<Record<string, string>>

interface GivenHeader {
  /** As the caller wrote it. */
  readonly name: string
  /** As the caller gave it; a list when there are several. */
  value: unknown
}

/**
 * The headers of a dispatch, in any form that undici takes. They are read as text, and sent as they were given. They are copied, since
 * a caller may change its object for the next request while this one waits for a key or is sent again.
 */
export interface DispatchHeaders {
  /** By lower-case name. */
  readonly record: HeadersByName
  /** Returns the headers to send. A header keeps the caller's form unless the attempt has another value for it. */
  sentWith(attempt: HeadersByName): NonNullable<GivenHeaders>
}

export function dispatchHeaders(headers: GivenHeaders): DispatchHeaders {
  return isPlain(headers) ? { record: { ...headers }, sentWith: asTheyAre } : written(headers)
}

function asTheyAre(attempt: HeadersByName): Record<string, string> {
  return attempt as Record<string, string>
}

/** The headers that may cross to another origin. */
export function withoutSecrets(headers: GivenHeaders): NonNullable<GivenHeaders> {
  const { pairs, refused } = readHeaders(headers)
  return pairs === undefined
    ? refused
    : (pairs.filter(([name]) => !staysAtOrigin(name.toLowerCase())).flat() as string[])
}

/** Whether they already have the form of an attempt's headers, as most do. */
function isPlain(headers: GivenHeaders): headers is Record<string, string> {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) return false
  for (const name of Object.keys(headers)) {
    if (typeof headers[name] !== "string" || name !== name.toLowerCase()) return false
  }
  return true
}

function written(headers: GivenHeaders): DispatchHeaders {
  const { pairs, refused } = readHeaders(headers)
  if (pairs === undefined) return { record: {}, sentWith: () => refused }
  const given = new Map<string, GivenHeader>()
  for (const [name, value] of pairs) {
    if (value === undefined) continue
    const lower = name.toLowerCase()
    const before = given.get(lower)
    if (before === undefined) given.set(lower, { name, value })
    else before.value = [before.value, value].flat()
  }
  const record: Record<string, string> = {}
  for (const [lower, { value }] of given) record[lower] = textOf(value)
  return {
    record,
    sentWith(attempt) {
      const sent: Record<string, string> = {}
      for (const [lower, text] of Object.entries(attempt)) {
        const own = given.get(lower)
        if (own === undefined || record[lower] !== text) sent[lower] = text
        // A list goes out as several headers.
        else sent[own.name] = own.value as string
      }
      return sent
    },
  }
}

function textOf(value: unknown): string {
  if (Array.isArray(value)) return value.map(textOf).join(", ")
  return value === null ? "" : String(value)
}

type Pair = readonly [name: string, value: unknown]

/** Headers as pairs, or headers that undici refuses. */
type ReadHeaders =
  | { readonly pairs: readonly Pair[]; readonly refused?: undefined }
  | { readonly pairs?: undefined; readonly refused: NonNullable<GivenHeaders> }

function readHeaders(headers: GivenHeaders): ReadHeaders {
  if (headers === undefined || headers === null) return { pairs: [] }
  if (typeof headers !== "object") return { refused: headers }
  const isList = Array.isArray(headers)
  // Some can be iterated only once.
  const items = isList ? inPairs(headers) : Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  if (items.every(isHeader)) return { pairs: items }
  return { refused: isList ? headers : (new Set(items) as Iterable<[string, string]>) }
}

function inPairs(list: readonly unknown[]): unknown[] {
  return Array.from({ length: Math.ceil(list.length / 2) }, (_, index) => list.slice(2 * index, 2 * index + 2))
}

function isHeader(item: unknown): item is Pair {
  if (!Array.isArray(item) || item.length !== 2) return false
  const [name, value] = item
  return typeof name === "string" && [value].flat().every((one) => typeof one !== "object" || one === null)
}
