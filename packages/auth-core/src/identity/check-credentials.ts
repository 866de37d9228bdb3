import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "./credentials.ts"

const VISIBLE_ASCII = /^[\x21-\x7e]+$/
const EDGE_OR_CONTROL = /^\s|\s$|\p{Cc}/u

/**
 * Gives credentials back when they can sign.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, naming the field and never its value.
 */
export function checkCredentials(credentials: Credentials): Credentials {
  const { accessKeyId, secretAccessKey, securityToken, expiresAt } = credentials ?? {}
  if (!isText(accessKeyId)) throw invalid("accessKeyId", "is missing or blank")
  if (!VISIBLE_ASCII.test(accessKeyId) || /[,;=/]/.test(accessKeyId))
    throw invalid("accessKeyId", "has white space, control or other characters that no AK has")
  if (!isText(secretAccessKey)) throw invalid("secretAccessKey", "is missing or blank")
  if (EDGE_OR_CONTROL.test(secretAccessKey))
    throw invalid("secretAccessKey", "has white space around it or a control character in it")
  if (securityToken !== undefined && !(isText(securityToken) && VISIBLE_ASCII.test(securityToken))) {
    throw invalid("securityToken", "is blank or has characters that no header can carry")
  }
  if (expiresAt !== undefined && !(typeof expiresAt === "number" && Number.isFinite(expiresAt))) {
    throw invalid("expiresAt", "is not a time in epoch milliseconds")
  }
  return credentials
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value.trim() !== ""
}

function invalid(field: keyof Credentials, fault: string): AuthError {
  return new AuthError(
    "AUTH_INVALID_CREDENTIALS",
    `The credentials cannot sign: \`${field}\` ${fault}. Check where it was copied from.`,
  )
}
