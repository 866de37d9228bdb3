import { AuthError, isAuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import type { Provider, ProviderContext } from "../identity/provider.ts"
import { hasAccessKey, hasSameSecret, hasToken } from "../identity/secret.ts"
import { isHeaderText } from "../runtime/header-text.ts"

type Yields = NonNullable<Provider<unknown>["yields"]>

/**
 * Does something with what another provider yields. When IAM says that this is what it does not accept, asks for another
 * one, once.
 *
 * @param wanted what it must yield; `undefined`: either will do
 */
export async function withSource<V extends Token | Credentials, T>(
  via: Provider<V>,
  wanted: Yields | undefined,
  context: ProviderContext<unknown> | undefined,
  use: (value: V) => Promise<T>,
): Promise<T> {
  const value = await ask(via, wanted, context)
  try {
    return await use(value)
  } catch (error) {
    if (!isRefusal(error)) throw error
    const other = await ask(via, wanted, context, value)
    if (hasSameSecret(other, value)) throw error
    try {
      return await use(other)
    } catch (error) {
      if (isRefusal(error) && isAbout(other, error)) context?.blameSource?.(error)
      throw error
    }
  }
}

/** Through the cache that asks, so that what many share is fetched once; directly where there is none. */
async function ask<V extends Token | Credentials>(
  via: Provider<V>,
  wanted: Yields | undefined,
  context: ProviderContext<unknown> | undefined,
  rejected?: V,
): Promise<V> {
  const request = { rejected, signal: context?.signal }
  const value: unknown = await (context?.resolve === undefined ? via(request) : context.resolve(via, request))
  const given = kindsOf(value)
  if (hasToken(value) && !isHeaderText(value.value)) {
    throw new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      "The token of the provider given as `via` must be a text of visible ASCII characters, as X-Subject-Token gives it.",
    )
  }
  if (wanted === undefined ? given.length > 0 : given.includes(wanted)) return value as V
  const [other] = given
  if (wanted !== undefined && other !== undefined) throw wrongKind(wanted, other)
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    "The provider given as `via` must give a token { value } or credentials { accessKeyId, secretAccessKey }: it gave neither.",
  )
}

function kindsOf(value: unknown): Yields[] {
  return [...(hasToken(value) ? (["token"] as const) : []), ...(hasAccessKey(value) ? (["credentials"] as const) : [])]
}

const KINDS: Readonly<Record<Yields, string>> = {
  token: "a token, as passwordToken(...) does",
  credentials: "an access key, as envCredentials() does",
}

function wrongKind(wanted: Yields, given: Yields): AuthError {
  return new AuthError(
    "AUTH_INVALID_OPTION",
    `\`via\` must be a provider that yields ${KINDS[wanted]}; this one yields ${KINDS[given]}.`,
  )
}

/**
 * Whether a refusal is about what was used, not about who may do what. Failed signatures lock an access key, so they are never
 * taken for its end.
 */
function isAbout(used: Token | Credentials, { errorCode, errorMessage = "" }: AuthError): boolean {
  if ("value" in used) return errorCode !== "IAM.0064"
  return used.securityToken !== undefined && !/signature|reach the limit/i.test(errorMessage)
}

/** Every 401 but those about a password, which is not what was sent. */
function isRefusal(error: unknown): error is AuthError {
  return isAuthError(error) && error.status === 401 && error.errorCode !== "IAM.0061" && error.errorCode !== "IAM.0062"
}

/** Gives the provider back, or says that it is none, or none of the wanted kind where it tells its kind. */
export function checkSource<V>(via: Provider<V>, wanted: Yields | undefined): Provider<V> {
  if (typeof via !== "function") {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`via` must be a provider: an async function such as passwordToken(...) gives.",
    )
  }
  const { yields } = via
  if (wanted !== undefined && yields !== undefined && yields !== wanted) throw wrongKind(wanted, yields)
  return via
}

/** What names a provider in the key of one that is built on it: its own key, else its fixed AK, which is no secret. */
export function sourceKey<V>({ identityKey, binding }: Provider<V>): string | undefined {
  return identityKey ?? binding?.identity
}
