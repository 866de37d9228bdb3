import { randomHmac } from "../cache/fingerprint.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { Clock } from "../runtime/clock.ts"
import { systemClock } from "../runtime/system-clock.ts"
import type { Attempt } from "./auth.ts"

/** An attempt whose outcome is awaited. */
interface Awaited {
  /** When it went, by the monotonic clock. */
  readonly since: number
  readonly stop: () => void
}

/** The state in which an attempt went. Its round tells whether it went before a failure. */
export class Turn {
  readonly standing: KeyStanding
  readonly round: number

  constructor(standing: KeyStanding, round: number) {
    this.standing = standing
    this.round = round
  }

  /**
   * An attempt goes. An abort ends it too.
   *
   * @returns takes its outcome, where others wait for that: the status, unless it was 401 or 403, or nothing
   */
  begin(attempt: Attempt, clock: Clock = systemClock): ((status: number | undefined) => void) | undefined {
    const { signal, tellsOutcome } = attempt
    const { standing } = this
    if (standing.isConfirmed || !tellsOutcome || signal?.aborted) return undefined
    const onAbort = (): void => standing.end(attempt)
    signal?.addEventListener("abort", onAbort, { once: true })
    const stop = (): void => signal?.removeEventListener("abort", onAbort)
    standing.awaited.set(attempt, { since: clock.monotonic(), stop })
    return (status) => this.#ended(attempt, status)
  }

  #ended(attempt: Attempt, status: number | undefined): void {
    const { standing } = this
    if (standing.isConfirmed) return
    const isSuccess = status !== undefined && status >= 200 && status <= 299
    // A success of before a failure says nothing of the key after it.
    if (isSuccess && this === standing.turn) standing.confirm()
    else standing.end(attempt, status !== undefined)
  }
}

/** How many may be on their way while nothing is known of the key: five failures would lock it. */
export const MOST_AT_ONCE = 4

/** How an access key stands with one origin: what all auths of this process know of that. */
export class KeyStanding {
  /** A success showed that the key may be used by many at once. */
  isConfirmed = false
  /**
   * An answer came that may have been given before anybody looked at the signature. Then a few may be on their way at once,
   * so that an outage does not make requests wait for each other.
   */
  isAnswered = false
  /** While the key is not confirmed: the attempts that went, whose outcome others wait for. */
  readonly awaited = new Map<Attempt, Awaited>()
  /** Wake those who wait. */
  readonly waiting = new Set<() => void>()
  /** Failed signatures since the last success. */
  failures = 0
  /** When signatures failed lately, by the monotonic clock. */
  failedAt: readonly number[] = []
  /** Pauses since the last success, and the end of the last. */
  pauses = 0
  pausedUntil = 0
  /** That of attempts which go now; each failure begins another. */
  turn = new Turn(this, 0)
  /** The first one after the last pause began. */
  roundOfPause = 0

  /** Its outcome is known, or never will be. */
  end(attempt: Attempt, isAnswered = false): void {
    if (isAnswered && this.failures === 0) this.isAnswered = true
    const awaited = this.awaited.get(attempt)
    if (awaited === undefined) return
    awaited.stop()
    this.awaited.delete(attempt)
    this.wake()
  }

  /** Wakes those who wait: all, but where only a few could go those who waited longest. */
  wake(): void {
    let left = this.isAnswered && !this.isConfirmed ? MOST_AT_ONCE : Number.POSITIVE_INFINITY
    for (const wake of this.waiting) if (left-- > 0) wake()
  }

  confirm(): void {
    this.forgive()
    this.isConfirmed = true
    for (const attempt of this.awaited.keys()) this.end(attempt)
  }

  forgive(): void {
    this.failures = 0
    this.failedAt = []
    this.pauses = 0
    this.pausedUntil = 0
  }
}

const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 24 * 3_600_000
/** Five failures within it lock a key. */
export const WINDOW_MS = 15 * 60_000

/**
 * Counts a failed signature. The second in a row pauses the key there for 1 minute; each further one, of an attempt that
 * went after a pause, for 4 times as long, up to a day.
 *
 * @returns how long the pause is that this failure began, milliseconds
 */
export function countFailure(standing: KeyStanding, attemptsTurn: Turn, now: number): number | undefined {
  standing.isConfirmed = false
  standing.isAnswered = false
  standing.failures += 1
  standing.turn = new Turn(standing, standing.turn.round + 1)
  standing.failedAt = [...recentFailures(standing, now), now]
  if (standing.failures < 2 || attemptsTurn.round < standing.roundOfPause) return undefined
  const pauseMs = Math.min(FIRST_PAUSE_MS * 4 ** standing.pauses, LONGEST_PAUSE_MS)
  standing.pauses += 1
  standing.pausedUntil = now + pauseMs
  standing.roundOfPause = standing.turn.round
  return pausedMs(standing, now)
}

export function recentFailures({ failedAt }: KeyStanding, now: number): number[] {
  return failedAt.filter((time) => now - time <= WINDOW_MS)
}

/** How long the key is not to be sent: for its pause, and so that no 15 minutes hold five failures. */
export function pausedMs(standing: KeyStanding, now: number): number {
  const fourth = recentFailures(standing, now).at(-MOST_AT_ONCE)
  const windowMs = fourth === undefined ? 0 : fourth + WINDOW_MS + 1 - now
  return Math.max(standing.pausedUntil - now, windowMs, 0)
}

/** By origin. */
export type Standings = Map<string, KeyStanding>

const MOST_KEYS = 10_000
const MOST_ORIGINS = 1_000

/**
 * The one state that belongs to the process: the gateway counts failed signatures of an access key, whichever of our auths
 * made them. Times of different clocks do not compare, so each clock has keys of its own. A key is named by an HMAC of AK
 * and SK under a random key.
 */
const standingsByClock = new WeakMap<object, Map<string, Standings>>()
let hmac: ReturnType<typeof randomHmac> | undefined

/** How a key stands, by origin. */
export function standingsOf({ accessKeyId, secretAccessKey }: Credentials, clock: Clock = systemClock): Standings {
  hmac ??= randomHmac()
  const keys = standingsByClock.get(clock) ?? new Map<string, Standings>()
  standingsByClock.set(clock, keys)
  const key = hmac(`${accessKeyId} ${secretAccessKey}`)
  return keys.get(key) ?? put(keys, key, new Map(), MOST_KEYS, mayGo)
}

/** Ends what is held against a key, at every origin. */
export function forgive(credentials: Credentials | undefined, clock: Clock | undefined): void {
  if (credentials === undefined) return
  for (const standing of standingsOf(credentials, clock).values()) standing.forgive()
}

/** @param url absolute and finished */
export function standingAt(standings: Standings, url: string): KeyStanding {
  const end = url.indexOf("/", 8)
  const origin = end < 0 ? url : url.slice(0, end)
  return standings.get(origin) ?? put(standings, origin, new KeyStanding(), MOST_ORIGINS, hasNoFailure)
}

/** Where a map is full the oldest that may go makes room, else the oldest. */
function put<T>(map: Map<string, T>, key: string, value: T, most: number, isSpare: (value: T) => boolean): T {
  if (map.size >= most) {
    const [spare] = [...map].find(([, other]) => isSpare(other)) ?? map.keys()
    map.delete(String(spare))
  }
  map.set(key, value)
  return value
}

function mayGo(standings: Standings): boolean {
  return [...standings.values()].every(hasNoFailure)
}

function hasNoFailure({ failures }: KeyStanding): boolean {
  return failures === 0
}
