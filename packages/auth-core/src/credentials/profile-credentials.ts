import { AuthError, invalidOption } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { ASK_AGAIN_MS, environmentVariable, homeDirectory, readTextFile } from "../runtime/environment.ts"
import { credentialsOf } from "./env-credentials.ts"
import { type Profile, parseProfile } from "./parse-profile.ts"

export interface ProfileCredentialsOptions extends IamOptions {
  /** @default HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials */
  file?: string | undefined
  /** The section to read. @default "basic", or "global" without a section [basic] */
  section?: string | undefined
}

const NAMES = {
  ak: "ak",
  sk: "sk",
  securityToken: "security_token",
  projectId: "project_id",
  domainId: "domain_id",
  idpId: "idp_id",
  idTokenFile: "id_token_file",
  iamEndpoint: "iam_endpoint",
}

/**
 * Access keys from the profile file of the official SDKs, an INI file with the sections [basic] and [global] and the
 * keys ak, sk, security_token, project_id, domain_id, idp_id, id_token_file and iam_endpoint. If idp_id and
 * id_token_file are both set, they win over ak and sk. A section inherits the keys of [DEFAULT], as in the SDK for
 * Python. For Node.js, Bun and Deno.
 *
 * Where the official SDKs for Python and Go read a value in the same way, that counts. Where they differ, as for quotes around
 * it or a comment after it, the file is refused.
 *
 * The file is read at each call; a cache in use calls about every 10 s. So the file can be changed while the program
 * runs. If it is malformed for a while, the key stays in use and the cache reports the failure.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when
 * the file, section or key is absent; `AUTH_INVALID_CREDENTIALS`, with the line and the reason, when the file is refused; with an id
 * token, as {@link federatedCredentials}.
 */
export function profileCredentials({ file, section, ...options }: ProfileCredentialsOptions = {}): CredentialProvider {
  checkIamOptions(options)
  for (const [name, value] of Object.entries({ file, section })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw invalidOption(`\`${name}\` must be a non-empty string.`)
    }
  }
  const provider: CredentialProvider = async (context) => {
    const path = file ?? environmentVariable("HUAWEICLOUD_SDK_CREDENTIALS_FILE") ?? defaultPath()
    const text = await readTextFile(path)
    if (text === undefined) {
      throw new AuthError("AUTH_CREDENTIALS_MISSING", `There is no profile file ${path}.`)
    }
    const profile = parseProfile(text, path)
    const name = section ?? (profile.has("basic") || !profile.has("global") ? "basic" : "global")
    const source = `The section [${name}] of ${path}`
    const credentials = await credentialsOf(valuesOf(profile, name, path), source, NAMES, options, context)
    if (credentials.expiresAt === undefined) context?.refreshAfter?.(ASK_AGAIN_MS)
    return credentials
  }
  return Object.assign(provider, { yields: "credentials" as const, heedsIamReach: true })
}

function defaultPath(): string {
  return `${homeDirectory() ?? "~"}/.huaweicloud/credentials`
}

function valuesOf(profile: Profile, name: string, path: string): Record<keyof typeof NAMES, string | undefined> {
  const section = profile.section(name)
  if (section === undefined) {
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The profile file ${path} has no section [${name}].`)
  }
  return {
    ak: section.get(NAMES.ak),
    sk: section.get(NAMES.sk),
    securityToken: section.get(NAMES.securityToken),
    projectId: section.get(NAMES.projectId),
    domainId: section.get(NAMES.domainId),
    idpId: section.get(NAMES.idpId),
    idTokenFile: section.get(NAMES.idTokenFile),
    iamEndpoint: section.get(NAMES.iamEndpoint),
  }
}
