import { AuthError } from "../errors/auth-error.ts"

/**
 * An IAM token, sent as X-Auth-Token. Valid for 24 hours.
 *
 * It is plain data. If a provider of this library gave it, `console.log` hides `value`. JSON, a copy by spread, and
 * `inspect` with `customInspect: false` show it.
 *
 * @see IAM API reference, "Obtaining a User Token Through Password Authentication"
 */
export interface Token {
  /** Opaque text; many kB for a user with many roles. */
  value: string
  /** Start of life by the issuer's clock, epoch ms. 0 if it is not known. */
  issuedAt: number
  /** End of life by the issuer's clock, epoch ms. Infinity if it is not known: the token is used until it is refused. */
  expiresAt: number
  /** Project the token is scoped to, if any. */
  projectId?: string | undefined
  /** Domain (account) the token is scoped to, or that owns the project. */
  domainId?: string | undefined
}

/**
 * An access key: AK and SK. A temporary one also has a security token and an expiry.
 *
 * It is plain data. If a provider of this library gave it, `console.log` hides SK and security token. JSON, a copy by
 * spread, and `inspect` with `customInspect: false` show both.
 *
 * @see API Signing Guide, "AK/SK signing and authentication algorithm"
 */
export interface Credentials {
  /** AK: the public half, sent in the Authorization header. */
  accessKeyId: string
  /** SK: the secret half. It never leaves the process. */
  secretAccessKey: string
  /** Sent with a temporary key as X-Security-Token. */
  securityToken?: string | undefined
  /** Project that the source of the key (environment, profile) names for it. */
  projectId?: string | undefined
  /** Account that the source of the key (environment, profile) names for it. */
  domainId?: string | undefined
  /** Origin of the IAM that issued the key or that its source names. Look-ups with the key go there. */
  iamEndpoint?: string | undefined
  /** End of life, epoch ms; absent for a permanent key. */
  expiresAt?: number | undefined
}

/** The form of each field. The first two are required. */
const FIELDS: [field: keyof Credentials, isRight: (value: unknown) => boolean, fault: string][] = [
  ["accessKeyId", matches(/^(?![a-zA-Z\d]{40}$)[!#-&(-+\-.0-:<>-_a-~]+$/), "cannot be an AK, but may be the SK"],
  [
    "secretAccessKey",
    matches(/^(?!["'`\s]|.*\s[#;])\P{Cc}*(?<!["'`\s])$/u),
    "has white space or quotes around it, or cannot be an SK",
  ],
  ["securityToken", matches(/^[!#-&(-_a-~]+$/), "cannot be a token"],
  ["expiresAt", Number.isFinite, "is not a time in epoch milliseconds"],
]

/**
 * Returns the credentials if they can sign.
 *
 * @throws {AuthError} `AUTH_INVALID_CREDENTIALS`, which names the field and never its value.
 */
export function checkCredentials(credentials: Credentials): Credentials {
  for (const [index, [field, isRight, fault]] of FIELDS.entries()) {
    const value = credentials?.[field]
    const isMissing = index < 2 && (typeof value !== "string" || value.trim() === "")
    if (isMissing || (value !== undefined && !isRight(value))) {
      throw new AuthError(
        "AUTH_INVALID_CREDENTIALS",
        `\`${field}\` ${isMissing ? "is missing or blank" : fault}. Check its source.`,
      )
    }
  }
  return credentials
}

function matches(form: RegExp): (value: unknown) => boolean {
  return (value) => typeof value === "string" && form.test(value)
}
