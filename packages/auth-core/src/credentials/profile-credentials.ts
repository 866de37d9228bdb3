import { AuthError } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { checkBare, environmentVariable } from "../runtime/environment.ts"
import { homeDirectory, readTextFile } from "../runtime/text-file.ts"
import { credentialsOf } from "./named-source.ts"

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
    if (credentials.expiresAt === undefined) context?.refreshAfter?.(ASK_AGAIN_MS)
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

/** Values by key, by section, those of [DEFAULT] in each. Keys are lower case, as Python's configparser has them. */
export type Profile = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * Parses the INI form that the official Python SDK reads: `[section]`, whatever follows it on the line, `key = value` or
 * `key: value`, and comments, which are whole lines that begin with `#` or `;`. Values are taken as they stand, without quotes
 * or escapes. What stands in [DEFAULT] is there in each section that does not have it itself.
 *
 * Written here because the INI parsers of npm accept any line: what they cannot read becomes a key, so a file half written
 * would pass for a key half as long.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` with the number of the first line that is none of these, or that repeats a
 * section or a key. The line itself is not shown.
 */
export function parseProfile(text: string, path: string): Profile {
  const defaults = new Map<string, string>()
  const profile = new Map<string, Map<string, string>>()
  let section: Map<string, string> | undefined
  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const invalid = (problem: string): AuthError =>
      new AuthError("AUTH_INVALID_CREDENTIALS", `${path}, line ${index + 1}: ${problem}.`)
    const content = line.trim()
    if (content === "" || /^[#;]/.test(content)) continue
    const name = /^\[(.+)\]/.exec(content)?.[1]?.trim()
    if (name === "DEFAULT") {
      section = defaults
      continue
    }
    if (name !== undefined) {
      if (profile.has(name)) throw invalid("this section appears a second time")
      section = new Map()
      profile.set(name, section)
      continue
    }
    const [, key, value] = /^([^=:[\]\s]+)\s*[=:]\s*(.*)$/s.exec(content) ?? []
    if (key === undefined || value === undefined) throw invalid("neither [section] nor `key = value` nor a comment")
    if (section === undefined) throw invalid("a key before the first [section]")
    if (section.has(key.toLowerCase())) throw invalid("this key appears a second time in its section")
    section.set(key.toLowerCase(), value)
  }
  return new Map([...profile].map(([name, own]) => [name, new Map([...defaults, ...own])]))
}
