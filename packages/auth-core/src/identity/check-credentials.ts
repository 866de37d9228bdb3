import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "./credentials.ts"

/** What a field must be like, when it is there; the first two must be. */
const FIELDS: [field: keyof Credentials, isRight: (value: unknown) => boolean, fault: string][] = [
  ["accessKeyId", matches(/^[!#-&(-+\-.0-:<>-_a-~]+$/), "has characters that no AK has"],
  [
    "secretAccessKey",
    matches(/^(?!["'`\s]|.*\s[#;])\P{Cc}*(?<!["'`\s])$/u),
    "has white space or quotes around it, or characters that no SK has",
  ],
  ["securityToken", matches(/^[!#-&(-_a-~]+$/), "has characters that no token has"],
  ["expiresAt", Number.isFinite, "is not a time in epoch milliseconds"],
]

/**
 * Gives credentials back when they can sign.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, naming the field and never its value.
 */
export function checkCredentials(credentials: Credentials): Credentials {
  for (const [index, [field, isRight, fault]] of FIELDS.entries()) {
    const value = credentials?.[field]
    const isMissing = index < 2 && (typeof value !== "string" || value.trim() === "")
    if (isMissing || (value !== undefined && !isRight(value))) {
      throw new AuthError(
        "AUTH_INVALID_CREDENTIALS",
        `The credentials cannot sign: \`${field}\` ${isMissing ? "is missing or blank" : fault}. Check where it was copied from.`,
      )
    }
  }
  return credentials
}

function matches(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && form.test(value)
}
