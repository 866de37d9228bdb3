import { AuthError } from "../errors/auth-error.ts"
import { checkInteger } from "../iam/integer.ts"
import { identityKey } from "../identity/identity-key.ts"

export interface TemporaryKeyOptions {
  /** Life of the key, from 900 to 86400 seconds. @default 900, IAM's own */
  durationSeconds?: number | undefined
  /** Narrows what the key may do on OBS: { Version: "1.1", Statement: [...] }, at most 8 statements. */
  policy?: object | undefined
}

const IAM_DEFAULT_SECONDS = 900

export function checkTemporaryKeyOptions({ durationSeconds, policy }: TemporaryKeyOptions): TemporaryKeyOptions & {
  /** The longest life that the key can have. */
  longestMs: number
  /** Tells keys that differ in these options apart. */
  key: string
} {
  checkInteger(durationSeconds, "durationSeconds", 900, 86_400)
  if (policy !== undefined && (typeof policy !== "object" || policy === null || Array.isArray(policy))) {
    throw new AuthError("AUTH_INVALID_OPTION", '`policy` must be an object: { Version: "1.1", Statement: [...] }.')
  }
  const seconds = durationSeconds ?? IAM_DEFAULT_SECONDS
  return {
    durationSeconds,
    policy,
    longestMs: seconds * 1000,
    key: identityKey(`${seconds}s`, policy === undefined ? undefined : JSON.stringify(policy)),
  }
}
