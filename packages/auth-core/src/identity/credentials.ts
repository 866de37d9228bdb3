/**
 * An access key: AK and SK, with a security token and an expiry when it is temporary.
 *
 * It is plain data. `console.log` shows neither SK nor security token where a provider of this library gave the key; JSON, a
 * copy by spread and `inspect` with `customInspect: false` show both.
 *
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export interface Credentials {
  /** AK: public half, goes into the Authorization header. */
  accessKeyId: string
  /** SK: secret half, never leaves the process. */
  secretAccessKey: string
  /** Goes with a temporary key as X-Security-Token. */
  securityToken?: string | undefined
  /** Project that the source of the key (environment, profile) names for it. */
  projectId?: string | undefined
  /** Account that the source of the key (environment, profile) names for it. */
  domainId?: string | undefined
  /** Origin of the IAM that the source of the key names, or that issued it: look-ups in the name of the key go there. */
  iamEndpoint?: string | undefined
  /** End of life, epoch ms; absent for a permanent key. */
  expiresAt?: number | undefined
}
