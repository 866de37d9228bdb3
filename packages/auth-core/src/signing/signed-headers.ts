import { AuthError } from "../errors/auth-error.ts"

/** By lower-case name. */
export type HeaderRecord = Readonly<Record<string, string>>

/** Signed where the request has them. In byte order. */
export const SIGNED_BY_DEFAULT = [
  "host",
  "x-domain-id",
  "x-project-id",
  "x-sdk-content-sha256",
  "x-sdk-content-sm3",
  "x-sdk-date",
  "x-security-token",
] as const

/** Headers by lower-case name. A record that has only such names is given back as it is. */
export function headerRecord(headers: HeadersInit | undefined): HeaderRecord {
  if (headers === undefined) return {}
  if (Symbol.iterator in headers) return joined(headers)
  for (const name in headers) {
    if (name !== name.toLowerCase()) return joined(Object.entries(headers))
  }
  return headers
}

/** Repeated names become one, with their values in order (RFC 9110, section 5.3). */
function joined(pairs: Iterable<readonly string[]>): HeaderRecord {
  const record: Record<string, string> = Object.create(null)
  for (const [name = "", value = ""] of pairs) {
    const lower = name.toLowerCase()
    record[lower] = record[lower] === undefined ? value : `${record[lower]}, ${value}`
  }
  return record
}

/**
 * The names of the headers to sign, lower case, sorted, joined with `;`. Content-Type, User-Agent and whatever a proxy may
 * change are left out unless asked for.
 *
 * @see API Signing Guide, "Signed headers"
 */
export function signedHeaderNames(headers: HeaderRecord, chosen: readonly string[] | undefined): string[] {
  if (chosen === undefined) return SIGNED_BY_DEFAULT.filter((name) => headers[name] !== undefined)
  return [...new Set([...chosen.map((name) => name.toLowerCase()), "x-sdk-date"])].sort()
}

/**
 * One `name:value` line for each signed header, each ended by a newline; values trimmed, inner white space kept.
 *
 * @throws {AuthError} `AUTH_INVALID_REQUEST` when a header is absent, is Authorization, or has a line break in its value.
 * @see API Signing Guide, "Canonical headers"
 */
export function canonicalHeaders(headers: HeaderRecord, names: readonly string[]): string {
  let lines = ""
  for (const name of names) {
    const value = name === "authorization" ? undefined : headers[name]
    if (value === undefined) {
      throw new AuthError(
        "AUTH_INVALID_REQUEST",
        `The header ${JSON.stringify(name)} is to be signed, but ${name === "authorization" ? "it carries the signature itself" : "the request has none"}: leave it out of \`signedHeaders\`.`,
      )
    }
    if (BREAKS.test(value)) {
      throw new AuthError(
        "AUTH_INVALID_REQUEST",
        `The header ${JSON.stringify(name)} has a line break or a NUL in its value: it cannot be sent, so it cannot be signed.`,
      )
    }
    lines += `${name}:${value.trim()}\n`
  }
  return lines
}

const BREAKS = /[\r\n\u{0}]/u
