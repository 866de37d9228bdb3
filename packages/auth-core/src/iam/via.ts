import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import { identityKey } from "../identity/identity-key.ts"
import type { Provider, ProviderContext } from "../identity/provider.ts"
import type { Token } from "../identity/token.ts"
import { textAt } from "./json.ts"

/**
 * Does something with what another provider yields. When IAM says that this is what it does not accept, asks for another
 * one, once.
 */
export async function withVia<V extends Token | Credentials, T>(
  via: Provider<V>,
  context: ProviderContext<unknown> | undefined,
  use: (value: V) => Promise<T>,
): Promise<T> {
  const value = await ask(via, context)
  try {
    return await use(value)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const other = await ask(via, context, value)
    if (secretOf(other) === secretOf(value)) throw error
    return await use(other)
  }
}

/** Through the cache that asks, so that what many share is fetched once; directly where there is none. */
async function ask<V extends Token | Credentials>(
  via: Provider<V>,
  context: ProviderContext<unknown> | undefined,
  rejected?: V,
): Promise<V> {
  const request = { rejected, signal: context?.signal }
  const value: unknown = await (context?.resolve === undefined ? via(request) : context.resolve(via, request))
  if (isUsable<V>(value)) return value
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    "The provider given as `via` must give a token { value } or credentials { accessKeyId, secretAccessKey }: it gave neither.",
  )
}

function isUsable<V>(value: unknown): value is V {
  return [["value"], ["accessKeyId", "secretAccessKey"]].some((names) =>
    names.every((name) => textAt(value, name) !== undefined),
  )
}

/** Every 401 but those about a password, which is not what was sent. */
function isRefusal(error: unknown): boolean {
  return isAuthError(error) && error.status === 401 && error.errorCode !== "IAM.0061" && error.errorCode !== "IAM.0062"
}

function secretOf(value: Token | Credentials): string {
  return "value" in value ? value.value : value.secretAccessKey
}

/** Gives the provider back, or says that it is none. */
export function checkVia<V>(via: Provider<V>): Provider<V> {
  if (typeof via === "function") return via
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    "`via` must be a provider: an async function such as passwordToken(...) gives.",
  )
}

/** What names a provider in the key of one that is built on it: its own key, else its fixed AK, which is no secret. */
export function viaKey<V>(via: Provider<V>): string | undefined {
  if (via.identityKey !== undefined) return via.identityKey
  return "accessKeyId" in via && typeof via.accessKeyId === "string"
    ? identityKey("access-key", via.accessKeyId)
    : undefined
}
