import { AuthError, type AuthErrorCode } from "../errors/auth-error.ts"

/** A growing wait: `firstMs`, then `factor` times as long each time, up to `longestMs`. Chance adds up to 20 %. */
export interface BackoffSteps {
  firstMs?: number | undefined
  factor?: number | undefined
  longestMs?: number | undefined
}

export interface BackoffOptions {
  /**
   * After the issuer refused the identity.
   *
   * By default 1, 4, 16 and then always 64 minutes: never more than four tries in an hour. IAM locks a user after 3 to 10
   * wrong passwords (5 unless changed) and forgets them after 15 to 60 minutes (15 unless changed): where five lock, one
   * process never fills the counter, whatever that time is. Where three lock, set `{ firstMs: 3_840_000 }`.
   *
   * @default { firstMs: 60_000, factor: 4, longestMs: 3_840_000 }
   * @see IAM user guide, "Login Authentication Policy"
   */
  rejected?: BackoffSteps | undefined
  /**
   * After any other failure: no answer, 5xx, an answer of no use. After 429 and 503 too, where a longer Retry-After counts.
   *
   * @default { firstMs: 1_000, factor: 2, longestMs: 30_000 }
   */
  unavailable?: BackoffSteps | undefined
}

export type FailureKind = "rejected" | "unavailable"

/** What is remembered of an identity's failures since its last success. */
export interface Failure {
  readonly kind: FailureKind
  readonly error: AuthError
  readonly delayMs: number
  /** Before this moment of the monotonic clock nobody is asked again. */
  readonly retryAt: number
  /** Counted apart, so that an outage between two refusals does not shorten the wait after the second. */
  readonly counts: Readonly<Record<FailureKind, number>>
  readonly epoch: number
}

const DEFAULTS = {
  rejected: { firstMs: 60_000, factor: 4, longestMs: 64 * 60_000 },
  unavailable: { firstMs: 1_000, factor: 2, longestMs: 30_000 },
}
const JITTER = 0.2

/** About the call, not about what the issuer does: trying again costs it nothing, and may be right at once. */
const OWN_FAULTS: readonly AuthErrorCode[] = [
  "AUTH_INVALID_OPTION",
  "AUTH_INVALID_REQUEST",
  "AUTH_INVALID_CREDENTIALS",
  "AUTH_CREDENTIALS_EXPIRED",
  "AUTH_ALGORITHM_UNSUPPORTED",
  "AUTH_INSECURE_URL",
]

type Steps = Required<Record<keyof BackoffSteps, number>>

/** Decides how long an issuer is left alone after failures. */
export class Backoff {
  readonly #steps: Readonly<Record<FailureKind, Steps>> | undefined
  readonly #random: () => number
  #epoch = 0

  /** @throws {AuthError} `AUTH_INVALID_OPTION` */
  constructor(options: boolean | BackoffOptions, random: () => number) {
    const { rejected, unavailable }: BackoffOptions = typeof options === "object" ? options : {}
    this.#steps =
      options === false
        ? undefined
        : { rejected: stepsOf("rejected", rejected), unavailable: stepsOf("unavailable", unavailable) }
    this.#random = random
  }

  /** What to remember of a failure; nothing when the next caller may try at once. */
  after(error: AuthError, earlier: Failure | undefined, now: number): Failure | undefined {
    // What carries a status is an answer, and answers cost the issuer something.
    const isOwnFault = OWN_FAULTS.includes(error.code) && error.status === undefined
    if (this.#steps === undefined || isOwnFault) return undefined
    const kind: FailureKind = error.code === "AUTH_CREDENTIALS_REJECTED" ? "rejected" : "unavailable"
    const counts = { rejected: 0, unavailable: 0, ...(earlier?.epoch === this.#epoch ? earlier.counts : undefined) }
    counts[kind] += 1
    const { firstMs, factor, longestMs } = this.#steps[kind]
    const stepMs = Math.min(firstMs * factor ** (counts[kind] - 1), longestMs) * (1 + JITTER * this.#random())
    const delayMs = Math.ceil(Math.max(stepMs, error.retryAfterMs ?? 0))
    return { kind, error, delayMs, retryAt: now + delayMs, counts, epoch: this.#epoch }
  }

  /** The failure, as long as it keeps callers from trying. */
  active(failure: Failure | undefined, now: number): Failure | undefined {
    return failure !== undefined && failure.epoch === this.#epoch && now < failure.retryAt ? failure : undefined
  }

  /** Makes all failures until now count for nothing. */
  reset(): void {
    this.#epoch += 1
  }
}

/** The same failure again, for those who come before the next try is due. */
export function backedOffError({ error }: Failure, retryAfterMs: number): AuthError {
  const { code, message, status, errorCode, errorMessage, requestId, endpoint, cause } = error
  return new AuthError(
    code,
    `${message} So ended the last try; the next is due in ${Math.ceil(retryAfterMs / 1000)} s, or after resetBackoff().`,
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
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `\`backoff.${kind}\` must be { firstMs, factor, longestMs }: milliseconds from 0 up, a factor from 1 up, and \`longestMs\` no less than \`firstMs\`.`,
  )
}
