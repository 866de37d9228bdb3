import { AuthError, invalidOption } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions, iamConnection, namedEndpoint } from "../iam/iam-connection.ts"
import { iamProvider } from "../iam/iam-provider.ts"
import type { OsSource } from "../iam/os-settings.chunk.ts"
import { bindingOf, checkSecret, readSecret, type Secret } from "../iam/secret.ts"
import { passwordTokenRequest, requestToken } from "../iam/token-request.ts"
import {
  checkNameOrId,
  checkNames,
  checkScope,
  type NameOrId,
  namedKey,
  nameIn,
  scopeKey,
  type TokenScope,
} from "../iam/token-scope.ts"
import type { Token } from "../identity/credentials.ts"
import { identityKey, type ProviderContext, type TokenProvider, yielding } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { ASK_AGAIN_MS } from "../runtime/environment.ts"
import { isHeaderText } from "../runtime/http.ts"

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

/** An `iamEndpoint`, `region` or `cloud` wins over the `auth_url` of the settings. */
export interface OsTokenOptions extends OsSource, IamOptions {}

/**
 * Tokens by the settings of OpenStack's clients, from the variables OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME,
 * OS_PROJECT_NAME and their like, or from a clouds.yaml. For Node.js, Bun and Deno.
 *
 * OS_CLOUD chooses a cloud of the files. Then a secure.yaml wins over the clouds.yaml, and both win over variables, which
 * fill the gaps, as in openstacksdk. openstackclient 6.0.0 differs: there OS_AUTH_URL, OS_USERNAME and OS_PASSWORD win over the
 * files, each on its own. Ids win over names, OS_PROJECT_ID wins over OS_TENANT_ID, and a project is the scope rather than a domain.
 * Without a scope, it is the user's account. A YAML file needs the package `yaml`, an optional peer dependency.
 *
 * OS_TOKEN, else OS_AUTH_TOKEN, is used as it is, unless OS_AUTH_TYPE is `password`. Else IAM is asked for a token by password.
 * Variables and files are read at each call.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when there is
 * no login; `AUTH_INVALID_CREDENTIALS` when a file is malformed, has no cloud of the name or half a login, or the package `yaml`
 * is missing; and as {@link passwordToken}.
 * @see openstacksdk, "Configuring OpenStack SDK Applications"
 */
export function osToken({ cloudName, file, ...options }: OsTokenOptions = {}): TokenProvider {
  checkIamOptions(options)
  checkNames({ cloudName, file })
  return yielding("token", async (context) => {
    const { iamOriginOf, osSettings, userOf } = await import("../iam/os-settings.chunk.ts")
    const settings = await osSettings({ cloudName, file })
    const { source, values } = settings
    const { authType, token, password, passcode } = values
    if (authType !== undefined && !/^(?:v3)?(?:password|token|totp|multifactor)$/.test(authType)) {
      throw new AuthError(
        "AUTH_INVALID_CREDENTIALS",
        `${source} has the auth_type ${JSON.stringify(authType)}: only password, v3password, token and v3token are read.`,
      )
    }
    if (token !== undefined && !/password|totp|multifactor/.test(authType ?? "")) {
      if (!isHeaderText(token)) {
        throw new AuthError("AUTH_INVALID_CREDENTIALS", `${source} has a token with characters that no token has.`)
      }
      context?.refreshAfter?.(ASK_AGAIN_MS)
      return redactCredential({ value: token, issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY })
    }
    if (values.user === undefined && values.userId === undefined) {
      const advice =
        values.accessKey === undefined
          ? "OS_CLOUD chooses a cloud."
          : "It has an access key, which osCredentials() reads."
      throw new AuthError(
        "AUTH_CREDENTIALS_MISSING",
        `${source} has no login: OS_USERNAME and OS_PASSWORD, or OS_TOKEN, or username, password or token in a clouds.yaml. ${advice}`,
      )
    }
    const iamEndpoint = namedEndpoint(options) ?? iamOriginOf(settings, options.allowInsecure)
    const isReached = iamEndpoint !== undefined || options.region !== undefined || options.cloud !== undefined
    const missing = password === undefined ? "password" : isReached ? undefined : "auth_url"
    if (password === undefined || missing !== undefined) {
      throw new AuthError(
        "AUTH_INVALID_CREDENTIALS",
        `${source} names a user without ${missing}: set it, as a variable OS_${missing?.toUpperCase()}.`,
      )
    }
    return await passwordToken({ ...options, iamEndpoint, ...userOf(settings), password, passcode })(context)
  })
}
