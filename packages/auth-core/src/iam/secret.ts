import { AuthError, invalidOption, isAuthError } from "../errors/auth-error.ts"
import { BoundSecret, type SecretBinding } from "../identity/provider.ts"
import { readTextFile } from "../runtime/environment.ts"
import { abortable } from "../runtime/promises.ts"
import { checkName } from "./token-scope.ts"

/** A secret, or a function that fetches it each time it is needed: from a vault, a file or a person. */
export type Secret = string | (() => string | Promise<string>)

/** Returns the secret, or throws an error that names the option. */
export function checkSecret(value: Secret | undefined, option: string): Secret {
  if (typeof value === "string" && value !== "") return value
  if (typeof value === "function") return value
  throw invalidOption(`\`${option}\` must be a non-empty string, or a function that returns one.`)
}

/**
 * The secret as text.
 *
 * @throws {AuthError} `AUTH_CREDENTIALS_MISSING` when the function returns nothing or throws; the `cause` is its error.
 */
export async function readSecret(secret: Secret, option: string, signal: AbortSignal | undefined): Promise<string> {
  if (typeof secret === "string") return secret
  let value: unknown
  try {
    value = await abortable(Promise.resolve(secret()), signal)
  } catch (cause) {
    signal?.throwIfAborted()
    if (isAuthError(cause)) throw cause
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The function passed as \`${option}\` failed: see the cause.`, {
      cause,
    })
  }
  if (typeof value === "string" && value !== "") return value
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    `The function passed as \`${option}\` must return a non-empty string; it returned ${value === "" ? "an empty one" : typeof value}.`,
  )
}

/**
 * Binds an identity to its secret.
 *
 * @param beside further secrets that its values depend on, such as a passcode
 */
export function bindingOf(
  identity: string,
  secret: Secret,
  option: string,
  beside: readonly string[] = [],
): SecretBinding {
  if (typeof secret === "string") return { identity, current: new BoundSecret(secret, ...beside), sign: {} }
  return {
    identity,
    current: undefined,
    sign: {},
    read: async (signal) => new BoundSecret(await readSecret(secret, option, signal), ...beside),
  }
}

/**
 * Reads a secret from a file, such as a mounted id token, at each refresh. White space around it is removed. For
 * Node.js, Bun and Deno.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for anything but a path. When asked: `AUTH_CREDENTIALS_MISSING`
 * when the file is absent or empty, `AUTH_INVALID_CREDENTIALS` when it cannot be read.
 */
export function secretFile(path: string): () => Promise<string> {
  const file = checkName(path, "path")
  return async () => {
    const secret = (await readTextFile(file))?.trim()
    if (secret !== undefined && secret !== "") return secret
    const problem = secret === undefined ? "does not exist" : "is empty"
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The file ${file} ${problem}: it should hold a secret.`)
  }
}
