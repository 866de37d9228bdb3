import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"

/** Which headers to read and to sign, made ready for a list of names. */
export interface HeaderPlan {
  readonly selection: HeaderSelection
  /** Positions in the selection. */
  readonly host: number
  readonly date: number
  readonly securityToken: number
  readonly contentHash: number
  /** Takes out of the values whatever is not to be signed, where not all that is read is. */
  readonly keepChosen?: ((values: HeaderValues, payload: string, hasSecurityToken: boolean) => void) | undefined
  /** The end of the canonical request: headers, their names, and the payload hash. */
  endOf(values: HeaderValues, payload: string): CanonicalEnd
}

interface CanonicalEnd {
  readonly values: HeaderValues
  readonly payload: string
  readonly signedHeaders: string
  readonly text: string
}

/**
 * Content-Type, User-Agent and whatever a proxy may change stay unsigned unless asked for.
 *
 * @param also signed beside what is signed by default where the request has them
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is none, or is Authorization.
 * @see API Signing Guide, "Signed headers"
 */
export function createHeaderPlan(contentHashHeader: ContentHashHeader, also: readonly string[] = []): HeaderPlan {
  const selection = selectHeaders([
    "host",
    "x-domain-id",
    "x-project-id",
    contentHashHeader,
    "x-sdk-date",
    "x-security-token",
    ...checkedNames(also),
  ])
  const { names, positionOf } = selection
  let last: CanonicalEnd | undefined
  return {
    selection,
    host: positionOf("host"),
    date: positionOf("x-sdk-date"),
    securityToken: positionOf("x-security-token"),
    contentHash: positionOf(contentHashHeader),
    endOf(values, payload) {
      // Requests to one host within a second seldom differ in more than their URL.
      if (last?.payload !== payload || !isSame(values, last.values)) {
        const signed = signedHeaders(names, values)
        // Joined, since a text that was added up is put together anew with each hash.
        last = {
          values,
          payload,
          signedHeaders: signed,
          text: ["", canonicalHeaders(names, values), signed, payload].join("\n"),
        }
      }
      return last
    },
  }
}

function isSame(a: HeaderValues, b: HeaderValues): boolean {
  for (let position = 0; position < a.length; position++) {
    if (a[position] !== b[position]) return false
  }
  return true
}

function checkedNames(names: readonly string[]): string[] {
  const lowerCase = Array.isArray(names) ? names.map((name) => isToken(name) && name.toLowerCase()) : [false]
  if (lowerCase.every((name) => name !== false && name !== "authorization")) return lowerCase as string[]
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "`signedHeaders` must be a list of header names, without authorization, which carries the signature.",
  )
}

/**
 * One `name:value` line for each header that is there, each ended by a newline.
 *
 * @param names lower case, in byte order
 * @param values of the names, trimmed; `undefined` where there is none
 * @see API Signing Guide, "Canonical headers"
 */
export function canonicalHeaders(names: readonly string[], values: readonly (string | undefined)[]): string {
  let lines = ""
  for (let position = 0; position < names.length; position++) {
    const value = values[position]
    if (value !== undefined) lines += `${names[position]}:${value}\n`
  }
  return lines
}

/**
 * The names of the headers that are there, joined with `;`.
 *
 * @see API Signing Guide, "Signed headers"
 */
function signedHeaders(names: readonly string[], values: readonly (string | undefined)[]): string {
  let list = ""
  for (let position = 0; position < names.length; position++) {
    if (values[position] !== undefined) list += list === "" ? names[position] : `;${names[position]}`
  }
  return list
}

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

const TOKEN = /^[\w!#$%&'*+.^`|~-]+$/

/** One that was found good: methods in a row are mostly the same. */
let known = "GET"

/** Whether a value is what HTTP calls a token: a method or a header name (RFC 9110, section 5.6.2). */
export function isToken(value: unknown): value is string {
  if (value === known) return true
  if (typeof value !== "string" || !TOKEN.test(value)) return false
  known = value
  return true
}
