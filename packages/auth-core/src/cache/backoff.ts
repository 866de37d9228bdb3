import { AuthError, type AuthErrorCode, invalidOption } from "../errors/auth-error.ts"

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

type FailureKind = "rejected" | "unavailable"
type Steps = Required<Record<keyof BackoffSteps, number>>

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

/** The failures of an identity since its last success. */
export interface Failure {
  readonly error: AuthError
  readonly delayMs: number
  /** The issuer is not asked before this moment of the monotonic clock. */
  readonly retryAt: number
  /** The store is not asked before this moment of the monotonic clock either. */
  readonly recheckAt: number
  /** Counted by kind, so that an outage between two refusals does not shorten the wait after the second. */
  readonly counts: Readonly<Record<FailureKind, number>>
  readonly resets: number
  /** Its version in the store, where another process wrote it. */
  readonly version?: string
}

const DEFAULTS = {
  rejected: { firstMs: 60_000, factor: 4, longestMs: 64 * 60_000 },
  unavailable: { firstMs: 1_000, factor: 2, longestMs: 30_000 },
}
const JITTER = 0.2
/** The longest wait that a Retry-After of the issuer causes. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000
const RECHECK_MS = 5_000

/** Mistakes of the caller. Another try costs the issuer nothing and may succeed at once. */
const OWN_FAULTS: readonly AuthErrorCode[] = [
  "AUTH_INVALID_OPTION",
  "AUTH_INVALID_REQUEST",
  "AUTH_INVALID_CREDENTIALS",
  "AUTH_CREDENTIALS_EXPIRED",
  "AUTH_ALGORITHM_UNSUPPORTED",
  "AUTH_INSECURE_URL",
]

/** @throws {AuthError} `AUTH_INVALID_OPTION` */
export function createBackoff(
  options: boolean | BackoffOptions,
  { random, isShared }: { random: () => number; isShared: boolean },
): Backoff {
  const { rejected, unavailable }: BackoffOptions = typeof options === "object" ? options : {}
  const steps = { rejected: stepsOf("rejected", rejected), unavailable: stepsOf("unavailable", unavailable) }
  return {
    steps: options === false ? undefined : steps,
    random,
    recheckMs: isShared ? RECHECK_MS : Number.POSITIVE_INFINITY,
    resets: 0,
  }
}

/** The failure to remember after an error; nothing when the next caller may try at once. */
export function failureAfter(
  error: AuthError,
  earlier: Failure | undefined,
  backoff: Backoff,
  now: number,
): Failure | undefined {
  // An error with a status is an answer, and an answer costs the issuer something.
  const isOwnFault = OWN_FAULTS.includes(error.code) && error.status === undefined
  if (backoff.steps === undefined || isOwnFault) return undefined
  const kind: FailureKind = isIdentityRefused(error) ? "rejected" : "unavailable"
  const counts = { rejected: 0, unavailable: 0, ...(earlier?.resets === backoff.resets ? earlier.counts : undefined) }
  counts[kind] += 1
  const { firstMs, factor, longestMs } = backoff.steps[kind]
  const stepMs = Math.min(firstMs * factor ** (counts[kind] - 1), longestMs) * (1 + JITTER * backoff.random())
  const askedMs = told.has(error) ? 0 : (error.retryAfterMs ?? 0)
  const delayMs = Math.ceil(Math.max(stepMs, askedMs))
  return failureFrom({ error, counts, delayMs }, backoff, now)
}

/** The errors whose `retryAfterMs` is of {@link tellWait}. A provider may throw one error many times. */
const told = new WeakSet<AuthError>()

/** Lets an error say how long its failure is remembered, unless the issuer said how long to wait. */
export function tellWait(error: AuthError, { delayMs }: Failure): void {
  if (error.retryAfterMs !== undefined && !told.has(error)) return
  told.add(error)
  Reflect.defineProperty(error, "retryAfterMs", { value: delayMs, enumerable: true, configurable: true })
}

/** The failure, while it still forbids to ask the issuer, or even to look into the store. */
export function activeFailure(
  failure: Failure | undefined,
  asking: "issuer" | "store",
  { resets }: Backoff,
  now: number,
): Failure | undefined {
  if (failure === undefined || failure.resets !== resets) return undefined
  return now < (asking === "issuer" ? failure.retryAt : failure.recheckAt) ? failure : undefined
}

/** The failure after a look into the store that brought nothing: the next look is due later. */
export function rechecked(failure: Failure, { recheckMs }: Backoff, now: number): Failure {
  if (now < failure.recheckAt) return failure
  return { ...failure, recheckAt: Math.min(failure.retryAt, now + recheckMs) }
}

/** A failure whose wait begins now. */
export function failureFrom(
  failure: Pick<Failure, "error" | "counts" | "delayMs" | "version">,
  { recheckMs, resets }: Backoff,
  now: number,
): Failure {
  const retryAt = now + failure.delayMs
  return { ...failure, retryAt, recheckAt: Math.min(retryAt, now + recheckMs), resets }
}

/** The longest wait that this cache can cause, so the longest that it accepts from another process. */
export function longestDelayMs({ rejected, unavailable }: NonNullable<Backoff["steps"]>): number {
  return Math.max(rejected.longestMs, unavailable.longestMs, LONGEST_RETRY_AFTER_MS) * (1 + JITTER)
}

export function isIdentityRefused({ code }: AuthError): boolean {
  return code === "AUTH_CREDENTIALS_REJECTED"
}

/** The same failure again, for a caller who comes before the next try is due. */
export function backedOffError({ error, retryAt }: Failure, now: number): AuthError {
  const retryAfterMs = Math.max(0, Math.ceil(retryAt - now))
  const { code, message, status, errorCode, errorMessage, requestId, endpoint, cause } = error
  return new AuthError(
    code,
    `${message} (From the last try; the next is due in ${Math.ceil(retryAfterMs / 1000)} s, or after resetBackoff().)`,
    { status, errorCode, errorMessage, requestId, endpoint, cause, retryAfterMs },
  )
}

function stepsOf(kind: FailureKind, chosen: BackoffSteps = {}): Steps {
  const defaults = DEFAULTS[kind]
  const {
    firstMs = defaults.firstMs,
    factor = defaults.factor,
    longestMs = Math.max(firstMs, defaults.longestMs),
  } = chosen
  if (firstMs >= 0 && longestMs >= firstMs && factor >= 1 && Number.isFinite(factor))
    return { firstMs, factor, longestMs }
  throw invalidOption(
    `\`backoff.${kind}\` must be { firstMs, factor, longestMs }: milliseconds of 0 or more, a factor of 1 or more, and \`longestMs\` no less than \`firstMs\`.`,
  )
}
