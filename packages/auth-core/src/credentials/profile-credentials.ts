import { AuthError, invalidOption } from "../errors/auth-error.ts"
import { checkIamOptions, type IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { ASK_AGAIN_MS, environmentVariable, homeDirectory, readTextFile } from "../runtime/environment.ts"
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

/**
 * Access keys from the profile file of the official SDKs, an INI file with the sections [basic] and [global] and the
 * keys ak, sk, security_token, project_id, domain_id, idp_id, id_token_file and iam_endpoint. If idp_id and
 * id_token_file are both set, they win over ak and sk. A section inherits the keys of [DEFAULT], as in the SDK for
 * Python. For Node.js, Bun and Deno.
 *
 * A value counts if the official SDKs for Python and Go read it in the same way. If they differ, as for quotes around it or a
 * comment after it, the file is refused.
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

/** A profile file, as the official SDKs read it. */
export interface Profile {
  /** Whether an SDK finds the section. */
  has(section: string): boolean
  /**
   * The values of a section by key, without empty ones; `undefined` if there is no such section.
   *
   * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` with the line and the reason, when no SDK reads the file, or two read it
   * differently. The message does not show the line.
   */
  section(name: string): ReadonlyMap<string, string> | undefined
}

interface Value {
  readonly text: string
  readonly line: number
}

type Values = Map<string, Value>

/** The first thing that an SDK refuses. */
interface Fault {
  readonly line: number
  readonly problem: string
  /** A name appears twice. One SDK takes the last value, which may not be the one that was meant. */
  readonly repeats?: boolean
}

/** A file as one SDK reads it. */
interface Reading {
  readonly sections: ReadonlyMap<string, Values>
  readonly fault: Fault | undefined
}

/** Either pair makes a key. */
const PAIRS = [
  ["ak", "sk"],
  ["idp_id", "id_token_file"],
]

const KEYS = [...PAIRS.flat(), "security_token", "project_id", "domain_id", "iam_endpoint"]

/**
 * Parses the profile file as the official SDKs for Python (`configparser`) and for Go (`ini.v1`) do. If only one of them reads
 * the section, its values count. The file is refused if the two read different values, and for a reference such as `%(ak)s`,
 * a name that appears twice, and a value of several lines. A section inherits the keys of [DEFAULT], as in Python.
 *
 * Exported for tests with the forms of many files, and with random ones.
 *
 * INI parsers on npm accept any line and turn an unreadable one into a key. With them, half a file would pass as a shorter
 * access key.
 *
 * @param path for messages
 */
export function parseProfile(text: string, path: string): Profile {
  const readings = [readAsPython(text), readAsGo(text)] as const
  const refused = ({ line, problem }: Fault): AuthError =>
    new AuthError("AUTH_INVALID_CREDENTIALS", `${path}, line ${line}: ${problem}.`)
  return {
    has: (name) => readings.some(({ sections, fault }) => fault === undefined && sections.has(name)),
    section(name) {
      const read = [pythonValues(readings[0], name), inherited(readings[1], name)]
      const faults = [...readings.map(({ fault }) => fault), ...read.filter(isFault)].filter(
        (fault) => fault !== undefined,
      )
      const fault = faults.find(({ repeats }) => repeats) ?? faults[0]
      if (fault?.repeats) throw refused(fault)
      const readable = read.filter((values) => values instanceof Map)
      const complete = readable.filter(hasKey)
      if (fault !== undefined && complete.length === 0) throw refused(fault)
      const [first, second = first] = complete.length > 0 ? complete : readable
      if (first === undefined || second === undefined) return undefined
      const values = new Map<string, string>()
      for (const key of KEYS) {
        const [one, other] = [first.get(key), second.get(key)]
        const problem = problemOf(one?.text ?? "", other?.text ?? "")
        if (problem !== undefined) throw refused({ line: (one ?? other)?.line ?? 0, problem: `\`${key}\` ${problem}` })
        if (one !== undefined && one.text !== "") values.set(key, one.text)
      }
      return values
    },
  }
}

function isFault(read: Values | Fault | undefined): read is Fault {
  return read !== undefined && "problem" in read
}

function hasKey(values: Values): boolean {
  return PAIRS.some((pair) => pair.every((key) => values.get(key)?.text))
}

/** The reason to refuse a value that Python reads in one form, and Go in another. */
function problemOf(python: string, go: string): string | undefined {
  if (/%\([^)]*\)s/.test(python)) return "refers to another key: write its value"
  if (/^[#;]\s/.test(python)) return "has a comment in place of a value"
  if (python === go) return python.includes("\n") ? "has several lines: write it on one line" : undefined
  if (/^\s*["'`]/.test(python))
    return "has quotes around it. The SDK for Python keeps them, the SDK for Go does not: remove them"
  if (/[#;]/.test(python))
    return "has a # or ;. The SDK for Go takes the rest for a comment, the SDK for Python does not: put a comment on a line of its own"
  if (/%/.test(go)) return "has %%. The SDK for Python reads one %, the SDK for Go reads two: use a value without %"
  if (python.endsWith("\\"))
    return "ends with \\. The SDK for Go joins the next line to it, the SDK for Python does not: write it on one line"
  return "is read differently by the SDKs for Python and Go: begin each key at the start of its line"
}

/** Python's `strip` and Go's `TrimSpace`. JavaScript's `trim` leaves U+0085. */
function strip(text: string): string {
  const isBlank = (place: number): boolean => /[\s\x85]/.test(text.charAt(place))
  let [start, end] = [0, text.length]
  while (isBlank(start)) start += 1
  while (end > start && isBlank(end - 1)) end -= 1
  return text.slice(start, end)
}

/** The name of `[section] ...`, which ends at the last bracket. */
function sectionName(content: string): string | undefined {
  return /^\[(.+)\]/.exec(content)?.[1]
}

const NO_FORM = "neither [section] nor `key = value` nor a comment"

/** As `configparser` does: a line with a deeper indent continues the value before it, even after blank lines. */
function readAsPython(text: string): Reading {
  const sections = new Map<string, Values>()
  let values: Values | undefined
  let current: { key: string; indent: number } | undefined
  let indent = 0
  let unreadable: Fault | undefined
  const fault = (line: number, problem: string, repeats = false): Reading => ({
    sections,
    fault: { line, problem, repeats },
  })
  for (const [index, raw] of text.split(/\r\n|\n|\r/).entries()) {
    const line = index + 1
    const content = strip(raw)
    if (/^[#;]/.test(content)) continue
    const own = raw.search(/[^\s\x85]/)
    if (current !== undefined && values !== undefined && (content === "" || own > indent)) {
      const { text = "", line: begun = line } = values.get(current.key) ?? {}
      values.set(current.key, { text: `${text}\n${content}`, line: begun })
      continue
    }
    if (content === "") continue
    indent = own
    const name = sectionName(content)
    if (name !== undefined) {
      current = undefined
      if (sections.has(name) && name !== "DEFAULT") return fault(line, "this section appears a second time", true)
      values = sections.get(name) ?? new Map()
      sections.set(name, values)
      continue
    }
    if (values === undefined) return fault(line, content.includes("=") ? "a key before the first [section]" : NO_FORM)
    const [, key = "", value] = /^([^=:]*)[=:](.*)$/s.exec(content) ?? []
    if (value === undefined || key === "") {
      unreadable ??= { line, problem: NO_FORM }
      continue
    }
    const lower = strip(key).toLowerCase()
    if (values.has(lower)) return fault(line, "this key appears a second time in its section", true)
    values.set(lower, { text: strip(value), line })
    current = { key: lower, indent }
  }
  for (const section of sections.values()) {
    for (const [key, { text, line }] of section) section.set(key, { text: strip(text), line })
  }
  return { sections, fault: unreadable }
}

/** Its values, with `%%` as `%`. One faulty `%` spoils the section. */
function pythonValues(reading: Reading, name: string): Values | Fault | undefined {
  const values = inherited(reading, name)
  if (values === undefined) return undefined
  const faulty = [...values.values()].find(({ text }) => /%(?:$|[^%(])|%\((?!\w+\)s)/.test(text.replaceAll("%%", "")))
  if (faulty !== undefined) return { line: faulty.line, problem: "a `%` must be doubled for the SDK for Python" }
  return new Map([...values].map(([key, { text, line }]) => [key, { text: text.replaceAll("%%", "%"), line }]))
}

/** As `ini.v1` does: names count exactly, and values lose quotes and comments. */
function readAsGo(text: string): Reading {
  const sections = new Map<string, Values>()
  let values: Values = new Map()
  const lines = text.split("\n")
  const fault = (line: number): Reading => ({ sections, fault: { line, problem: NO_FORM } })
  for (let index = 0; index < lines.length; index++) {
    const line = index + 1
    const content = strip(lines[index] ?? "")
    if (content === "" || /^[#;]/.test(content)) continue
    const name = sectionName(content)
    if (name !== undefined) {
      values = sections.get(name) ?? new Map()
      sections.set(name, values)
      continue
    }
    const [, key = "", value = ""] = /^([^=:]+)[=:](.*)$/s.exec(content) ?? []
    if (key === "" || content.startsWith("[")) return fault(line)
    const parts = [strip(value)]
    const isQuoted = /^["`]/.test(parts[0] ?? "")
    while (!isQuoted && parts.at(-1)?.endsWith("\\")) {
      parts.push(parts.pop()?.slice(0, -1) ?? "", strip(lines[++index] ?? ""))
    }
    values.set(strip(key), { text: goText(parts.join("")), line })
  }
  return { sections, fault: undefined }
}

function goText(text: string): string {
  // Without a closing mark the value continues on the next lines. Python's value then differs.
  if (/^(?:`|""".)/s.test(text)) return /^(`|""")(.*)\1/s.exec(text)?.[2] ?? `${text}\n`
  const bare = strip(text.replace(/[#;].*$/s, ""))
  return /^(["'])(?:(?!\1).)*\1$/s.test(bare) ? bare.slice(1, -1) : bare
}

function inherited({ sections, fault }: Reading, name: string): Values | undefined {
  const own = sections.get(name)
  return own === undefined || fault !== undefined || name === "DEFAULT"
    ? undefined
    : new Map([...(sections.get("DEFAULT") ?? []), ...own])
}
