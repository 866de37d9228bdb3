import { Command } from "commander"
import { addIdentityOptions, type IdentityOptions } from "../command-options.ts"
import { type Identity, identityOf } from "../identity.ts"
import { withOptionNames } from "../option-names.ts"
import { shownAccessKeyId } from "../shown-access-key.ts"
import { note, print, printJson, table, withProgress } from "../terminal.ts"
import { createTransport } from "../transport.ts"
import { type NamedId, whoAmI } from "../who-am-i.ts"

interface WhoamiOptions extends IdentityOptions {
  readonly json?: boolean | undefined
}

const EXAMPLE = `
Examples:
  $ countersign whoami --region ap-southeast-1
  $ countersign token --user partner-operator --domain partner-account | countersign whoami --token-file -`

/** Account, user or agency, expiry, and where the credential comes from. Never shows a secret. */
export function whoamiCommand(): Command {
  return addIdentityOptions(new Command("whoami"))
    .description("Tell whose credential is in use: account, user or agency, expiry, source.")
    .option("--json", "print JSON")
    .addHelpText("after", EXAMPLE)
    .action(async (_: unknown, self: Command) => whoami(self))
}

async function whoami(command: Command): Promise<void> {
  const options: WhoamiOptions = command.optsWithGlobals()
  const transport = await createTransport()
  try {
    const identity = await withProgress("Looking for a credential", () => identityOf(options, transport))
    const { notes, ...who } = await withProgress("Asking IAM", () => whoAmI(identity, options, transport))
    const known = credentialFacts(identity)
    const { expires = null } = { ...known, ...(who.expires !== undefined && { expires: who.expires }) }
    const { expiry, ...others } = known
    if (options.json === true) {
      const unknown = expires === null ? [`The credential names no end: ${expiry}.`] : []
      printJson({ ...who, ...others, expires, notes: [...notes, ...unknown] })
    } else {
      const facts = { ...who, ...others, expires: expires ?? expiry }
      const rows = Object.entries(facts).flatMap(([name, value]) =>
        value === undefined ? [] : [[name, typeof value === "string" ? value : labelOf(value)]],
      )
      print(table(rows))
      for (const text of notes) note(withOptionNames(text, command))
    }
  } finally {
    await transport.close()
  }
}

/** The facts that nobody needs to be asked about. */
export function credentialFacts(identity: Identity): {
  readonly accessKeyId?: string
  /** ISO 8601. */
  readonly expires?: string
  /** The same in words. */
  readonly expiry: string
  readonly source: string
} {
  const { source } = identity
  if (identity.kind === "token") {
    const { token, isExpiryKnown } = identity
    return { ...endOf(isExpiryKnown ? token.expiresAt : undefined, "unknown, a raw token"), source }
  }
  const { expiresAt } = identity.credentials
  const accessKeyId = shownAccessKeyId(identity.credentials.accessKeyId)
  const isTemporary = identity.credentials.securityToken !== undefined
  const unknown = isTemporary ? "unknown, a temporary key" : "never, a permanent key"
  return { accessKeyId, ...endOf(expiresAt, unknown), source }
}

function endOf(time: number | undefined, unknown: string): { readonly expires?: string; readonly expiry: string } {
  if (time === undefined) return { expiry: unknown }
  const expires = new Date(time).toISOString()
  return { expires, expiry: expires }
}

export function labelOf({ id, name }: NamedId): string {
  return name === undefined ? id : `${name} (${id})`
}
