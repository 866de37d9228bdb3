import type { IamOptions } from "../iam/iam-connection.ts"
import type { CredentialProvider } from "../identity/provider.ts"
import { chain } from "./chain.ts"
import { envCredentials } from "./env-credentials.ts"
import { type MetadataCredentialsOptions, metadataCredentials } from "./metadata-credentials.ts"
import { podCredentials } from "./pod-credentials.ts"
import { profileCredentials } from "./profile-credentials.ts"

export interface DefaultCredentialsOptions extends IamOptions {
  /** Origin of the metadata service. @default "http://169.254.169.254" */
  metadataEndpoint?: MetadataCredentialsOptions["endpoint"]
}

/**
 * The sources of the official SDKs for Python and Java, in their order: environment, profile file, ECS metadata, CCE pod
 * identity. {@link chain} says when the next one is asked.
 *
 * It gives up within 8 s where there is no metadata service or one that does not answer (3 s for it, 5 s for the pod identity
 * service, if one is configured), and within 17 s where both answer at the last moment.
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
