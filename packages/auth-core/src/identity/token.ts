/**
 * An IAM token, sent as X-Auth-Token. Valid for 24 hours.
 *
 * It is plain data. `console.log` shows none of `value` where a provider of this library gave the token; JSON, a copy by
 * spread and `inspect` with `customInspect: false` show it.
 *
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export interface Token {
  /** Opaque text, many kB when the user has many roles. */
  value: string
  /** Start of life by the issuer's clock, epoch ms. */
  issuedAt: number
  /** End of life by the issuer's clock, epoch ms. */
  expiresAt: number
  /** Project the token is scoped to, if any. */
  projectId?: string | undefined
  /** Domain (account) the token is scoped to, or that owns the project. */
  domainId?: string | undefined
}
