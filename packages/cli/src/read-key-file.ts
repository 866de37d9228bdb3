import { parseEnv } from "node:util"
import type { Credentials } from "@countersign/auth-core"
import { listAt, memberAt, textAt } from "@countersign/auth-core/adapter"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { isPlaceholder } from "./is-placeholder.ts"
import { inputName, readInput } from "./read-secret.ts"

export const IMPORT_FORMATS = ["csv", "koocli", "clouds", "openrc"] as const
export type ImportFormat = (typeof IMPORT_FORMATS)[number]

/** An access key of another tool's file. */
export interface FoundKey {
  readonly credentials: Credentials
  readonly format: ImportFormat
  /** Its user, profile or cloud. */
  readonly entry: string | undefined
}

interface Entry {
  readonly name: string
  readonly values: Partial<Record<keyof Credentials, string | undefined>>
  /** A user that logs in by password instead. */
  readonly user?: string | undefined
}

/**
 * Reads the access key of a file: the console's credentials.csv, KooCLI's config.json, OpenStack's clouds.yaml or an
 * openrc script.
 *
 * @param from by default the content tells
 * @param entry the one to take, where there are several
 */
export async function readKeyFile(
  file: string,
  from: ImportFormat | undefined,
  entry: string | undefined,
): Promise<FoundKey> {
  const name = inputName(file)
  const text = (await readInput(file)).replace(/^\uFEFF/, "")
  const format = from ?? formatOf(text)
  if (format === undefined) {
    throw refused(
      `${name} is neither a credentials.csv, KooCLI's config, a clouds.yaml nor an openrc. Say which with --from.`,
    )
  }
  const entries = await READERS[format](text, name)
  const chosen = choose(entries, entry, name)
  return { credentials: checkedKey(chosen, name), format, entry: chosen.name === "" ? undefined : chosen.name }
}

function formatOf(text: string): ImportFormat | undefined {
  if (/^\s*\{/.test(text)) return "koocli"
  if (/^clouds\s*:/m.test(text)) return "clouds"
  if (/^\s*(?:export\s+)?OS_\w+=/m.test(text)) return "openrc"
  return /access key id/i.test(text.split(/[\r\n]/, 1)[0] ?? "") ? "csv" : undefined
}

const READERS: Readonly<Record<ImportFormat, (text: string, name: string) => Promise<Entry[]>>> = {
  async csv(text, name) {
    const { parse } = await import("csv-parse/sync")
    const records: Record<string, string>[] = parsedBy(name, () =>
      parse(text, {
        columns: (names: string[]) => names.map((heading) => heading.trim().toLowerCase()),
        trim: true,
        skip_empty_lines: true,
        relax_column_count: true,
      }),
    )
    return records.map((record) => ({
      name: record["user name"] ?? record["user id"] ?? "",
      values: { accessKeyId: record["access key id"], secretAccessKey: record["secret access key"] },
    }))
  },
  async koocli(text, name) {
    const config: unknown = parsedBy(name, () => JSON.parse(text))
    if (String(memberAt(config, "authEncrypt")) === "true") {
      throw refused(
        `${name} is encrypted, and only KooCLI can read it. \`hcloud configure set --cli-auth-encrypt=false\` writes it in clear, for all profiles.`,
      )
    }
    const current = textAt(config, "current")
    const profiles = listAt(config, "profiles").map(koocliEntry)
    // The current profile is the one that KooCLI would use.
    const used = profiles.filter((profile) => profile.name === current)
    return used.length > 0 ? [...used, ...profiles.filter((profile) => profile.name !== current)] : profiles
  },
  async clouds(text, name) {
    const { parse } = await import("yaml")
    const clouds = memberAt(
      parsedBy<unknown>(name, () => parse(text)),
      "clouds",
    )
    return Object.entries(typeof clouds === "object" && clouds !== null ? clouds : {}).map(([cloud, settings]) => {
      const auth = memberAt(settings, "auth")
      return {
        name: cloud,
        user: textAt(auth, "username") ?? textAt(auth, "user_id"),
        values: {
          accessKeyId: textAt(auth, "access_key") ?? textAt(auth, "ak"),
          secretAccessKey: textAt(auth, "secret_key") ?? textAt(auth, "sk"),
          securityToken: textAt(auth, "security_token"),
          projectId: textAt(auth, "project_id"),
          domainId: textAt(auth, "domain_id") ?? textAt(auth, "user_domain_id"),
          iamEndpoint: originOf(textAt(auth, "auth_url")),
        },
      }
    })
  },
  async openrc(text) {
    const read = parseEnv(text)
    const value = (...names: string[]): string | undefined =>
      names.map((name) => read[name]).find((found) => found !== undefined && found !== "" && !found.startsWith("$"))
    return [
      {
        name: "",
        user: value("OS_USERNAME", "OS_USER_NAME", "OS_USER_ID"),
        values: {
          accessKeyId: value("OS_ACCESS_KEY"),
          secretAccessKey: value("OS_SECRET_KEY"),
          securityToken: value("OS_SECURITY_TOKEN"),
          projectId: value("OS_PROJECT_ID", "OS_TENANT_ID"),
          domainId: value("OS_DOMAIN_ID", "OS_USER_DOMAIN_ID"),
          iamEndpoint: originOf(value("OS_AUTH_URL")),
        },
      },
    ]
  },
}

/** A profile of KooCLI, by key or by single sign-on. */
function koocliEntry(profile: unknown): Entry {
  const sso = memberAt(profile, "ssoAuth", "stsToken")
  // KooCLI writes empty members for the kinds that a profile does not use.
  const key = textAt(sso, "accessKeyId") === undefined ? profile : sso
  return {
    name: textAt(profile, "name") ?? "",
    values: {
      accessKeyId: textAt(key, "accessKeyId"),
      secretAccessKey: textAt(key, "secretAccessKey"),
      securityToken: textAt(key, "securityToken"),
      projectId: textAt(profile, "projectId"),
      domainId: textAt(profile, "domainId"),
    },
  }
}

/** The named one, else the only one; of KooCLI's the current one, which comes first. */
function choose(entries: readonly Entry[], name: string | undefined, file: string): Entry {
  const named = name === undefined ? entries : entries.filter((each) => each.name === name)
  const [first, ...others] = named
  const names = entries.map((each) => each.name).join(", ")
  if (first === undefined) {
    throw refused(entries.length === 0 ? `${file} has no entry.` : `${file} has no entry ${name}, only: ${names}.`)
  }
  if (others.length > 0) throw refused(`${file} has several entries: ${names}. Choose one with --entry.`)
  return first
}

/** The beginnings of other clouds' access keys. */
const OTHER_CLOUDS: readonly (readonly [form: RegExp, cloud: string])[] = [
  [/^A(?:KIA|SIA)[A-Z\d]{16}$/, "AWS"],
  [/^LTAI/, "Alibaba Cloud"],
  [/^AKID/, "Tencent Cloud"],
]

function checkedKey({ values, user }: Entry, file: string): Credentials {
  const { accessKeyId, secretAccessKey } = values
  if (accessKeyId === undefined || secretAccessKey === undefined || accessKeyId === "" || secretAccessKey === "") {
    const missing = accessKeyId === undefined || accessKeyId === "" ? "access key id" : "secret access key"
    throw refused(
      user === undefined
        ? `${file} has no ${missing}.`
        : `${file} has no ${missing}: it logs in ${user} by password, which a profile cannot hold. Use \`countersign token --user ${user}\`.`,
    )
  }
  const cloud = OTHER_CLOUDS.find(([form]) => form.test(accessKeyId))?.[1]
  if (cloud !== undefined) throw refused(`${file} holds an access key of ${cloud}, which Huawei Cloud does not know.`)
  if (isPlaceholder(accessKeyId) || isPlaceholder(secretAccessKey)) {
    throw refused(`${file} holds a placeholder instead of an access key.`)
  }
  const more = Object.entries(values).filter(([, value]) => value !== undefined && value !== "")
  return { ...Object.fromEntries(more), accessKeyId, secretAccessKey }
}

function originOf(url: string | undefined): string | undefined {
  return url !== undefined && URL.canParse(url) ? new URL(url).origin : undefined
}

/** Parsers quote the text that they do not understand, which may be a secret, so only the fact is told. */
function parsedBy<T>(name: string, parse: () => T): T {
  try {
    return parse()
  } catch {
    throw refused(`${name} is malformed.`)
  }
}

function refused(message: string): CommandError {
  return new CommandError(EXIT_CODES.usage, message)
}
