import type { Cloud, SigningAlgorithm } from "@countersign/auth-core"
import { signingAlgorithms } from "@countersign/auth-core/adapter"
import { type Command, Option } from "commander"
import { cloudOf } from "./cloud-of.ts"
import type { ProfileChoice } from "./find-credentials.ts"

/** How IAM is reached. */
export interface ReachOptions {
  readonly iamEndpoint?: string | undefined
  readonly region?: string | undefined
  readonly cloud?: Cloud | undefined
  readonly allowInsecure?: boolean | undefined
}

export interface AccessKeyOptions extends ReachOptions, ProfileChoice {
  readonly agency?: string | undefined
  readonly agencyDomain?: string | undefined
}

export interface IdentityOptions extends AccessKeyOptions {
  readonly tokenFile?: string | undefined
}

export function addReachOptions(command: Command): Command {
  return command
    .option("--iam-endpoint <origin>", "origin of IAM (default: HUAWEICLOUD_SDK_IAM_ENDPOINT, else the global one)")
    .option("--region <region>", "region whose IAM and STS are asked, such as ap-southeast-1")
    .option("--cloud <domain>", "another cloud, by its domain, such as otc.t-systems.com", cloudOf)
    .option("--allow-insecure", "allow plain http to hosts other than this machine")
}

/** Options that choose an access key. */
export function addAccessKeyOptions(command: Command): Command {
  return addReachOptions(command)
    .option("--profile-file <file>", "read the access key from this profile file only")
    .option("--section <name>", "read the access key from this section of the profile file only")
    .option("--agency <name>", "act through an agency: ask IAM for a temporary access key")
    .option("--agency-domain <account>", "the account that has the agency")
}

/** Options that choose who sends a request. */
export function addIdentityOptions(command: Command): Command {
  return addAccessKeyOptions(command).option(
    "--token-file <file>",
    "authenticate with the token in this file, - for standard input (default: COUNTERSIGN_TOKEN, else an access key)",
  )
}

export interface SigningOptions {
  readonly algorithm?: SigningAlgorithm | "auto" | undefined
  readonly scoped?: boolean | undefined
  readonly service?: string | undefined
  readonly signedHeader?: readonly string[] | undefined
  readonly projectId?: string | undefined
  readonly domainId?: string | undefined
}

export function addSigningOptions(command: Command): Command {
  const algorithm = new Option("--algorithm <name>", "signing algorithm; auto knows instances of IoTDA")
  return command
    .addOption(algorithm.choices([...signingAlgorithms(), "auto"]))
    .option("--scoped", "sign in the older form with a credential scope, as Open Telekom Cloud's clients do")
    .option("--service <name>", "service of the credential scope, which V11-HMAC-SHA256 needs")
    .option("--signed-header <name>", "sign this header of the request too, such as a nonce; may be repeated", collect)
    .option("--project-id <id>", "send X-Project-Id; `auto` looks it up")
    .option("--domain-id <id>", "send X-Domain-Id; `auto` looks it up")
}

/** May be repeated. */
export function addHeaderOptions(command: Command): Command {
  return command.option("-H, --header <line>", "a header, such as 'Accept: text/plain'; may be repeated", collect)
}

/** May be repeated. */
export function addHostOptions(command: Command): Command {
  return command.option(
    "--host <host>",
    "a host that may see the credential, instead of the cloud's own; may be repeated",
    collect,
  )
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value]
}
