import { AuthError } from "../errors/auth-error.ts"
import { environmentVariable } from "../iam/environment.ts"
import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import { homeDirectory, readTextFile } from "../iam/text-file.ts"
import { checkBare } from "../identity/check-bare.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { credentialsOf } from "./named-source.ts"
import { type Profile, parseProfile } from "./parse-profile.ts"

export interface ProfileCredentialsOptions extends IamOptions {
  /** @default HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials */
  file?: string | undefined
  /** Section to read. @default "basic", or "global" when there is no [basic] */
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

/** How soon a cache asks again, and sees that the file has changed. */
const ASK_AGAIN_MS = 10_000

/**
 * Access keys from the profile file of the official SDKs, an INI file with the sections [basic] and [global] and the keys
 * ak, sk, security_token, project_id, domain_id, idp_id, id_token_file and iam_endpoint. idp_id and id_token_file, when both
 * are there, win over ak and sk. A section inherits what [DEFAULT] has, as in the SDK for Python. For Node.js, Bun and Deno.
 *
 * Values are taken as they stand. In quotes, or with a comment behind it, one of these is an error.
 *
 * The file is read anew each time the provider is asked, by a cache about every 10 s while it is used, so it can be changed
 * while the program runs. A file that is malformed meanwhile leaves the key in use: the cache tells of the failure.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once; when asked: `AUTH_CREDENTIALS_MISSING` when there is no such file, section or key;
 * `AUTH_INVALID_CREDENTIALS`, with the line, when the file is malformed; with an id token, as {@link federatedCredentials}.
 */
export function profileCredentials({ file, section, ...options }: ProfileCredentialsOptions = {}): CredentialProvider {
  checkIamOptions(options)
  for (const [name, value] of Object.entries({ file, section })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw new AuthError("AUTH_INVALID_OPTION", `\`${name}\` must be a text that is not empty.`)
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
    if (credentials.expiresAt === undefined) context?.askAgainIn?.(ASK_AGAIN_MS)
    return credentials
  }
  return Object.assign(provider, { yields: "credentials" as const, heedsIamReach: true })
}

function defaultPath(): string {
  return `${homeDirectory() ?? "~"}/.huaweicloud/credentials`
}

function valuesOf(profile: Profile, name: string, path: string): Record<keyof typeof NAMES, string | undefined> {
  const section = profile.get(name)
  if (section === undefined) {
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `The profile file ${path} has no section [${name}].`)
  }
  const value = (key: string): string | undefined =>
    checkBare(section.get(key) ?? "", `${path}, section [${name}]: ${key}`) || undefined
  return {
    ak: value(NAMES.ak),
    sk: value(NAMES.sk),
    securityToken: value(NAMES.securityToken),
    projectId: value(NAMES.projectId),
    domainId: value(NAMES.domainId),
    idpId: value(NAMES.idpId),
    idTokenFile: value(NAMES.idTokenFile),
    iamEndpoint: value(NAMES.iamEndpoint),
  }
}
