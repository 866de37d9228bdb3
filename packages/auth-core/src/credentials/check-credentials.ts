import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"

const VISIBLE_ASCII = /^[\x21-\x7e]+$/

/**
 * Gives an access key back, or says what is wrong with it, never showing it.
 *
 * @param source where it comes from, as the message should have it
 */
export function checkCredentials(credentials: Credentials, source: string): Credentials {
  const problem = problemOf(credentials)
  if (problem === undefined) return credentials
  throw new AuthError("AUTH_INVALID_CREDENTIALS", `${source} must hold an access key: ${problem}.`)
}

function problemOf(credentials: Credentials): string | undefined {
  if (typeof credentials !== "object" || credentials === null) return "{ accessKeyId, secretAccessKey }"
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = credentials
  if (!isWord(accessKeyId)) return "the AK must be a text of visible ASCII characters, without white space"
  if (!isWord(secretAccessKey)) return "the SK must be a text of visible ASCII characters, without white space"
  if (securityToken !== undefined && !isWord(securityToken)) {
    return "the security token, where there is one, must be a text of visible ASCII characters"
  }
  if (expiresAt !== undefined && !Number.isFinite(expiresAt)) {
    return "`expiresAt`, where there is one, must be an instant in epoch milliseconds"
  }
  return undefined
}

function isWord(value: unknown): boolean {
  return typeof value === "string" && VISIBLE_ASCII.test(value)
}
