import { Command, Option } from "commander"
import { CommandError, EXIT_CODES } from "../exit-code.ts"
import { type FoundKey, IMPORT_FORMATS, type ImportFormat, readKeyFile } from "../read-key-file.ts"
import { shownAccessKeyId } from "../shown-access-key.ts"
import { note, print, printJson } from "../terminal.ts"
import { defaultProfileFile, writeProfile } from "../write-profile.ts"

interface ImportOptions {
  readonly profileFile?: string | undefined
  readonly section: string
  readonly from?: ImportFormat | undefined
  readonly entry?: string | undefined
  readonly force?: boolean | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ countersign credentials import ~/Downloads/credentials.csv
  $ countersign credentials import ~/.hcloud/config.json --entry default --section global
  $ countersign credentials import clouds.yaml --entry otc`

/** Writes the access key of another tool's file into a profile. */
export function importCommand(): Command {
  return new Command("import")
    .description("Write the access key of another file into a profile: credentials.csv, KooCLI, clouds.yaml, openrc.")
    .argument("<file>", "the file to read; - is standard input")
    .addOption(new Option("--from <format>", "default: by the content").choices(IMPORT_FORMATS))
    .option("--entry <name>", "the user, KooCLI profile or cloud, where the file has several")
    .option(
      "--profile-file <file>",
      "write this file (default: HUAWEICLOUD_SDK_CREDENTIALS_FILE, else ~/.huaweicloud/credentials)",
    )
    .option("--section <name>", "write this section", "basic")
    .option("--force", "replace the section if it is there")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (file: string, _: unknown, self: Command) => importFile(file, self.optsWithGlobals()))
}

async function importFile(source: string, options: ImportOptions): Promise<void> {
  const { from, entry, section } = options
  if (!/^[\w.-]+$/.test(section) || section === "DEFAULT") {
    throw new CommandError(
      EXIT_CODES.usage,
      "--section must be letters, digits, dots, hyphens or underscores, and not DEFAULT.",
    )
  }
  const found: FoundKey = await readKeyFile(source, from, entry)
  const file = options.profileFile ?? defaultProfileFile()
  await writeProfile(file, section, found.credentials, (question) => mayReplace(question, options.force))
  const accessKeyId = shownAccessKeyId(found.credentials.accessKeyId)
  if (options.json === true) printJson({ file, section, accessKeyId, format: found.format, entry: found.entry })
  else print(`Wrote the access key ${accessKeyId} to section [${section}] of ${file}.`)
  if (section !== "basic" && section !== "global") {
    note(`Programs read it with \`profileCredentials({ section: "${section}" })\`, commands with --section ${section}.`)
  }
}

/** Asks in a terminal; elsewhere nobody could answer. */
async function mayReplace(question: string, force: boolean | undefined): Promise<boolean> {
  if (force === true) return true
  if (process.stdin.isTTY !== true || process.stderr.isTTY !== true) return false
  const { confirm } = await import("@clack/prompts")
  return (await confirm({ message: question, output: process.stderr, initialValue: false })) === true
}
