import {
  type Auth,
  agencyCredentials,
  akskAuth,
  type CredentialProvider,
  type Credentials,
  type IamOptions,
  isAuthError,
  type NameOrId,
  staticToken,
  type Token,
  tokenAuth,
} from "@countersign/auth-core"
import { addAlgorithm } from "./add-algorithm.ts"
import type { AccessKeyOptions, IdentityOptions, ReachOptions, SigningOptions } from "./command-options.ts"
import { CommandError, EXIT_CODES } from "./exit-code.ts"
import { explainedError } from "./explained-error.ts"
import { type FoundCredentials, findCredentials } from "./find-credentials.ts"
import { inputName, readInput } from "./read-secret.ts"
import type { Transport } from "./transport.ts"

export function iamOptionsOf(
  { iamEndpoint, region, cloud, allowInsecure }: ReachOptions,
  { fetch }: Transport,
): IamOptions {
  return { iamEndpoint, region, cloud, allowInsecure, fetch }
}

/** The access key that the options choose: of the first source that has one, or of an agency. */
export async function accessKeyOf(options: AccessKeyOptions, transport: Transport): Promise<FoundCredentials> {
  const iam = iamOptionsOf(options, transport)
  const found = await findCredentials(options, iam)
  const { agency, agencyDomain } = options
  if (agency === undefined) return found
  if (agencyDomain === undefined) {
    throw new CommandError(EXIT_CODES.usage, "--agency needs --agency-domain: the account that has the agency.")
  }
  const provider: CredentialProvider = agencyCredentials({
    ...iam,
    via: fixed(found),
    agency,
    domain: nameOrId(agencyDomain),
  })
  const credentials = await provider().catch(async (error: unknown) => {
    const isOfSignature = isAuthError(error) && /canonical ?request/i.test(error.errorMessage ?? "")
    throw isOfSignature ? await explainedError(error, transport, found.credentials) : error
  })
  return {
    credentials,
    provider,
    source: `agency ${agency} of ${agencyDomain}, through the ${found.source}`,
  }
}

/** The source, without a second look at it. */
function fixed({ credentials }: FoundCredentials): CredentialProvider {
  return Object.assign(async () => credentials, { yields: "credentials" as const })
}

/** An account by name, or by its id of 32 hex digits. */
export function nameOrId(text: string): NameOrId {
  return /^[\da-f]{32}$/.test(text) ? { id: text } : text
}

/** Who sends a request: by an access key, or by a token. */
export type Identity =
  | { readonly kind: "access key"; readonly source: string; readonly credentials: Credentials }
  | {
      readonly kind: "token"
      readonly source: string
      readonly token: Token
      /** A raw token does not say when it expires. */
      readonly isExpiryKnown: boolean
    }

export async function identityOf(options: IdentityOptions, transport: Transport): Promise<Identity> {
  const { tokenFile } = options
  const fromEnvironment = process.env.COUNTERSIGN_TOKEN
  const namesKey = [options.section, options.profileFile, options.agency].some((choice) => choice !== undefined)
  if (tokenFile !== undefined && namesKey) {
    throw new CommandError(EXIT_CODES.usage, "--token-file does not go with --section, --profile-file or --agency.")
  }
  if (tokenFile !== undefined) {
    const source = inputName(tokenFile)
    return tokenIdentity(await readInput(tokenFile), source)
  }
  if (fromEnvironment !== undefined && fromEnvironment !== "" && !namesKey) {
    return tokenIdentity(fromEnvironment, "COUNTERSIGN_TOKEN")
  }
  const { credentials, source } = await accessKeyOf(options, transport)
  return { kind: "access key", source, credentials }
}

const DAY_MS = 24 * 60 * 60 * 1_000

/** A token as `countersign token` writes it: raw, or as JSON. Only IAM knows when a raw one expires. */
function tokenIdentity(text: string, source: string): Identity {
  const raw = text.trim()
  if (raw === "") throw new CommandError(EXIT_CODES.credentials, `${source} holds no token.`)
  const issuedAt = Date.now()
  if (!raw.startsWith("{")) {
    const token = { value: raw, issuedAt, expiresAt: issuedAt + DAY_MS }
    return { kind: "token", source, token, isExpiryKnown: false }
  }
  try {
    const { value, ...facts }: Token = JSON.parse(raw)
    return { kind: "token", source, token: { ...facts, value }, isExpiryKnown: true }
  } catch {
    throw new CommandError(EXIT_CODES.credentials, `${source} holds neither a token nor its JSON.`)
  }
}

export async function authOf(
  identity: Identity,
  options: SigningOptions & ReachOptions,
  transport: Transport,
): Promise<Auth> {
  if (identity.kind === "token") return tokenAuth(staticToken(identity.token))
  const { algorithm, scoped, service, signedHeader, projectId, domainId, region, cloud } = options
  await addAlgorithm(algorithm)
  const iam = iamOptionsOf(options, transport)
  return akskAuth(identity.credentials, {
    algorithm,
    scoped,
    service,
    signedHeaders: signedHeader,
    region,
    cloud,
    projectId,
    domainId,
    iam,
  })
}
