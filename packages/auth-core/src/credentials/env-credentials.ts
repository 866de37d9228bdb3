import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { environmentVariable } from "../runtime/environment.ts"
import { credentialsOf } from "./named-source.ts"

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
 * no pair is set; `AUTH_INVALID_CREDENTIALS` when half of a pair is set or a value is malformed; with an id token, as
 * {@link federatedCredentials}.
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
    return await credentialsOf(values, "The environment", NAMES, options, context)
  }
  return Object.assign(provider, { yields: "credentials" as const, heedsIamReach: true })
}
