import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { abortable } from "../identity/abortable.ts"
import { BoundSecret, type SecretBinding } from "../identity/secret-binding.ts"

/** A secret, or a function that fetches it anew each time it is needed: from a vault, a file, a person. */
export type Secret = string | (() => string | Promise<string>)

/** Gives the secret back, or says which option is not one. */
export function checkSecret(value: Secret | undefined, option: string): Secret {
  if (typeof value === "string" && value !== "") return value
  if (typeof value === "function") return value
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `\`${option}\` must be a text that is not empty, or a function that gives one.`,
  )
}

/**
 * The secret itself.
 *
 * @throws {AuthError} `AUTH_CREDENTIALS_MISSING` when the function fails or gives nothing; what it threw is the `cause`.
 */
export async function readSecret(secret: Secret, option: string, signal: AbortSignal | undefined): Promise<string> {
  if (typeof secret === "string") return secret
  let value: unknown
  try {
    value = await abortable(Promise.resolve(secret()), signal)
  } catch (cause) {
    signal?.throwIfAborted()
    if (isAuthError(cause)) throw cause
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The function given as \`${option}\` failed: see the cause.`, {
      cause,
    })
  }
  if (typeof value === "string" && value !== "") return value
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    `The function given as \`${option}\` must give a text that is not empty; it gave ${value === "" ? "an empty one" : typeof value}.`,
  )
}

/**
 * Binds an identity to its secret.
 *
 * @param beside what else its values depend on, such as a passcode
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
