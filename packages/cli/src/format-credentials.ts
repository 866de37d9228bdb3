import type { Credentials } from "@countersign/auth-core"
import { shellWord } from "./curl-command-line.ts"
import { CommandError, EXIT_CODES } from "./exit-code.ts"

/** `process` is what AWS calls the output of a credential process, which other programs read too. */
export const CREDENTIAL_FORMATS = ["env", "json", "ini", "process"] as const
export type CredentialFormat = (typeof CREDENTIAL_FORMATS)[number]

/** An access key as other programs read it. */
export function formatCredentials(credentials: Credentials, format: CredentialFormat): string {
  switch (format) {
    case "env":
      return shellText(credentials)
    case "json":
      return JSON.stringify(credentials)
    case "ini":
      return `[basic]\n${iniLines(credentials).join("\n")}`
    case "process":
      return processText(credentials)
  }
}

/** Unset the variables that the key does not have, so that no other key's token stays in the shell. */
function shellText(credentials: Credentials): string {
  const { accessKeyId, secretAccessKey, securityToken, projectId, domainId, iamEndpoint } = credentials
  const variables = {
    HUAWEICLOUD_SDK_AK: accessKeyId,
    HUAWEICLOUD_SDK_SK: secretAccessKey,
    HUAWEICLOUD_SDK_SECURITY_TOKEN: securityToken,
    HUAWEICLOUD_SDK_PROJECT_ID: projectId,
    HUAWEICLOUD_SDK_DOMAIN_ID: domainId,
    // It may be set for other reasons, so it is left as it is.
    ...(iamEndpoint === undefined ? {} : { HUAWEICLOUD_SDK_IAM_ENDPOINT: iamEndpoint }),
  }
  return Object.entries(variables)
    .map(([name, value]) => (value === undefined ? `unset ${name}` : `export ${name}=${shellWord(value)}`))
    .join("\n")
}

/**
 * The keys of a section of a profile file.
 *
 * @throws {CommandError} for a value that one line cannot hold
 */
export function iniLines(credentials: Credentials): string[] {
  const { accessKeyId, secretAccessKey, securityToken, projectId, domainId, iamEndpoint } = credentials
  const keys = {
    ak: accessKeyId,
    sk: secretAccessKey,
    security_token: securityToken,
    project_id: projectId,
    domain_id: domainId,
    iam_endpoint: iamEndpoint,
  }
  return Object.entries(keys).flatMap(([key, value]) => {
    if (value === undefined) return []
    if (!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(value)) return `${key} = ${value}`
    throw new CommandError(
      EXIT_CODES.usage,
      `The value of ${key} holds a line break or a control character, which a profile cannot hold: copy it anew, as one line.`,
    )
  })
}

function processText({ accessKeyId, secretAccessKey, securityToken, expiresAt }: Credentials): string {
  return JSON.stringify({
    Version: 1,
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: securityToken,
    Expiration: expiresAt === undefined ? undefined : new Date(expiresAt).toISOString(),
  })
}
