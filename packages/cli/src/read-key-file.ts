import { parseEnv } from "node:util"
import { type Credentials, isAuthError } from "@countersign/auth-core"
import {
  accessKeyOf,
  cloudsIn,
  hcloudProfiles,
  iamOriginOf,
  isSecretKeyLike,
  type OsSettings,
  settingsOfVariables,
} from "@countersign/auth-core/adapter"
import { otherCloudOf } from "@countersign/auth-core/explain"
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
  /** Called for the chosen entry alone, since it may throw. */
  readonly values: () => { readonly [Part in keyof Credentials]?: Credentials[Part] | undefined }
  /** Why it may have no key. */
  readonly lack?: string | undefined
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
      `${name} does not look like a credentials.csv, KooCLI's config, a clouds.yaml or an openrc. If it is one of them, say which with --from.`,
    )
  }
  try {
    const chosen = choose(await READERS[format](text, name), entry, name)
    return { credentials: checkedKey(chosen, name), format, entry: chosen.name === "" ? undefined : chosen.name }
  } catch (error) {
    // The file is an argument.
    throw isAuthError(error) ? refused(error.message) : error
  }
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
      values: () => ({ accessKeyId: record["access key id"], secretAccessKey: record["secret access key"] }),
    }))
  },
  async koocli(text, name) {
    const { profiles, current } = hcloudProfiles(text, name)
    const entries = profiles.map(({ name, key, otherMode }) => ({
      name,
      values: () => (otherMode === undefined ? key : {}),
      lack: otherMode === undefined ? undefined : `in the mode ${otherMode}, KooCLI gets one elsewhere`,
    }))
    // The current profile is the one that KooCLI would use.
    const used = entries.filter((entry) => entry.name === current)
    return used.length > 0 ? [...used, ...entries.filter((entry) => entry.name !== current)] : entries
  },
  async clouds(text, name) {
    const clouds = await cloudsIn(text, name)
    return [...clouds].map(([cloud, settings]) => openStackEntry(cloud, settings))
  },
  async openrc(text) {
    const read = parseEnv(text)
    // A script may ask for a value, or take it from another variable.
    const settings = settingsOfVariables((name) => (read[name]?.startsWith("$") === true ? undefined : read[name]))
    return [openStackEntry("", settings)]
  },
}

function openStackEntry(name: string, settings: OsSettings): Entry {
  const { user = settings.values.userId } = settings.values
  return {
    name,
    // Plain http is refused when the key is used.
    values: () => ({ ...accessKeyOf(settings), iamEndpoint: iamOriginOf(settings, true) }),
    lack:
      user === undefined
        ? undefined
        : `it logs in ${user} by password, which a profile cannot hold. Use \`countersign token --user ${user}\``,
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

function checkedKey({ values: read, lack }: Entry, file: string): Credentials {
  const values = read()
  const { accessKeyId, secretAccessKey } = values
  if (accessKeyId === undefined || secretAccessKey === undefined || accessKeyId === "" || secretAccessKey === "") {
    const missing = accessKeyId === undefined || accessKeyId === "" ? "access key id" : "secret access key"
    throw refused(`${file} has no ${missing}${lack === undefined ? "" : `: ${lack}`}.`)
  }
  const cloud = otherCloudOf(accessKeyId)
  if (cloud !== undefined) throw refused(`${file} holds an access key of ${cloud}, which Huawei Cloud does not know.`)
  if (isPlaceholder(accessKeyId) || isPlaceholder(secretAccessKey)) {
    throw refused(`${file} holds a placeholder instead of an access key.`)
  }
  if (isSecretKeyLike(accessKeyId)) {
    throw refused(
      `${file} has an access key id of ${accessKeyId.length} characters, as a secret access key has: the two are likely swapped.`,
    )
  }
  const more = Object.entries(values).filter(([, value]) => value !== undefined && value !== "")
  return { ...Object.fromEntries(more), accessKeyId, secretAccessKey }
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
