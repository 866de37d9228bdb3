import { AuthError, type AuthErrorCode } from "../errors/auth-error.ts"
import type { Provider } from "../identity/provider.ts"
import type { Clock } from "../runtime/clock.ts"

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

type FailureKind = "rejected" | "unavailable"

/** What is remembered of an identity's failures since its last success. */
export interface Failure {
  readonly error: AuthError
  readonly delayMs: number
  /** Before this moment of the monotonic clock the issuer is not asked. */
  readonly retryAt: number
  /** Before this moment of the monotonic clock the store is not asked either. */
  readonly recheckAt: number
  /** Counted apart, so that an outage between two refusals does not shorten the wait after the second. */
  readonly counts: Readonly<Record<FailureKind, number>>
  readonly epoch: number
  /** When another process wrote it down, by the clock of that one, epoch ms. */
  readonly writtenAt?: number
}

/** A failure as another process wrote it down. */
export interface StoredFailure extends Pick<Failure, "error" | "counts" | "delayMs"> {
  readonly writtenAt: number
  readonly ageMs: number
}

const DEFAULTS = {
  rejected: { firstMs: 60_000, factor: 4, longestMs: 64 * 60_000 },
  unavailable: { firstMs: 1_000, factor: 2, longestMs: 30_000 },
}
const JITTER = 0.2
/** The longest wait that an issuer's Retry-After makes. */
const LONGEST_RETRY_AFTER_MS = 60 * 60_000

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
  readonly #recheckMs: number
  #epoch = 0

  /** @throws {AuthError} `AUTH_INVALID_OPTION` */
  constructor(options: boolean | BackoffOptions, { random, recheckMs }: { random: () => number; recheckMs: number }) {
    const { rejected, unavailable }: BackoffOptions = typeof options === "object" ? options : {}
    this.#steps =
      options === false
        ? undefined
        : { rejected: stepsOf("rejected", rejected), unavailable: stepsOf("unavailable", unavailable) }
    this.#random = random
    this.#recheckMs = recheckMs
  }

  /** What to remember of a failure; nothing when the next caller may try at once. */
  after(error: AuthError, earlier: Pick<Failure, "counts"> | undefined, now: number): Failure | undefined {
    // What carries a status is an answer, and answers cost the issuer something.
    const isOwnFault = OWN_FAULTS.includes(error.code) && error.status === undefined
    if (this.#steps === undefined || isOwnFault) return undefined
    const kind: FailureKind = error.code === "AUTH_CREDENTIALS_REJECTED" ? "rejected" : "unavailable"
    const counts = { rejected: 0, unavailable: 0, ...earlier?.counts }
    counts[kind] += 1
    const { firstMs, factor, longestMs } = this.#steps[kind]
    const stepMs = Math.min(firstMs * factor ** (counts[kind] - 1), longestMs) * (1 + JITTER * this.#random())
    return this.remember({ error, counts, delayMs: Math.ceil(Math.max(stepMs, error.retryAfterMs ?? 0)) }, now)
  }

  /** A failure that another process wrote down. Whatever it says, it forbids no more than an own one. */
  ofOthers({ ageMs, delayMs, ...failure }: StoredFailure, now: number): Failure | undefined {
    if (this.#steps === undefined) return undefined
    const { rejected, unavailable } = this.#steps
    const longestMs = Math.max(rejected.longestMs, unavailable.longestMs, LONGEST_RETRY_AFTER_MS) * (1 + JITTER)
    return this.remember({ ...failure, delayMs: Math.max(0, Math.min(delayMs, longestMs) - ageMs) }, now)
  }

  /** A failure as of now. */
  remember(failure: Omit<Failure, "retryAt" | "recheckAt" | "epoch">, now: number): Failure {
    const retryAt = now + failure.delayMs
    return { ...failure, retryAt, recheckAt: Math.min(retryAt, now + this.#recheckMs), epoch: this.#epoch }
  }

  /** A failure with what is left of its wait, after a look into the store that brought nothing. */
  again(failure: Failure, now: number): Failure {
    return this.remember({ ...failure, delayMs: Math.max(0, failure.retryAt - now) }, now)
  }

  /** The failure, unless it was reset. */
  known(failure: Failure | undefined): Failure | undefined {
    return failure?.epoch === this.#epoch ? failure : undefined
  }

  /** The failure, as long as the issuer must not be asked. */
  active(failure: Failure | undefined, now: number): Failure | undefined {
    const known = this.known(failure)
    return known !== undefined && now < known.retryAt ? known : undefined
  }

  /** The failure, as long as callers get it at once. */
  blocking(failure: Failure | undefined, now: number): Failure | undefined {
    const known = this.known(failure)
    return known !== undefined && now < known.recheckAt ? known : undefined
  }

  /** The failure, with another look into the store at the next call. */
  recheck(failure: Failure): Failure {
    return { ...failure, recheckAt: Number.NEGATIVE_INFINITY }
  }

  /** Makes all failures until now count for nothing. */
  reset(): void {
    this.#epoch += 1
  }
}

/** The same failure again, for those who come before the next try is due. */
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
  throw new AuthError(
    "AUTH_INVALID_OPTION",
    `\`backoff.${kind}\` must be { firstMs, factor, longestMs }: milliseconds from 0 up, a factor from 1 up, and \`longestMs\` no less than \`firstMs\`.`,
  )
}

const EVERY_MS = 1_000
const AT_ONCE = 5

/**
 * Says when a function whose secret was refused is worth asking again before the back-off ends, so that a corrected secret is
 * tried at once: five times as fast as callers come, then once a second.
 */
export class SecretRechecks {
  readonly #clock: Clock
  /** When all that was allowed will have been made up for. */
  readonly #evenAt = new WeakMap<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isDue<T>({ binding, identityKey }: Provider<T>, { error }: Failure): boolean {
    if (binding?.read === undefined || binding.identity !== identityKey) return false
    if (error.code !== "AUTH_CREDENTIALS_REJECTED") return false
    const now = this.#clock.monotonic()
    const evenAt = Math.max(this.#evenAt.get(binding) ?? now, now) + EVERY_MS
    if (evenAt - now > AT_ONCE * EVERY_MS) return false
    this.#evenAt.set(binding, evenAt)
    return true
  }
}
