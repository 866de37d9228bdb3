import { AuthError } from "../errors/auth-error.ts"
import { type Credentials, checkCredentials } from "../identity/credentials.ts"
import { BoundSecret, type CredentialProvider, identityKey, type SecretBinding } from "../identity/provider.ts"
import { redactCredential } from "../identity/secret.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"

/** A provider of one access key. */
export interface StaticCredentialProvider extends CredentialProvider {
  /** AK. Names this provider to those built on it; their values are bound to the SK. */
  readonly accessKeyId: string
}

/**
 * A fixed access key: permanent, or temporary with its security token. It is never renewed.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` at once for anything but an access key; `AUTH_CREDENTIALS_EXPIRED`
 * when asked after its end.
 */
export function staticCredentials(
  credentials: Credentials,
  { clock = systemClock }: { clock?: Clock | undefined } = {},
): StaticCredentialProvider {
  const fixed = Object.freeze(redactCredential({ ...checkCredentials(credentials) }))
  const provide = async (): Promise<Credentials> => {
    if (fixed.expiresAt !== undefined && fixed.expiresAt <= clock.now()) {
      throw new AuthError(
        "AUTH_CREDENTIALS_EXPIRED",
        `The access key ${fixed.accessKeyId} expired at ${new Date(fixed.expiresAt).toISOString()}: pass a new one, or a provider that can renew it.`,
      )
    }
    return fixed
  }
  const { accessKeyId, secretAccessKey, securityToken = "" } = fixed
  const binding: SecretBinding = {
    identity: identityKey("access-key", accessKeyId),
    current: new BoundSecret(secretAccessKey, securityToken),
    sign: {},
  }
  return Object.assign(provide, {
    yields: "credentials" as const,
    accessKeyId,
    binding,
    label: `access key ${accessKeyId}`,
  })
}
