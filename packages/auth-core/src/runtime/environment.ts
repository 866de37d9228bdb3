import { AuthError } from "../errors/auth-error.ts"

/**
 * A variable of the process; `undefined` when it is unset or blank, and where there is no process to ask.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for a value in quotes, or with a comment behind it: files that Docker,
 * systemd and the like read variables from differ in what they strip.
 */
export function environmentVariable(name: string): string | undefined {
  const value = variable(name)?.trim()
  return value === undefined || value === "" ? undefined : checkBare(value, `The environment variable ${name}`)
}

function variable(name: string): string | undefined {
  try {
    return globalThis.process?.env?.[name]
  } catch {
    // Deno without permission to read the environment.
    return undefined
  }
}

const QUOTED = /^["'`“”‘’„«»]|["'`“”‘’„«»]$/
const COMMENTED = /(?:^|\s)[#;]/

/**
 * Gives back a value of a file or the environment. Quotes around it, or a comment behind it, would be part of the value for
 * the official SDK for Python and for us, and not for that of Go, so they can only be a mistake.
 *
 * @param what names the value in the message, as "The environment: HUAWEICLOUD_SDK_SK"
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`; the value is not shown.
 */
export function checkBare(value: string, what: string): string {
  const mark = QUOTED.test(value) ? "quotes around it" : COMMENTED.test(value) ? "a comment behind it" : undefined
  if (mark === undefined) return value
  throw new AuthError(
    "AUTH_INVALID_CREDENTIALS",
    `${what} has ${mark}, which would count as part of the value: write the value alone.`,
  )
}
