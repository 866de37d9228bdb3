import { staysAtOrigin } from "@countersign/auth-core"
import type { Dispatcher } from "undici"

type GivenHeaders = Dispatcher.DispatchOptions["headers"]
type HeadersByName = Readonly<Record<string, string>>

interface GivenHeader {
  /** As the caller wrote it. */
  readonly name: string
  /** As the caller gave it; a list when there are several. */
  value: unknown
}

/** The headers of a dispatch in any of the forms that undici takes: to be read as text, and to be sent as they were given. */
export interface DispatchHeaders {
  /** By lower-case name. */
  readonly record: HeadersByName
  /** What to send: each header in the caller's form unless the attempt has another value for it. */
  sentWith(attempt: HeadersByName): NonNullable<GivenHeaders>
}

export function dispatchHeaders(headers: GivenHeaders): DispatchHeaders {
  return isPlain(headers)
    ? { record: headers, sentWith: (attempt) => attempt as Record<string, string> }
    : written(headers)
}

/** What of them may cross to another origin: names and values in turn. */
export function withoutSecrets(headers: GivenHeaders): string[] {
  const kept = [...pairsOf(headers)].filter(([name]) => !staysAtOrigin(name.toLowerCase()))
  return kept.flat() as string[]
}

/** Whether they are in the form that attempts have, as most are. */
function isPlain(headers: GivenHeaders): headers is Record<string, string> {
  if (headers === undefined || headers === null || Symbol.iterator in headers) return false
  for (const name of Object.keys(headers)) {
    if (typeof headers[name] !== "string" || name !== name.toLowerCase()) return false
  }
  return true
}

function written(headers: GivenHeaders): DispatchHeaders {
  const given = new Map<string, GivenHeader>()
  for (const [name, value] of pairsOf(headers)) {
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
        // undici judges what it is: a list goes out as several headers, an object is refused.
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

function* pairsOf(headers: GivenHeaders): Generator<[string, unknown]> {
  if (headers === undefined || headers === null) return
  if (!(Symbol.iterator in headers)) {
    yield* Object.entries(headers)
    return
  }
  // Names and values in turn, or in pairs.
  let name: string | undefined
  for (const item of headers as Iterable<unknown>) {
    if (Array.isArray(item) && name === undefined) yield [String(item[0]), item[1]]
    else if (name === undefined) name = String(item)
    else {
      yield [name, item]
      name = undefined
    }
  }
}
