import type { Credentials } from "@countersign/auth-core"
import { Command, Option } from "commander"
import { type AccessKeyOptions, addAccessKeyOptions } from "../command-options.ts"
import { CREDENTIAL_FORMATS, type CredentialFormat, formatCredentials } from "../format-credentials.ts"
import { accessKeyOf } from "../identity.ts"
import { isTerminal, maySecretsShow, note, print, printJson, table, withProgress } from "../terminal.ts"
import { createTransport } from "../transport.ts"
import { importCommand } from "./import.ts"

interface CredentialsOptions extends AccessKeyOptions {
  readonly format?: CredentialFormat | undefined
  readonly showSecrets?: boolean | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ eval "$(countersign credentials --agency partner-agency --agency-domain customer-1-account)"
  $ countersign credentials --format ini --section basic > credentials
  $ countersign credentials import ~/Downloads/credentials.csv`

/** The access key that the chain yields, to feed other programs. */
export function credentialsCommand(): Command {
  return addAccessKeyOptions(new Command("credentials"))
    .description("Write the access key in use, to feed other programs.")
    .addOption(new Option("--format <format>", "env, which is the default, for a shell").choices(CREDENTIAL_FORMATS))
    .option("--show-secrets", "show the secrets on a terminal too")
    .option("--json", "the same as --format json")
    .addHelpText("after", EXAMPLE)
    .addCommand(importCommand())
    .action(async (_: unknown, self: Command) => credentials(self.optsWithGlobals()))
}

async function credentials(options: CredentialsOptions): Promise<void> {
  const transport = await createTransport()
  try {
    const found = await withProgress("Looking for an access key", () => accessKeyOf(options, transport))
    const mayShow = maySecretsShow(options.showSecrets)
    const shown = mayShow ? found.credentials : hidden(found.credentials)
    const format = options.format ?? (options.json === true ? "json" : undefined)
    if (format === "json") printJson({ ...shown, source: found.source })
    else if (format !== undefined || !isTerminal() || options.showSecrets === true) {
      print(formatCredentials(shown, format ?? "env"))
    } else {
      const rows = Object.entries({ ...shown, source: found.source })
      print(table(rows.flatMap(([name, value]) => (value === undefined ? [] : [[name, textOf(name, value)]]))))
    }
    if (!mayShow) note("The secrets are hidden on a terminal: pipe the output, or add --show-secrets.")
  } finally {
    await transport.close()
  }
}

function hidden(credentials: Credentials): Credentials {
  const { securityToken } = credentials
  return {
    ...credentials,
    secretAccessKey: "[hidden]",
    ...(securityToken === undefined ? {} : { securityToken: "[hidden]" }),
  }
}

function textOf(name: string, value: string | number): string {
  return name === "expiresAt" ? new Date(value).toISOString() : String(value)
}
