import { AuthError } from "../errors/auth-error.ts"

/** Any argument of the Headers class. Not every runtime's types have a name for it. */
export type HeadersInput = Headers | Iterable<readonly [string, string]> | Readonly<Record<string, string>>

/** One for each name of a selection, `undefined` where the request has none. */
export type HeaderValues = (string | undefined)[]

/** Certain headers of a request, whatever form it has them in and however their names are written. */
export interface HeaderSelection {
  /** Lower case, in byte order, each once. */
  readonly names: readonly string[]
  /** Where a name stands among them; -1 when it does not. */
  positionOf(name: string): number
  /**
   * A value for each name, `undefined` where the request has none: trimmed, repeats joined with a comma (RFC 9110,
   * section 5.3).
   *
   * @throws {AuthError} `AUTH_INVALID_REQUEST` when a value has a line break.
   */
  read(headers: HeadersInput | undefined): HeaderValues
}

/** Names come in few spellings, unless somebody makes them up. */
const SPELLINGS = 200

const LINE_BREAK = /[\r\n]/

/** As text; a number or a list becomes that as it does in the Headers class. */
function trimmed(name: string | undefined, value: unknown): string {
  const text = String(value)
  if (LINE_BREAK.test(text)) {
    throw new AuthError(
      "AUTH_INVALID_REQUEST",
      `The header ${name} has a line break in its value: it can be neither sent nor signed.`,
    )
  }
  return text.trim()
}

/** For walking through with for-in, which of all ways takes the least time, by far where there are many. */
function withoutInherited<T extends object>(record: T): T {
  for (const _ in Object.getPrototypeOf(record)) return { __proto__: null, ...record }
  return record
}

/** Made once for a list of names; reading then copies nothing else, and asks most other headers only how long their name is. */
export function selectHeaders(chosen: Iterable<string>): HeaderSelection {
  const names = [...new Set(chosen)].sort()
  const absent = names.map((): string | undefined => undefined)
  const last = absent.slice()
  const positions = new Map(names.map((name, position) => [name, position]))
  const enough = positions.size + SPELLINGS

  function positionOf(name: string): number {
    let position = positions.get(name)
    if (position === undefined) {
      position = positions.get(name.toLowerCase()) ?? -1
      if (positions.size < enough) positions.set(name, position)
    }
    return position
  }

  function put(values: HeaderValues, name: string, value: unknown): void {
    const position = positionOf(name)
    if (position < 0 || value === undefined || value === null) return
    let text = last[position]
    if (text === undefined || text !== value) {
      text = trimmed(names[position], value)
      // It is mostly the same in the next request.
      last[position] = text
    }
    const earlier = values[position]
    values[position] = earlier === undefined ? text : `${earlier}, ${text}`
  }

  return {
    names,
    positionOf,
    read(headers) {
      const values = absent.slice()
      if (headers === undefined || headers === null) return values
      if (Symbol.iterator in headers) {
        for (const [name, value] of headers) put(values, String(name), value)
      } else {
        const own = withoutInherited(headers)
        for (const name in own) put(values, name, own[name])
      }
      return values
    },
  }
}
