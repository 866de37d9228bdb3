// Loaded on demand: only programs with settings of OpenStack need it.
import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import { environmentVariable, homeDirectory, readTextFile, variable } from "../runtime/environment.ts"
import { isLoopback } from "../runtime/http.ts"
import { isObject, memberAt } from "../runtime/read-answer.ts"
import { checkUrl, isAnyHost } from "./iam-connection.ts"
import type { NameOrId, TokenScope } from "./token-scope.ts"

type Setting =
  | "authUrl"
  | "authType"
  | "userId"
  | "user"
  | "userDomainId"
  | "userDomain"
  | "password"
  | "passcode"
  | "token"
  | "accessKey"
  | "secretKey"
  | "securityToken"
  | "projectId"
  | "project"
  | "projectDomainId"
  | "projectDomain"
  | "domainId"
  | "domain"
  | "defaultDomain"

/** The names of each setting in files; the first one wins. Variables have them in capitals, after OS_. */
const NAMES: Readonly<Record<Setting, readonly string[]>> = {
  authUrl: ["auth_url"],
  authType: ["auth_type"],
  userId: ["user_id", "userid"],
  user: ["username", "user_name"],
  userDomainId: ["user_domain_id"],
  userDomain: ["user_domain_name"],
  password: ["password"],
  passcode: ["passcode"],
  token: ["token", "auth_token"],
  accessKey: ["access_key", "access_key_id", "ak"],
  secretKey: ["secret_key", "access_key_secret", "sk"],
  securityToken: ["security_token", "aksk_security_token", "st"],
  projectId: ["project_id", "tenant_id"],
  project: ["project_name", "tenant_name"],
  projectDomainId: ["project_domain_id"],
  projectDomain: ["project_domain_name"],
  domainId: ["domain_id"],
  domain: ["domain_name"],
  defaultDomain: ["default_domain"],
}

type Values = Readonly<Partial<Record<Setting, string>>>

/** A login that variables or files of OpenStack describe. */
export interface OsSettings {
  /** Its name in messages, such as `The cloud "otc" of /home/me/clouds.yaml`. */
  readonly source: string
  /** By the names that OpenStack gives them. */
  readonly values: Values
}

/** Where to look for a login. */
export interface OsSource {
  /**
   * The cloud in clouds.yaml.
   * @default OS_CLOUD. Without it: the login of the variables if they have one, else the only cloud of the files.
   */
  cloudName?: string | undefined
  /**
   * The file with the clouds, in YAML or JSON.
   * @default OS_CLIENT_CONFIG_FILE if there is such a file, else the first clouds.yaml, .yml or .json in the working directory,
   * ~/.config/openstack, /etc/xdg/openstack and /etc/openstack
   */
  file?: string | undefined
}

/**
 * The login that openstacksdk would use. Values of a secure.yaml win over those of the clouds.yaml, and both win over
 * variables, which fill the gaps.
 *
 * @throws {AuthError} `AUTH_CREDENTIALS_MISSING` when there is no file, or several clouds and none is chosen;
 * `AUTH_INVALID_CREDENTIALS` when a file is malformed, or has no cloud of the name.
 */
export async function osSettings({ cloudName, file }: OsSource): Promise<OsSettings> {
  const environment = settingsOfVariables(variableNamed)
  const name = cloudName ?? environmentVariable("OS_CLOUD")
  if (name === undefined && file === undefined && LOGINS.some((login) => environment.values[login])) return environment
  const clouds = await cloudsOfFiles(file)
  const names = [...clouds.keys()]
  const chosen = name ?? (names.length === 1 ? names[0] : undefined)
  if (chosen === undefined) {
    if (names.length === 0) return environment
    throw new AuthError(
      "AUTH_CREDENTIALS_MISSING",
      `There are several clouds: ${names.join(", ")}. Set OS_CLOUD, or pass \`cloudName\`.`,
    )
  }
  const cloud = clouds.get(chosen)
  if (cloud !== undefined) return withGapsFilled(cloud, environment.values)
  // The name that openstacksdk gives to the cloud of the variables.
  if (chosen === "envvars") return environment
  const others = names.length === 0 ? "no file of OpenStack has one" : `the files have ${names.join(", ")}`
  throw new AuthError(
    "AUTH_INVALID_CREDENTIALS",
    `There is no cloud ${JSON.stringify(chosen)}: ${others}. Correct ${cloudName === undefined ? "OS_CLOUD" : "`cloudName`"}.`,
  )
}

const LOGINS = ["token", "user", "userId", "accessKey"] as const
const SCOPE = ["projectId", "project", "domainId", "domain"] as const

/** One user's password is not tried on another, and a scope comes from one place. */
function withGapsFilled({ source, values }: OsSettings, variables: Values): OsSettings {
  const hasLogin = LOGINS.some((login) => values[login])
  const hasScope = SCOPE.some((part) => values[part])
  const isOther = (["user", "userId"] as const).some((name) => variables[name] && variables[name] !== values[name])
  const isOpen = (setting: Setting): boolean => {
    if (setting === "authUrl") return true
    if (setting === "password" || setting === "passcode") return !hasLogin || !isOther
    return /^(?:project|domain|default)/.test(setting) ? !hasScope : !hasLogin
  }
  const filling = Object.entries(variables).filter(([setting]) => isOpen(setting as Setting))
  return { source, values: { ...Object.fromEntries(filling), ...values } }
}

/** A password may begin with a quote, so it is taken as it is. */
function variableNamed(name: string): string | undefined {
  return name === "OS_PASSWORD" ? variable(name) : environmentVariable(name)
}

/** The login of the variables OS_*. @param read gives the value of one */
export function settingsOfVariables(read: (name: string) => string | undefined): OsSettings {
  const values = valuesBy((name) => read(`OS_${name.toUpperCase()}`))
  return { source: "The environment", values }
}

function valuesBy(read: (name: string) => string | undefined): Values {
  const values: Partial<Record<Setting, string>> = {}
  for (const [setting, names] of Object.entries(NAMES)) {
    const value = names.map(read).find((found) => found !== undefined && found !== "")
    if (value !== undefined) values[setting as Setting] = value
  }
  return values
}

async function cloudsOfFiles(file: string | undefined): Promise<ReadonlyMap<string, OsSettings>> {
  const clouds = new Map<string, OsSettings>()
  const main = await firstOf(file, "OS_CLIENT_CONFIG_FILE", "clouds")
  if (main === undefined && file !== undefined) {
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `There is no file ${file}.`)
  }
  const secure = await firstOf(undefined, "OS_CLIENT_SECURE_FILE", "secure")
  for (const found of [main, secure]) {
    if (found === undefined) continue
    for (const [name, { source, values }] of await cloudsIn(found.text, found.path)) {
      const before = clouds.get(name)
      clouds.set(name, { source: before?.source ?? source, values: { ...before?.values, ...values } })
    }
  }
  return clouds
}

/** The first file that there is, where openstacksdk looks on Linux. */
async function firstOf(
  file: string | undefined,
  override: string,
  name: string,
): Promise<{ path: string; text: string } | undefined> {
  const home = homeDirectory() ?? "~"
  const user = environmentVariable("XDG_CONFIG_HOME") ?? `${home}/.config`
  const [site] = (environmentVariable("XDG_CONFIG_DIRS") ?? "/etc/xdg").split(":")
  const folders = [".", ...[user, `${home}/.config`, site, "/etc"].map((folder) => `${folder}/openstack`)]
  const named = environmentVariable(override)
  const usual = folders.flatMap((folder) => ["yaml", "yml", "json"].map((form) => `${folder}/${name}.${form}`))
  for (const path of file === undefined ? [...(named === undefined ? [] : [named]), ...usual] : [file]) {
    const text = await readTextFile(path)
    if (text !== undefined) return { path: path.replace(/^\.\//, ""), text }
  }
  return undefined
}

/**
 * The clouds of a clouds.yaml or secure.yaml, by name.
 *
 * @param path for messages; if it ends in .json, the text is JSON
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for another form, with the place and without the text
 */
export async function cloudsIn(text: string, path: string): Promise<Map<string, OsSettings>> {
  const file = path.endsWith(".json") ? parsedJson(text, path) : await parsedYaml(text, path)
  const refused = (place: string, problem: string): AuthError =>
    new AuthError("AUTH_INVALID_CREDENTIALS", `${path}: ${place} ${problem}.`)
  const membersOf = (value: unknown, place: string): string[] => {
    if (value === undefined || value === null || value === "") return []
    if (!isObject(value) || Array.isArray(value)) throw refused(place, "must hold names with values")
    return Object.keys(value)
  }
  membersOf(file[1], "it")
  const [typed, written] = file.map((reading) => memberAt(reading, "clouds"))
  const clouds = new Map<string, OsSettings>()
  for (const name of membersOf(written, "clouds")) {
    const at = (...keys: string[]): { value: unknown; plain: unknown; place: string } => ({
      value: memberAt(typed, name, ...keys) ?? undefined,
      plain: memberAt(written, name, ...keys),
      place: ["clouds", name, ...keys].join("."),
    })
    const read = (holder: readonly string[]) => {
      const { plain, place } = at(...holder)
      // Python's clients take project-id for project_id.
      const keys = new Map(membersOf(plain, place).map((key) => [key.replaceAll("-", "_"), key]))
      return valuesBy((key) => textOf(at(...holder, keys.get(key) ?? key), refused))
    }
    const [auth, beside] = [read(["auth"]), read([])]
    const twice = Object.entries(beside).find(([setting, value]) => (auth[setting as Setting] ?? value) !== value)
    if (twice !== undefined) {
      throw refused(`clouds.${name}`, `has two values of ${NAMES[twice[0] as Setting][0]}: in \`auth\` and beside it`)
    }
    clouds.set(name, { source: `The cloud ${JSON.stringify(name)} of ${path}`, values: { ...beside, ...auth } })
  }
  return clouds
}

/** Python reads `007` as 7 and Go as 007, so the author has to say which by quotes. */
function textOf(
  { value, plain, place }: { value: unknown; plain: unknown; place: string },
  refused: (place: string, problem: string) => AuthError,
): string | undefined {
  if (plain === undefined || value === undefined) return undefined
  if (typeof value === "string") return value
  if (isObject(plain)) throw refused(place, "must be a text")
  if (Number.isSafeInteger(value) && String(value) === plain) return plain
  throw refused(place, "is not a text to every client: put quotes around it")
}

/** A file with typed values, and the same file with all values as texts. */
type Readings = readonly [typed: unknown, written: unknown]

function parsedJson(text: string, path: string): Readings {
  try {
    const value: unknown = JSON.parse(text)
    return [value, JSON.parse(text, (_, member: unknown) => (isObject(member) ? member : String(member)))]
  } catch {
    throw new AuthError("AUTH_INVALID_CREDENTIALS", `${path} is malformed: it must be JSON.`)
  }
}

async function parsedYaml(text: string, path: string): Promise<Readings> {
  const { parseDocument } = await loadYaml(path)
  const read = (options: Parameters<typeof parseDocument>[1]): unknown => {
    const document = parseDocument(text, options)
    const [fault] = [...document.errors, ...document.warnings]
    // Its message quotes the text, which may be a secret.
    if (fault !== undefined) throw malformed(path, fault.linePos?.[0].line)
    try {
      return document.toJS()
    } catch {
      // Too many aliases, or one of a name that is not defined.
      throw malformed(path)
    }
  }
  // The first reading follows PyYAML.
  return [read({ version: "1.1" }), read({ schema: "failsafe", merge: true })]
}

function malformed(path: string, line?: number): AuthError {
  const place = line === undefined ? path : `${path}, line ${line},`
  return new AuthError("AUTH_INVALID_CREDENTIALS", `${place} is malformed: it must be YAML.`)
}

/** Held in a variable, so that no bundler looks for a package that few need. */
const YAML_PACKAGE = "yaml"

async function loadYaml(path: string): Promise<typeof import("yaml")> {
  try {
    return await import(/* webpackIgnore: true */ /* turbopackIgnore: true */ /* @vite-ignore */ YAML_PACKAGE)
  } catch (cause) {
    throw new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      `${path} cannot be read without the package "yaml": run \`npm install yaml\`, or write the file in JSON, with a name that ends in .json.`,
      { cause },
    )
  }
}

/** The parts of an access key that a login has. */
export function accessKeyOf({ values }: OsSettings): Partial<Credentials> {
  const key = {
    accessKeyId: values.accessKey,
    secretAccessKey: values.secretKey,
    securityToken: values.securityToken,
    projectId: values.projectId,
    domainId: values.domainId ?? values.userDomainId,
  }
  return Object.fromEntries(Object.entries(key).filter(([, value]) => value !== undefined))
}

/**
 * The origin of IAM in the address of a login.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` for anything but the address of Keystone's version 3; `AUTH_INSECURE_URL`
 */
export function iamOriginOf(
  { source, values: { authUrl } }: OsSettings,
  allowInsecure: boolean | undefined,
): string | undefined {
  if (authUrl === undefined) return undefined
  if (URL.canParse(authUrl) && /^https?:\/\/[^/?#@]+(?:\/v3)?\/?$/i.test(authUrl)) {
    return checkUrl(authUrl, `${source}: its auth_url`, allowInsecure === true ? isAnyHost : isLoopback).origin
  }
  throw new AuthError(
    "AUTH_INVALID_CREDENTIALS",
    `${source} has an auth_url of another form than https://iam.eu-de.otc.t-systems.com/v3.`,
  )
}

/**
 * The user of a login, with the account and the scope of the token, by the rules of openstackclient. Without a scope, it is the
 * user's account.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` when a name lacks the account in which it is looked up
 */
export function userOf({ source, values }: OsSettings): {
  user: NameOrId
  domain: NameOrId | undefined
  scope: TokenScope
} {
  const named = (id: string | undefined, name: string | undefined): NameOrId | undefined =>
    id === undefined ? name : { id }
  const lacks = (name: string, setting: string): AuthError =>
    new AuthError(
      "AUTH_INVALID_CREDENTIALS",
      `${source} names a ${name} without its account: set ${setting}, as a variable OS_${setting.toUpperCase()}.`,
    )
  const user = named(values.userId, values.user)
  const account = named(values.domainId, values.domain) ?? named(values.defaultDomain, undefined)
  const projectDomain = named(values.projectDomainId, values.projectDomain)
  const domain = named(values.userDomainId, values.userDomain) ?? account ?? projectDomain
  if (user === undefined || (typeof user === "string" && domain === undefined)) throw lacks("user", "user_domain_name")
  const project = named(values.projectId, values.project)
  const owner = (project === undefined ? undefined : projectDomain) ?? account ?? domain
  if (project !== undefined && (typeof project !== "string" || owner !== undefined)) {
    return { user, domain, scope: { project, domain: owner } }
  }
  if (owner === undefined) throw lacks(project === undefined ? "user" : "project", "project_domain_name")
  return { user, domain, scope: { domain: owner } }
}
