import { AuthError } from "../errors/auth-error.ts"
import { type Credentials, checkCredentials } from "../identity/credentials.ts"
import { BoundSecret, type CredentialProvider, identityKey, type SecretBinding } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"
import { redactCredential } from "../runtime/redact.ts"
import { systemClock } from "../runtime/system-clock.ts"

/** A provider of one access key. */
export interface StaticCredentialProvider extends CredentialProvider {
  /** AK: whose key it is. Names this provider to those that are built on it; the SK binds what they yield. */
  readonly accessKeyId: string
}

/**
 * An access key had from elsewhere: permanent, or temporary with its security token. It cannot renew itself.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS` at once for what is no access key; `AUTH_CREDENTIALS_EXPIRED` when asked
 * after its end.
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
        `The access key ${fixed.accessKeyId} expired at ${new Date(fixed.expiresAt).toISOString()}: supply a new one, or a provider that renews itself.`,
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
  return Object.assign(provide, { yields: "credentials" as const, accessKeyId, binding })
}
