import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"
import { canonicalHeaders, signedHeaders } from "./canonical-headers.ts"
import { type HeaderSelection, type HeaderValues, selectHeaders } from "./header-selection.ts"
import { isToken } from "./is-token.ts"

/** By lower-case name. */
export type HeaderRecord = Readonly<Record<string, string>>

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

export interface CanonicalEnd {
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
