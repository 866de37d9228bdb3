import { AuthError } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { checkBare, environmentVariable, homeDirectory, readTextFile } from "../runtime/environment.ts"
import { credentialsOf } from "./env-credentials.ts"

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

/** How soon a cache asks again, and notices a change of the file. */
const ASK_AGAIN_MS = 10_000

/**
 * Access keys from the profile file of the official SDKs, an INI file with the sections [basic] and [global] and the
 * keys ak, sk, security_token, project_id, domain_id, idp_id, id_token_file and iam_endpoint. If idp_id and
 * id_token_file are both set, they win over ak and sk. A section inherits the keys of [DEFAULT], as in the SDK for
 * Python. For Node.js, Bun and Deno.
 *
 * Values are used verbatim. Quotes around one of these values, or a comment after it, are an error.
 *
 * The file is read at each call; a cache in use calls about every 10 s. So the file can be changed while the program
 * runs. If it is malformed for a while, the key stays in use and the cache reports the failure.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` or `AUTH_INSECURE_URL` at once. When asked: `AUTH_CREDENTIALS_MISSING` when
 * the file, section or key is absent; `AUTH_INVALID_CREDENTIALS`, with the line, when the file is malformed; with an id
 * token, as {@link federatedCredentials}.
 */
export function profileCredentials({ file, section, ...options }: ProfileCredentialsOptions = {}): CredentialProvider {
  checkIamOptions(options)
  for (const [name, value] of Object.entries({ file, section })) {
    if (value !== undefined && (typeof value !== "string" || value === "")) {
      throw new AuthError("AUTH_INVALID_OPTION", `\`${name}\` must be a non-empty string.`)
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

/** The values of each section by key, with those of [DEFAULT]. Keys are lower case, as in Python's configparser. */
export type Profile = ReadonlyMap<string, ReadonlyMap<string, string>>

/**
 * Parses the INI form that the official Python SDK reads: `[section]`, where the rest of the line is ignored; `key =
 * value` or `key: value`; and comments, which are whole lines that start with `#` or `;`. Values have no quotes and no
 * escapes. Each section inherits the keys of [DEFAULT] that it does not set.
 *
 * The INI parsers on npm accept any line and turn an unreadable one into a key. With them, half a file would pass as a
 * shorter access key.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` with the number of the first line that has another form, or repeats a
 * section or a key. The message does not show the line.
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
