import { AuthError, type AuthErrorCode, invalidOption, isAuthError } from "../errors/auth-error.ts"
import type { IamOptions } from "../iam/iam-connection.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { hasAccessKey } from "../identity/secret.ts"
import { envCredentials } from "./env-credentials.ts"
import { profileCredentials } from "./profile-credentials.ts"
import { type MetadataCredentialsOptions, metadataCredentials, podCredentials } from "./workload-credentials.ts"

/** The source has no key. Any other AuthError comes from a source that is configured but fails. */
const NOTHING_TO_GIVE: readonly AuthErrorCode[] = ["AUTH_CREDENTIALS_MISSING", "AUTH_CREDENTIALS_EXPIRED"]

/**
 * The access key of the first source that has one. Every call starts with the first source, so a source that fails is
 * not remembered.
 *
 * The next source is asked when one has no key, or is a function of your own that throws. A source that is configured
 * but fails (a malformed file, a refusal, IAM out of reach) ends the chain with its own error, so that a program never
 * continues under another identity.
 *
 * @throws {AuthError} `AUTH_INVALID_OPTION` at once for anything but providers. When asked: `AUTH_CREDENTIALS_MISSING`
 * if no source has a key; the message gives the reason of each one, and `cause` is the first error of a function of your own.
 */
export function chain(...providers: readonly CredentialProvider[]): CredentialProvider {
  if (
    providers.length === 0 ||
    providers.some((provider) => typeof provider !== "function" || provider.yields === "token")
  ) {
    throw invalidOption(
      "chain(...) takes one or more credential providers, which are functions that yield access keys.",
    )
  }
  const provider: CredentialProvider = async (context) => {
    const reasons: string[] = []
    let cause: unknown
    for (const [index, provider] of providers.entries()) {
      try {
        return usable(await provider(context))
      } catch (error) {
        context?.signal?.throwIfAborted()
        if (isAuthError(error) && !NOTHING_TO_GIVE.includes(error.code)) throw error
        if (!isAuthError(error)) cause ??= error
        reasons.push(
          `${index + 1}. ${isAuthError(error) ? error.message : `It failed with ${nameOf(error)}: see \`cause\`.`}`,
        )
      }
    }
    throw new AuthError("AUTH_CREDENTIALS_MISSING", `No source has an access key:\n${reasons.join("\n")}`, { cause })
  }
  return Object.assign(provider, {
    yields: "credentials" as const,
    heedsIamReach: providers.some((link) => link.heedsIamReach),
  })
}

/** The message of a foreign error may hold a secret. */
function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "a value that is no Error"
}

function usable(credentials: Credentials | undefined): Credentials {
  if (credentials !== undefined && hasAccessKey(credentials)) return credentials
  throw new AuthError("AUTH_CREDENTIALS_MISSING", "It yielded no access key.")
}

export interface DefaultCredentialsOptions extends IamOptions {
  /** The origin of the metadata service. @default "http://169.254.169.254" */
  metadataEndpoint?: MetadataCredentialsOptions["endpoint"]
}

/**
 * The sources of the official SDKs for Python and Java, in their order: environment, profile file, ECS metadata, CCE
 * pod identity. {@link chain} explains when the next one is asked.
 *
 * It fails within 8 s where the metadata service is absent or silent (3 s for that, 5 s for the pod identity service,
 * if one is configured), and within 17 s where both answer at the last moment.
 *
 * @throws {AuthError} as {@link chain}
 */
export function defaultCredentials({
  metadataEndpoint,
  ...options
}: DefaultCredentialsOptions = {}): CredentialProvider {
  const { fetch, clock, allowInsecure } = options
  return chain(
    envCredentials(options),
    profileCredentials(options),
    metadataCredentials({ fetch, clock, endpoint: metadataEndpoint }),
    podCredentials({ fetch, clock, allowInsecure }),
  )
}
