import {
  agencyToken,
  federatedToken,
  passwordToken,
  secretFile,
  type Token,
  type TokenProvider,
  type TokenScope,
} from "@countersign/auth-core"
import { Command } from "commander"
import { addReachOptions, type ReachOptions } from "../command-options.ts"
import { CommandError, EXIT_CODES } from "../exit-code.ts"
import { iamOptionsOf, nameOrId } from "../identity.ts"
import { readSecret } from "../read-secret.ts"
import { isTerminal, maySecretsShow, note, print, printJson, table, withProgress } from "../terminal.ts"
import { createTransport, type Transport } from "../transport.ts"

interface TokenOptions extends ReachOptions {
  readonly user?: string | undefined
  readonly domain?: string | undefined
  readonly project?: string | undefined
  readonly passwordFile?: string | undefined
  readonly mfa?: boolean | undefined
  readonly passcodeFile?: string | undefined
  readonly agency?: string | undefined
  readonly agencyDomain?: string | undefined
  readonly idp?: string | undefined
  readonly idTokenFile?: string | undefined
  readonly showSecrets?: boolean | undefined
  readonly json?: boolean | undefined
}

const EXAMPLE = `
The password comes from COUNTERSIGN_PASSWORD, from --password-file, or from a hidden prompt.

Examples:
  $ countersign token --user partner-operator --domain partner-account > token
  $ countersign token --user partner-operator --domain partner-account \\
      --agency partner-agency --agency-domain customer-1-account --json`

/** An IAM token: of a user by password, through an agency, or for an id token. */
export function tokenCommand(): Command {
  const command = new Command("token")
    .description("Get an IAM token.")
    .option("--user <name>", "IAM user, by name or id (default: COUNTERSIGN_USER)")
    .option("--domain <account>", "account of the user, by name or id (default: COUNTERSIGN_DOMAIN)")
    .option("--project <name>", "scope: a project, by name or id (default: the account)")
    .option("--password-file <file>", "read the password from a file, - for standard input")
    .option(
      "--mfa",
      "the user, given by id, has a virtual MFA device: take its code from COUNTERSIGN_PASSCODE or a prompt",
    )
    .option("--passcode-file <file>", "read the code of the MFA device from a file, - for standard input")
    .option("--agency <name>", "act for another account through its agency")
    .option("--agency-domain <account>", "the account that has the agency, by name or id")
    .option("--idp <id>", "identity provider, instead of a user (default: HUAWEICLOUD_SDK_IDP_ID)")
    .option("--id-token-file <file>", "the id token (default: HUAWEICLOUD_SDK_ID_TOKEN_FILE)")
  return addReachOptions(command)
    .option("--show-secrets", "show the token on a terminal too")
    .option("--json", "print JSON with the expiry")
    .addHelpText("after", EXAMPLE)
    .action(async (_: unknown, self: Command) => token(self.optsWithGlobals()))
}

async function token(options: TokenOptions): Promise<void> {
  const transport = await createTransport()
  try {
    const provider = await tokenProviderOf(options, transport)
    show(await withProgress("Asking IAM for a token", () => provider()), options)
  } finally {
    await transport.close()
  }
}

async function tokenProviderOf(options: TokenOptions, transport: Transport): Promise<TokenProvider> {
  const { agency, agencyDomain, project } = options
  const iam = iamOptionsOf(options, transport)
  if (agency === undefined) {
    if (agencyDomain !== undefined) throw new CommandError(EXIT_CODES.usage, "--agency-domain needs --agency.")
    return await ownToken(options, project === undefined ? undefined : { project: nameOrId(project) }, transport)
  }
  if (agencyDomain === undefined) {
    throw new CommandError(EXIT_CODES.usage, "--agency needs --agency-domain: the account that has the agency.")
  }
  const domain = nameOrId(agencyDomain)
  const scope = project === undefined ? undefined : { project: nameOrId(project), domain }
  return agencyToken({ ...iam, via: await ownToken(options, undefined, transport), agency, domain, scope })
}

/** The token of the user or of the identity provider. @param scope by default its account */
async function ownToken(
  options: TokenOptions,
  scope: TokenScope | undefined,
  transport: Transport,
): Promise<TokenProvider> {
  const iam = iamOptionsOf(options, transport)
  const user = options.user ?? process.env.COUNTERSIGN_USER
  const domain = options.domain ?? process.env.COUNTERSIGN_DOMAIN
  const idpId = options.idp ?? (user === undefined ? process.env.HUAWEICLOUD_SDK_IDP_ID : undefined)
  if (idpId !== undefined) return federated(idpId, options, scope, transport)
  if (user === undefined) {
    throw new CommandError(
      EXIT_CODES.usage,
      "Whose token? Pass --user and --domain, or --idp with --id-token-file. IAM gives no token for an access key.",
    )
  }
  const owner = domain === undefined ? undefined : nameOrId(domain)
  const whole = scope ?? (owner === undefined ? undefined : { domain: owner })
  if (whole === undefined) throw new CommandError(EXIT_CODES.usage, "--user needs --domain: the account of the user.")
  const hasDevice = options.mfa === true || options.passcodeFile !== undefined
  if (hasDevice && typeof nameOrId(user) === "string") {
    throw new CommandError(EXIT_CODES.usage, `--mfa needs the id of ${user} as --user: with a code, IAM takes no name.`)
  }
  const password = await readSecret({
    what: `The password of ${user}`,
    variable: "COUNTERSIGN_PASSWORD",
    file: options.passwordFile,
    option: "--password-file",
  })
  const passcode = hasDevice
    ? await readSecret({
        what: `The MFA code of ${user}`,
        variable: "COUNTERSIGN_PASSCODE",
        file: options.passcodeFile,
        option: "--passcode-file",
      })
    : undefined
  return passwordToken({ ...iam, user: nameOrId(user), password, domain: owner, scope: whole, passcode })
}

function federated(
  idpId: string,
  options: TokenOptions,
  scope: TokenScope | undefined,
  transport: Transport,
): TokenProvider {
  const file = options.idTokenFile ?? process.env.HUAWEICLOUD_SDK_ID_TOKEN_FILE
  if (file === undefined) throw new CommandError(EXIT_CODES.usage, "--idp needs --id-token-file.")
  return federatedToken({ ...iamOptionsOf(options, transport), idpId, idToken: secretFile(file), scope })
}

function show({ value, issuedAt, expiresAt, projectId, domainId }: Token, options: TokenOptions): void {
  const mayShow = maySecretsShow(options.showSecrets)
  const expires = new Date(expiresAt).toISOString()
  if (options.json === true) {
    printJson({ value: mayShow ? value : "[hidden]", issuedAt, expiresAt, expires, projectId, domainId })
  } else if (!isTerminal() || options.showSecrets === true) {
    print(value)
  } else {
    const facts: [string, string | undefined][] = [
      ["token", `[hidden], ${value.length} characters`],
      ["expires", expires],
      ["account", domainId],
      ["project", projectId],
    ]
    print(table(facts.flatMap(([name, fact]) => (fact === undefined ? [] : [[name, fact]]))))
  }
  if (!mayShow) note("The token is hidden on a terminal: pipe the output, or add --show-secrets.")
}
