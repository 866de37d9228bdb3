import { AuthError } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions, namedEndpoint } from "../iam/iam-connection.ts"
import type { OsSource } from "../iam/os-settings.chunk.ts"
import { checkNames } from "../iam/token-scope.ts"
import { checkCredentials } from "../identity/credentials.ts"
import { type CredentialProvider, yielding } from "../identity/provider.ts"
import { ASK_AGAIN_MS } from "../runtime/environment.ts"
import { redactCredential } from "../runtime/redact.ts"

/** The options of IAM say where look-ups with the key go; by default it is the address in the settings. */
export interface OsCredentialsOptions
  extends OsSource,
    Pick<IamOptions, "iamEndpoint" | "region" | "cloud" | "allowInsecure"> {}

/**
 * Access keys from the settings of OpenStack's clients: `access_key`, `secret_key` and `security_token`, or `ak` and `sk`, of a
 * clouds.yaml, or of the variables OS_ACCESS_KEY, OS_SECRET_KEY and OS_SECURITY_TOKEN, as Open Telekom Cloud's tools have them.
 * `project_id`, `domain_id` and `auth_url` are attached. For Node.js, Bun and Deno.
 *
 * OS_CLOUD chooses a cloud of the files. Then a secure.yaml wins over the clouds.yaml, and both win over variables, as in
 * openstacksdk. A YAML
 * file needs the package `yaml`, an optional peer dependency. Variables and files are read at each call; a cache in use calls
 * about every 10 s.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when there is
 * no key; `AUTH_INVALID_CREDENTIALS` when a file is malformed, has no cloud of the name or half a key, or the package `yaml` is
 * missing.
 * @see openstacksdk, "Configuring OpenStack SDK Applications"
 */
export function osCredentials({ cloudName, file, ...options }: OsCredentialsOptions = {}): CredentialProvider {
  checkIamOptions(options)
  checkNames({ cloudName, file })
  return yielding("credentials", async (context) => {
    const { accessKeyOf, iamOriginOf, osSettings } = await import("../iam/os-settings.chunk.ts")
    const settings = await osSettings({ cloudName, file })
    const { accessKeyId, secretAccessKey, ...more } = accessKeyOf(settings)
    if (accessKeyId === undefined || secretAccessKey === undefined) {
      const { source, values } = settings
      if (accessKeyId !== secretAccessKey) {
        const [half, missing] = accessKeyId === undefined ? ["a secret", "access"] : ["an access", "secret"]
        throw new AuthError(
          "AUTH_INVALID_CREDENTIALS",
          `${source} has ${half} key without its ${missing} key: set both.`,
        )
      }
      const hasOther = values.token !== undefined || values.user !== undefined || values.userId !== undefined
      const advice = hasOther ? "It has a login of another kind, which osToken() reads." : "OS_CLOUD chooses a cloud."
      throw new AuthError(
        "AUTH_CREDENTIALS_MISSING",
        `${source} has no access key: OS_ACCESS_KEY and OS_SECRET_KEY, or ak and sk in a clouds.yaml. ${advice}`,
      )
    }
    const iamEndpoint = namedEndpoint(options) ?? iamOriginOf(settings, options.allowInsecure)
    context?.refreshAfter?.(ASK_AGAIN_MS)
    const key = { accessKeyId, secretAccessKey, ...more, ...(iamEndpoint === undefined ? undefined : { iamEndpoint }) }
    return redactCredential(checkCredentials(key))
  })
}
