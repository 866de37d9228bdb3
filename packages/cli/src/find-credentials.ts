import {
  type CredentialProvider,
  type Credentials,
  envCredentials,
  type IamOptions,
  isAuthError,
  metadataCredentials,
  podCredentials,
  profileCredentials,
} from "@countersign/auth-core"
import { CommandError, EXIT_CODES } from "./exit-code.ts"

export interface ProfileChoice {
  /** The profile file. */
  readonly profileFile?: string | undefined
  /** Its section. */
  readonly section?: string | undefined
}

/** One source of the default chain. */
export interface ChainLink {
  readonly name: string
  readonly provider: CredentialProvider
}

/** The answer of one source. */
export interface LinkResult {
  readonly name: string
  readonly verdict: "used" | "nothing" | "failed" | "not asked"
  /** Why it was not used. */
  readonly reason?: string | undefined
}

export interface FoundCredentials {
  readonly credentials: Credentials
  readonly provider: CredentialProvider
  /** The name of the source. */
  readonly source: string
}

/** The sources of `defaultCredentials` in its order; the profile alone if a profile is named. */
export function credentialChain({ profileFile, section }: ProfileChoice, iam: IamOptions): ChainLink[] {
  const profile = {
    name: section === undefined ? "profile file" : `profile file, section [${section}]`,
    provider: profileCredentials({ ...iam, file: profileFile, section }),
  }
  if (profileFile !== undefined || section !== undefined) return [profile]
  const { fetch } = iam
  return [
    { name: "environment", provider: envCredentials(iam) },
    profile,
    { name: "ECS metadata service", provider: metadataCredentials({ fetch: directFetch }) },
    { name: "CCE pod identity", provider: podCredentials({ fetch }) },
  ]
}

/** The metadata service is on the machine's own link, where no proxy may stand between. */
const directFetch: NonNullable<IamOptions["fetch"]> = (url, init) => globalThis.fetch(url, init)

/**
 * Asks one source after the other, as `chain` does: one with no key passes on to the next, one that is configured but
 * fails ends the search.
 */
export async function askChain(
  links: readonly ChainLink[],
): Promise<{ found: FoundCredentials | undefined; failure: unknown; results: LinkResult[] }> {
  const results: LinkResult[] = []
  let found: FoundCredentials | undefined
  let failure: unknown
  for (const { name, provider } of links) {
    if (found !== undefined || failure !== undefined) {
      results.push({ name, verdict: "not asked" })
      continue
    }
    try {
      found = { credentials: await provider(), provider, source: name }
      results.push({ name, verdict: "used" })
    } catch (error) {
      if (!isAuthError(error)) throw error
      const hasNothing = error.code === "AUTH_CREDENTIALS_MISSING" || error.code === "AUTH_CREDENTIALS_EXPIRED"
      if (!hasNothing) failure = error
      results.push({ name, verdict: hasNothing ? "nothing" : "failed", reason: error.message })
    }
  }
  return { found, failure, results }
}

/**
 * The access key of the first source that has one.
 *
 * @throws the failure of a source that is configured; or a list of the reasons if none has a key
 */
export async function findCredentials(choice: ProfileChoice, iam: IamOptions): Promise<FoundCredentials> {
  const { found, failure, results } = await askChain(credentialChain(choice, iam))
  if (found !== undefined) return found
  if (failure !== undefined) throw failure
  const reasons = results.map(({ name, reason }) => `  ${name}: ${reason}`)
  throw new CommandError(
    EXIT_CODES.credentials,
    `No source has an access key:\n${reasons.join("\n")}\nRun \`countersign doctor\` to see near misses.`,
  )
}
