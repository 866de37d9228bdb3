import { AuthError, invalidOption, isAuthError } from "../errors/auth-error.ts"
import type { Credentials, Token } from "../identity/credentials.ts"
import { identityKey, type Provider, type ProviderContext } from "../identity/provider.ts"
import { hasAccessKey, hasSameSecret, hasToken } from "../identity/secret.ts"
import { isHeaderText } from "../runtime/http.ts"
import type { IamConnection } from "./iam-connection.ts"

type Yields = NonNullable<Provider<unknown>["yields"]>

/**
 * Uses the value of another provider. If IAM does not accept that value, asks for another one, once.
 *
 * @param wanted the kind of value that it must yield; `undefined` if either kind is fine
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

/** Asks through the calling cache, so that shared values are fetched once; directly where there is no cache. */
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
      "The provider passed as `via` must yield a token of visible ASCII characters, like the value of X-Subject-Token.",
    )
  }
  if (wanted === undefined ? given.length > 0 : given.includes(wanted)) return value as V
  const [other] = given
  if (wanted !== undefined && other !== undefined) throw wrongKind(wanted, other)
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    "The provider passed as `via` must yield a token { value } or credentials { accessKeyId, secretAccessKey }: it yielded neither.",
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
  return invalidOption(`\`via\` must be a provider that yields ${KINDS[wanted]}; this one yields ${KINDS[given]}.`)
}

/**
 * Whether a refusal is about the token or key, not about a permission. A failed signature is never taken for the end of
 * a key, since failed signatures lock it.
 */
function isAbout(used: Token | Credentials, { errorCode, errorMessage = "" }: AuthError): boolean {
  if ("value" in used) return errorCode !== "IAM.0064"
  return used.securityToken !== undefined && !/signature|reach the limit/i.test(errorMessage)
}

/** Every 401 except those about a password, since none was sent. */
function isRefusal(error: unknown): error is AuthError {
  return isAuthError(error) && error.status === 401 && error.errorCode !== "IAM.0061" && error.errorCode !== "IAM.0062"
}

/** Returns the provider, or throws an error if it is none or states another kind of value. */
export function checkSource<V>(via: Provider<V>, wanted: Yields | undefined): Provider<V> {
  if (typeof via !== "function") {
    throw invalidOption("`via` must be a provider, which is an async function: for example passwordToken(...).")
  }
  const { yields } = via
  if (wanted !== undefined && yields !== undefined && yields !== wanted) throw wrongKind(wanted, yields)
  return via
}

/**
 * The identity key of a provider built on another one. In it, the source is named by its own key, else by its fixed AK,
 * which is not secret; `undefined` when the source has neither.
 */
export function sourcedKey<V>(
  via: Provider<V>,
  kind: string,
  endpoint: string,
  ...parts: ReadonlyArray<string | undefined>
): string | undefined {
  const source = via.identityKey ?? via.binding?.identity
  return source === undefined ? undefined : identityKey(kind, endpoint, source, ...parts)
}

/** A provider that calls IAM. Those built on it inherit its connection. */
export interface IamProvider<T> extends Provider<T> {
  readonly iam: IamConnection
}

/** @param traits with the binding of its own secret, or of the provider it is built on */
export function iamProvider<T>(
  iam: IamConnection,
  traits: Pick<Provider<T>, "yields" | "identityKey" | "binding" | "label">,
  provide: (context: ProviderContext<T> | undefined) => Promise<T>,
): IamProvider<T> {
  return Object.assign(async (context?: ProviderContext<T>) => provide(context), { ...traits, iam })
}

/** The connection of a provider that calls IAM. */
export function connectionOf<V>(provider: Provider<V>): IamConnection | undefined {
  return callsIam(provider) ? provider.iam : undefined
}

function callsIam<V>(provider: Provider<V>): provider is IamProvider<V> {
  return "iam" in provider
}
