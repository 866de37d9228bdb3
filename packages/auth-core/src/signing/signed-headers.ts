import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"
import { type HeaderSelection, selectHeaders } from "./header-selection.ts"
import { isToken } from "./is-token.ts"

/** By lower-case name. */
export type HeaderRecord = Readonly<Record<string, string>>

/** Which headers to read and which of them to sign, made ready for a list of names. */
export interface HeaderPlan {
  readonly selection: HeaderSelection
  /** What the caller wants signed; `undefined`: what is signed by default. */
  readonly chosen: readonly string[] | undefined
  /** Positions in the selection. */
  readonly host: number
  readonly date: number
  readonly securityToken: number
  readonly contentHash: number
}

/**
 * Content-Type, User-Agent and whatever a proxy may change stay unsigned unless asked for.
 *
 * @param chosen to be signed in place of what is signed by default
 * @param also signed beside that where the request has them
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a name is none, or is Authorization.
 * @see API Signing Guide, "Signed headers"
 */
export function createHeaderPlan(
  contentHashHeader: ContentHashHeader,
  chosen: readonly string[] | undefined,
  also: readonly string[] = [],
): HeaderPlan {
  const names = chosen && checkedNames(chosen)
  const selection = selectHeaders([
    "host",
    "x-domain-id",
    "x-project-id",
    contentHashHeader,
    "x-sdk-date",
    "x-security-token",
    ...checkedNames(also),
    ...(names ?? []),
  ])
  return {
    selection,
    chosen: names,
    host: selection.positionOf("host"),
    date: selection.positionOf("x-sdk-date"),
    securityToken: selection.positionOf("x-security-token"),
    contentHash: selection.positionOf(contentHashHeader),
  }
}

/**
 * Takes out of the values whatever is not to be signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when the request lacks a header that is.
 */
export function keepChosen(
  values: (string | undefined)[],
  names: readonly string[],
  chosen: ReadonlySet<string | undefined>,
): void {
  for (const [position, name] of names.entries()) {
    if (!chosen.has(name)) values[position] = undefined
    else if (values[position] === undefined) {
      throw new AuthError(
        "AUTH_INVALID_REQUEST",
        `The header ${name} is to be signed, but the request has none: add it, or leave it out of \`signedHeaders\`.`,
      )
    }
  }
}

function checkedNames(names: readonly string[]): string[] {
  const lowerCase = Array.isArray(names) ? names.map((name) => isToken(name) && name.toLowerCase()) : [false]
  if (lowerCase.every((name) => name !== false && name !== "authorization")) return lowerCase as string[]
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "`signedHeaders` must be a list of header names, without authorization, which carries the signature.",
  )
}
