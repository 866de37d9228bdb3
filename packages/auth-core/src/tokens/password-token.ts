import { invalidOption } from "../errors/auth-error.ts"
import { type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { bindingOf, checkSecret, readSecret, type Secret } from "../iam/secret.ts"
import { passwordTokenRequest, requestToken } from "../iam/token-request.ts"
import {
  checkNameOrId,
  checkScope,
  type NameOrId,
  namedKey,
  nameIn,
  scopeKey,
  type TokenScope,
} from "../iam/token-scope.ts"
import type { Token } from "../identity/credentials.ts"
import { identityKey, type ProviderContext, type TokenProvider } from "../identity/provider.ts"

export interface PasswordTokenOptions extends IamOptions {
  /** An IAM user: its name in `domain`, or { id }. A Huawei ID cannot get a token by password. */
  user: NameOrId
  /**
   * Only providers with the same password share the cached token. A function is called when its provider first meets an
   * entry and at each refresh; while IAM refuses its password, also before the back-off ends.
   */
  password: Secret
  /** The account of the user. Optional when the user is { id }. */
  domain?: NameOrId | undefined
  /** The scope of the token: { project } or { domain }. A project name is looked up in the user's domain. */
  scope: TokenScope
  /**
   * The code of the virtual MFA device, where login protection requires one; the user must then be { id }. A code is
   * valid for half a minute and for one use, so pass a function, which is called at each refresh. All providers with
   * the same password and a function share the cached token. A code that is a text binds the token like the password.
   */
  passcode?: Secret | undefined
}

/**
 * Tokens of a user by password, each valid for 24 hours.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_REJECTED`,
 * `AUTH_THROTTLED`, `AUTH_TOKEN_REQUEST_FAILED`, `AUTH_TOKEN_RESPONSE_INVALID`, `AUTH_INVALID_OPTION` when IAM answers
 * 400.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication" and "... and Virtual MFA"
 */
export function passwordToken(options: PasswordTokenOptions): TokenProvider {
  const user = checkNameOrId(options.user, "user")
  const domain = options.domain === undefined ? undefined : checkNameOrId(options.domain, "domain")
  if (typeof user === "string" && domain === undefined) {
    throw invalidOption(
      "`domain` is missing: a user name is unique only in its domain. Pass `domain`, or the user as { id }.",
    )
  }
  const password = checkSecret(options.password, "password")
  const passcode = options.passcode === undefined ? undefined : checkSecret(options.passcode, "passcode")
  if (passcode !== undefined && typeof user === "string") {
    throw invalidOption("`user` must be { id } when there is a `passcode`: IAM does not take a name then.")
  }
  const scope = checkScope(options.scope, domain)
  const connection = iamConnection(options)
  const key = identityKey(
    "password-token",
    connection.endpoint,
    domain === undefined ? undefined : namedKey(domain),
    namedKey(user),
    scopeKey(scope),
  )
  // A function returns a new code each time, so its codes cannot tell callers apart.
  const second = typeof passcode === "function" ? ["by function"] : passcode === undefined ? [] : ["text", passcode]
  const provide = async (context?: ProviderContext<Token>): Promise<Token> => {
    const request = passwordTokenRequest({
      user,
      domain,
      password: context?.secret?.reveal() ?? (await readSecret(password, "password", context?.signal)),
      passcode: passcode === undefined ? undefined : await readSecret(passcode, "passcode", context?.signal),
      scope,
    })
    return await requestToken(connection, request, context)
  }
  const binding = bindingOf(key, password, "password", second)
  const label = `token of ${[user, domain].flatMap((name) => (name === undefined ? [] : nameIn(name))).join(" @ ")}`
  binding.owner = iamProvider(connection, { yields: "token", identityKey: key, binding, label }, provide)
  return binding.owner
}
