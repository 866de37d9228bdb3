import { AuthError, isAuthError } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions, namedEndpoint } from "../iam/iam-connection.ts"
import type { OsSource } from "../iam/os-settings.chunk.ts"
import { secretFile } from "../iam/secret.ts"
import { checkNames } from "../iam/token-scope.ts"
import { type Credentials, checkCredentials } from "../identity/credentials.ts"
import { type CredentialProvider, type ProviderContext, yielding } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { ASK_AGAIN_MS, environmentVariable, isSet } from "../runtime/environment.ts"
import { federatedCredentials } from "./temporary-credentials.ts"

const NAMES = {
  ak: "HUAWEICLOUD_SDK_AK",
  sk: "HUAWEICLOUD_SDK_SK",
  securityToken: "HUAWEICLOUD_SDK_SECURITY_TOKEN",
  projectId: "HUAWEICLOUD_SDK_PROJECT_ID",
  domainId: "HUAWEICLOUD_SDK_DOMAIN_ID",
  idpId: "HUAWEICLOUD_SDK_IDP_ID",
  idTokenFile: "HUAWEICLOUD_SDK_ID_TOKEN_FILE",
  iamEndpoint: "HUAWEICLOUD_SDK_IAM_ENDPOINT",
}

/**
 * Access keys from the variables of the official SDKs, read at each refresh. HUAWEICLOUD_SDK_IDP_ID and _ID_TOKEN_FILE
 * win: with them IAM is asked as in {@link federatedCredentials}. Otherwise HUAWEICLOUD_SDK_AK, _SK and _SECURITY_TOKEN
 * are the key. _PROJECT_ID and _DOMAIN_ID are attached; _IAM_ENDPOINT is the endpoint of IAM.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when
 * no pair is set; the message names the variables of other tools that are set. `AUTH_INVALID_CREDENTIALS` when half of a
 * pair is set or a value is malformed. With an id token, as {@link federatedCredentials}.
 */
export function envCredentials(options: IamOptions = {}): CredentialProvider {
  checkIamOptions(options)
  const provider: CredentialProvider = async (context) => {
    const values = {
      ak: environmentVariable(NAMES.ak),
      sk: environmentVariable(NAMES.sk),
      securityToken: environmentVariable(NAMES.securityToken),
      projectId: environmentVariable(NAMES.projectId),
      domainId: environmentVariable(NAMES.domainId),
      idpId: environmentVariable(NAMES.idpId),
      idTokenFile: environmentVariable(NAMES.idTokenFile),
      // Read where IAM is called, since an option wins over it there.
      iamEndpoint: undefined,
    }
    return await credentialsOf(values, "The environment", NAMES, options, context, adviceOnOthers)
  }
  return Object.assign(provider, { yields: "credentials" as const, heedsIamReach: true })
}

/** The variables in which other tools keep an AK and an SK: Terraform in HW_ACCESS_KEY, API Explorer in CLOUD_SDK_AK. */
const OTHERS = ["HW", "CLOUD_SDK", "HUAWEICLOUD", "HUAWEI_CLOUD", "HUAWEI", "HWC", "HCS", "SBC", "G42", "OS"].flatMap(
  (tool) =>
    ["ACCESS_KEY", "SECRET_KEY", "ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "ACCESS_KEY_SECRET", "AK", "SK"].map(
      (key) => `${tool}_${key}`,
    ),
)

const OPENSTACKS = ["OS_ACCESS_KEY", "OS_SECRET_KEY"]

/** The variables in which other tools keep a login of a user: OpenStack's clients, Terraform, acme.sh. */
const OTHERS_OF_USERS = [
  ...["OS_USERNAME", "OS_PASSWORD", "OS_TOKEN", "OS_AUTH_TOKEN", "OS_CLOUD"],
  ...["HW_USER_NAME", "HW_USER_PASSWORD", "HW_AUTH_TOKEN"],
  ...["HUAWEICLOUD_Username", "HUAWEICLOUD_Password"],
]

function adviceOnOthers(): string {
  return (
    advice(
      OTHERS,
      `set ${NAMES.ak} and ${NAMES.sk} to the same key${OPENSTACKS.some(isSet) ? ", or use osCredentials()" : ""}`,
    ) +
    advice(OTHERS_OF_USERS, "osToken() reads those of OpenStack, and passwordToken() takes a user's name and password")
  )
}

function advice(names: readonly string[], toDo: string): string {
  const found = names.filter(isSet)
  if (found.length === 0) return ""
  return ` ${found.join(", ")} ${found.length === 1 ? "is" : "are"} set, which other tools read: ${toDo}.`
}

/** The settings that an environment or a profile can name. */
export interface NamedSource {
  readonly ak: string | undefined
  readonly sk: string | undefined
  readonly securityToken: string | undefined
  readonly projectId: string | undefined
  readonly domainId: string | undefined
  readonly idpId: string | undefined
  readonly idTokenFile: string | undefined
  readonly iamEndpoint: string | undefined
}

/**
 * The access key of a named source: by an identity provider and a file with an id token, which win, else by AK and SK.
 *
 * @param source its name in messages: "The environment", "The section [basic] of ..."
 * @param names the names of its settings, for messages
 * @param advice on a source that has no key
 */
export async function credentialsOf(
  values: NamedSource,
  source: string,
  names: Readonly<Record<keyof NamedSource, string>>,
  options: IamOptions,
  context: ProviderContext<Credentials> | undefined,
  advice = (): string => "",
): Promise<Credentials> {
  const { ak, sk, securityToken, idpId, idTokenFile } = values
  const reach = { ...options, iamEndpoint: options.iamEndpoint ?? values.iamEndpoint }
  const iamEndpoint = namedEndpoint(reach)
  const owner = {
    ...(iamEndpoint === undefined ? undefined : { iamEndpoint }),
    ...(values.projectId === undefined ? undefined : { projectId: values.projectId }),
    ...(values.domainId === undefined ? undefined : { domainId: values.domainId }),
  }
  if (idpId !== undefined && idTokenFile !== undefined) {
    const federated = federatedCredentials({ ...reach, idpId, idToken: secretFile(idTokenFile) })
    return redactCredential({ ...(await federated(context)), ...owner })
  }
  if (ak !== undefined && sk !== undefined) {
    const key = {
      accessKeyId: ak,
      secretAccessKey: sk,
      ...(securityToken === undefined ? undefined : { securityToken }),
    }
    return redactCredential({ ...checkedKey(key, source), ...owner })
  }
  const [half, missing] = ak !== undefined ? (["ak", "sk"] as const) : (["sk", "ak"] as const)
  if (values[half] !== undefined) {
    throw new AuthError("AUTH_INVALID_CREDENTIALS", `${source} has ${names[half]} without ${names[missing]}: set both.`)
  }
  throw new AuthError(
    "AUTH_CREDENTIALS_MISSING",
    `${source} has neither ${names.ak} and ${names.sk} nor ${names.idpId} and ${names.idTokenFile}.${advice()}`,
  )
}

/** Returns the key if it can sign, or throws an error that names its source. */
export function checkedKey(key: Credentials, source: string): Credentials {
  try {
    return checkCredentials(key)
  } catch (error) {
    throw isAuthError(error) ? new AuthError(error.code, `${source}: ${error.message}`) : error
  }
}

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
 * openstacksdk. A YAML file needs the package `yaml`, an optional peer dependency. Variables and files are read at each
 * call; a cache in use calls about every 10 s.
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
