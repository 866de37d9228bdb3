import type { AuthError, AuthErrorCode } from "../errors/auth-error.ts"

/** A growing wait: `firstMs`, then `factor` times as long each time, up to `longestMs`. Jitter adds up to 20 %. */
export interface BackoffSteps {
  /** The wait after the first failure, milliseconds. */
  firstMs?: number | undefined
  /** By how much each further wait is longer than the one before. */
  factor?: number | undefined
  /** The longest wait, milliseconds. */
  longestMs?: number | undefined
}

/** How long a cache waits before it asks an issuer again that failed. */
export interface BackoffOptions {
  /**
   * The wait after the issuer refused the identity.
   *
   * By default 1, 4, 16 and then always 64 minutes: at most four tries in an hour. IAM locks a user after 3 to 10 wrong
   * passwords (default 5) and forgets them after 15 to 60 minutes (default 15). Where five lock, one process never
   * fills the counter, whatever that time is. Where three lock, set `{ firstMs: 3_840_000 }`.
   *
   * @default { firstMs: 60_000, factor: 4, longestMs: 3_840_000 }
   * @see IAM user guide, "Login Authentication Policy"
   */
  rejected?: BackoffSteps | undefined
  /**
   * The wait after any other failure: no answer, 5xx, a useless answer, 429 or 503. A longer Retry-After wins.
   *
   * @default { firstMs: 1_000, factor: 2, longestMs: 30_000 }
   */
  unavailable?: BackoffSteps | undefined
}

type FailureKind = keyof BackoffOptions
export type Steps = Required<Record<keyof BackoffSteps, number>>

/** How one cache backs off. */
export interface Backoff {
  /** Absent: there are no waits. */
  readonly steps: Readonly<Record<FailureKind, Steps>> | undefined
  readonly random: () => number
  /** How soon the store may hold a success of another process. */
  readonly recheckMs: number
  /** Counts the resets of all failures. A failure from before the last one no longer counts. */
  resets: number
}

/** The failures of an identity since its last success. Moments are of the monotonic clock. */
export interface Failure {
  readonly error: AuthError
  readonly delayMs: number
  /** The issuer is not asked before. */
  readonly retryAt: number
  /** The last look into the store. */
  readonly checkedAt: number
  /** Counted by kind, so that an outage between two refusals does not shorten the wait after the second. */
  readonly counts: Readonly<Record<FailureKind, number>>
  readonly resets: number
  /** Its version in the store, where another process wrote it. */
  readonly version?: string
}

/** Jitter adds up to this share of a wait. */
export const JITTER = 0.2

/** Mistakes of the caller. Another try costs the issuer nothing and may succeed at once. */
const OWN_FAULTS: readonly AuthErrorCode[] = [
  "AUTH_INVALID_OPTION",
  "AUTH_INVALID_REQUEST",
  "AUTH_INVALID_CREDENTIALS",
  "AUTH_CREDENTIALS_EXPIRED",
  "AUTH_ALGORITHM_UNSUPPORTED",
  "AUTH_INSECURE_URL",
]

/** Whether the issuer refused the identity. Any other failure may be over at the next try. */
export function refusesIdentity(code: AuthErrorCode | undefined): boolean {
  return code === "AUTH_CREDENTIALS_REJECTED"
}

/** The errors whose `retryAfterMs` is ours. A provider may throw one error many times. */
const told = new WeakSet<AuthError>()

/**
 * The failure to remember after an error; nothing when the next caller may try at once. The error then says how long that is,
 * unless the issuer said how long to wait.
 */
export function failureAfter(
  error: AuthError,
  earlier: Failure | undefined,
  { steps, random, resets }: Backoff,
  now: number,
): Failure | undefined {
  // An error with a status is an answer, and an answer costs the issuer something.
  const isOwnFault = OWN_FAULTS.includes(error.code) && error.status === undefined
  if (steps === undefined || isOwnFault) return undefined
  const kind: FailureKind = refusesIdentity(error.code) ? "rejected" : "unavailable"
  const counts = { rejected: 0, unavailable: 0, ...(earlier?.resets === resets ? earlier.counts : undefined) }
  counts[kind] += 1
  const { firstMs, factor, longestMs } = steps[kind]
  const stepMs = Math.min(firstMs * factor ** (counts[kind] - 1), longestMs) * (1 + JITTER * random())
  const isOurs = error.retryAfterMs === undefined || told.has(error)
  const delayMs = Math.ceil(Math.max(stepMs, isOurs ? 0 : (error.retryAfterMs ?? 0)))
  if (isOurs) {
    told.add(error)
    Reflect.defineProperty(error, "retryAfterMs", { value: delayMs, enumerable: true, configurable: true })
  }
  return { error, counts, delayMs, retryAt: now + delayMs, checkedAt: now, resets }
}

/** The failure, while it forbids asking the issuer, or even looking into the store. */
export function activeFailure(
  failure: Failure,
  asking: "issuer" | "store",
  { resets, recheckMs }: Backoff,
  now: number,
): Failure | undefined {
  if (failure.resets !== resets || now >= failure.retryAt) return undefined
  return asking === "issuer" || now < failure.checkedAt + recheckMs ? failure : undefined
}
