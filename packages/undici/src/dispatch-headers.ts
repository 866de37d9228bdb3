import type { Dispatcher } from "undici"

type GivenHeaders = Dispatcher.DispatchOptions["headers"]

interface GivenHeader {
  /** As the caller wrote it. */
  readonly name: string
  /** As the caller gave it; a list when there are several. */
  value: unknown
}

/** The headers of a dispatch in any of the forms that undici takes: to be read as text, and to be sent as they were given. */
export class DispatchHeaders {
  readonly #given = new Map<string, GivenHeader>()
  /** By lower-case name. */
  readonly record: Readonly<Record<string, string>>

  constructor(headers: GivenHeaders) {
    for (const [name, value] of pairsOf(headers)) {
      if (value === undefined) continue
      const lower = name.toLowerCase()
      const before = this.#given.get(lower)
      if (before === undefined) this.#given.set(lower, { name, value })
      else before.value = [before.value, value].flat()
    }
    const record: Record<string, string> = {}
    for (const [lower, { value }] of this.#given) record[lower] = textOf(value)
    this.record = record
  }

  /** What to send: each header in the caller's form unless the attempt has another value for it. */
  sentWith(attempt: Readonly<Record<string, string>>): NonNullable<GivenHeaders> {
    const sent: Record<string, string> = {}
    for (const [lower, text] of Object.entries(attempt)) {
      const given = this.#given.get(lower)
      if (given === undefined || this.record[lower] !== text) sent[lower] = text
      // undici judges what it is: a list goes out as several headers, an object is refused.
      else sent[given.name] = given.value as string
    }
    return sent
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
