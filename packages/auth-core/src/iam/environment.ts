import { checkBare } from "../identity/check-bare.ts"

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
