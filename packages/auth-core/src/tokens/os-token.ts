import { AuthError } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions, namedEndpoint } from "../iam/iam-connection.ts"
import type { OsSource } from "../iam/os-settings.chunk.ts"
import { checkNames } from "../iam/token-scope.ts"
import { type TokenProvider, yielding } from "../identity/provider.ts"
import { ASK_AGAIN_MS } from "../runtime/environment.ts"
import { isHeaderText } from "../runtime/header-text.ts"
import { redactCredential } from "../runtime/redact.ts"
import { passwordToken } from "./password-token.ts"

/** An `iamEndpoint`, `region` or `cloud` wins over the `auth_url` of the settings. */
export interface OsTokenOptions extends OsSource, IamOptions {}

/**
 * Tokens by the settings of OpenStack's clients, from the variables OS_AUTH_URL, OS_USERNAME, OS_PASSWORD, OS_USER_DOMAIN_NAME,
 * OS_PROJECT_NAME and their like, or from a clouds.yaml. For Node.js, Bun and Deno.
 *
 * OS_CLOUD chooses a cloud of the files. Then a secure.yaml wins over the clouds.yaml, and both win over variables, which
 * fill the gaps, as in openstacksdk. openstackclient 6.0.0 differs: there OS_AUTH_URL, OS_USERNAME and OS_PASSWORD win over the
 * files, each for itself. Ids win over names, OS_PROJECT_ID wins over OS_TENANT_ID, and a project is the scope rather than a domain.
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
