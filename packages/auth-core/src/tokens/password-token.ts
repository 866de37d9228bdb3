import { AuthError } from "../errors/auth-error.ts"
import { type IamOptions, iamConnection, iamProvider } from "../iam/iam-connection.ts"
import { requestToken } from "../iam/request-token.ts"
import { bindingOf, checkSecret, readSecret, type Secret } from "../iam/secret.ts"
import { passwordTokenRequest } from "../iam/token-request.ts"
import { checkNameOrId, checkScope, type NameOrId, namedKey, scopeKey, type TokenScope } from "../iam/token-scope.ts"
import type { Token } from "../identity/credentials.ts"
import { identityKey, type ProviderContext, type TokenProvider } from "../identity/provider.ts"

export interface PasswordTokenOptions extends IamOptions {
  /** An IAM user: its name in `domain`, or { id }. A Huawei ID gets no token by password. */
  user: NameOrId
  /**
   * The cached token is given only to providers with the same one. A function is asked when its provider first meets an entry
   * and at each refresh; while IAM refuses what it gave, before the back-off ends, too.
   */
  password: Secret
  /** The account of the user; may be left out when the user is given as { id }. */
  domain?: NameOrId | undefined
  /** What the token is for: { project } or { domain }. A project given by name is looked for in the user's domain. */
  scope: TokenScope
  /**
   * Code of the virtual MFA device, where login protection asks for one; the user must then be { id }. A code holds for
   * half a minute and for one use, so give a function: it is asked at each refresh. Whoever knows the password and gives a
   * function then gets the cached token; a code that is a text binds the token as the password does.
   */
  passcode?: Secret | undefined
}

/**
 * Tokens of a user by password, each valid for 24 hours.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_REJECTED`,
 * `AUTH_THROTTLED`, `AUTH_TOKEN_REQUEST_FAILED`, `AUTH_TOKEN_RESPONSE_INVALID`, `AUTH_INVALID_OPTION` when IAM answers 400.
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication" and "... and Virtual MFA"
 */
export function passwordToken(options: PasswordTokenOptions): TokenProvider {
  const user = checkNameOrId(options.user, "user")
  const domain = options.domain === undefined ? undefined : checkNameOrId(options.domain, "domain")
  if (typeof user === "string" && domain === undefined) {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`domain` is missing: a user name is unique in its domain only. Or give the user as { id }.",
    )
  }
  const password = checkSecret(options.password, "password")
  const passcode = options.passcode === undefined ? undefined : checkSecret(options.passcode, "passcode")
  if (passcode !== undefined && typeof user === "string") {
    throw new AuthError(
      "AUTH_INVALID_OPTION",
      "`user` must be { id } when there is a `passcode`: IAM takes no name then.",
    )
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
  // Codes of a function are new each time, so they tell nobody apart.
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
  binding.owner = iamProvider(connection, { yields: "token", identityKey: key, binding }, provide)
  return binding.owner
}
