import { AuthError } from "../errors/auth-error.ts"
import type { ContentHashHeader } from "./algorithm.ts"
import { type HeaderSelection, selectHeaders } from "./header-selection.ts"
import { isToken } from "./is-token.ts"

/** By lower-case name. */
export type HeaderRecord = Readonly<Record<string, string>>

/** Signed where the request has them; of the content hash headers, the one of the algorithm. In byte order. */
export const SIGNED_BY_DEFAULT = [
  "host",
  "x-domain-id",
  "x-project-id",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
  "x-sdk-date",
  "x-security-token",
] as const

/** Which headers to read and which of them to sign, made ready for a list of names. */
export interface HeaderPlan {
  readonly selection: HeaderSelection
  /** What the caller wants signed; `undefined`: what is signed by default. */
  readonly chosen: ReadonlySet<string> | undefined
  /** Positions in the selection. */
  readonly host: number
  readonly date: number
  readonly securityToken: number
  readonly contentHash: number
}

/**
 * Content-Type, User-Agent and whatever a proxy may change stay unsigned unless chosen.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` when a chosen name is none, or is Authorization.
 * @see API Signing Guide, "Signed headers"
 */
export function createHeaderPlan(
  contentHashHeader: ContentHashHeader,
  chosen: readonly string[] | undefined,
): HeaderPlan {
  const byDefault = SIGNED_BY_DEFAULT.filter((name) => !name.startsWith("x-sdk-content-") || name === contentHashHeader)
  const names = chosen === undefined ? undefined : new Set(checkedNames(chosen))
  const selection = selectHeaders(names === undefined ? byDefault : [...byDefault, ...names])
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
 * Takes out of the values whatever was not chosen, save what must be signed.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when the request lacks a chosen header.
 */
export function keepChosen(
  values: (string | undefined)[],
  names: readonly string[],
  chosen: ReadonlySet<string>,
  always: readonly number[],
): void {
  for (const [position, name] of names.entries()) {
    const isChosen = chosen.has(name)
    if (isChosen && values[position] === undefined) {
      throw new AuthError(
        "AUTH_INVALID_REQUEST",
        `The header ${name} is to be signed, but the request has none: add it, or leave it out of \`signedHeaders\`.`,
      )
    }
    if (!isChosen && !always.includes(position)) values[position] = undefined
  }
}

function checkedNames(chosen: readonly string[]): string[] {
  if (!Array.isArray(chosen) || !chosen.every(isToken)) {
    throw new AuthError("AUTH_INVALID_OPTION", "`signedHeaders` must be a list of header names.")
  }
  const names = chosen.map((name) => name.toLowerCase())
  if (names.includes("authorization")) {
    throw new AuthError("AUTH_INVALID_OPTION", "`signedHeaders` must not list authorization: it carries the signature.")
  }
  return names
}
