import { processHmac } from "../cache/fingerprint.ts"
import type { Credentials } from "../identity/credentials.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import type { Attempt } from "./auth.ts"

/** An attempt whose outcome is awaited. */
interface Awaited {
  /** When it went, by the monotonic clock. */
  readonly since: number
  readonly stop: () => void
}

/** The state at the start of an attempt. Its round shows whether the attempt started before a failure. */
export class Turn {
  readonly standing: KeyStanding
  readonly round: number

  constructor(standing: KeyStanding, round: number) {
    this.standing = standing
    this.round = round
  }

  /**
   * Starts an attempt. An abort ends it too.
   *
   * @returns a function for its outcome, if others wait for that. It takes the status, unless that is 401 or 403, or
   * nothing.
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
    // A success of an attempt that started before a failure proves nothing after it.
    if (isSuccess && this === standing.turn) standing.confirm()
    else standing.end(attempt, status !== undefined)
  }
}

/** How many attempts may be on their way with an unknown key. Five failures would lock it. */
export const MOST_AT_ONCE = 4

/** The standing of an access key at one origin, shared by all auths of this process. */
export class KeyStanding {
  /** A success showed that many requests may use the key at once. */
  isConfirmed = false
  /**
   * An answer came that may not depend on the signature. Then a few attempts may be on their way at once, so that
   * requests do not wait for each other during an outage.
   */
  isAnswered = false
  /** The attempts on their way with a key that is not confirmed. Others wait for their outcome. */
  readonly awaited = new Map<Attempt, Awaited>()
  /** Wake the waiting attempts. */
  readonly waiting = new Set<() => void>()
  /** Failed signatures since the last success. */
  failures = 0
  /** The times of recent failures, by the monotonic clock. */
  failedAt: readonly number[] = []
  /** The number of pauses since the last success, and the end of the last one. */
  pauses = 0
  pausedUntil = 0
  /** The turn of new attempts. Each failure starts another one. */
  turn = new Turn(this, 0)
  /** The first round after the last pause began. */
  roundOfPause = 0

  /** Ends the wait for an attempt: its outcome is known, or there will be none. */
  end(attempt: Attempt, isAnswered = false): void {
    if (isAnswered && this.failures === 0) this.isAnswered = true
    const awaited = this.awaited.get(attempt)
    if (awaited === undefined) return
    awaited.stop()
    this.awaited.delete(attempt)
    this.wake()
  }

  /** Wakes all waiting attempts; only the oldest few, where only few may start. */
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
/** Five failures within this time lock a key. */
export const WINDOW_MS = 15 * 60_000

/**
 * Counts a failed signature. The second in a row pauses the key at the origin for 1 minute. Each further one, of an
 * attempt that started after a pause, pauses it for 4 times as long, up to a day.
 *
 * @returns the length of the pause that this failure began, milliseconds
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

/** How long the key must not be sent: during its pause, and so that no 15 minutes hold five failures. */
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
 * State of the process: the gateway counts the failed signatures of an access key, whichever auth made them.
 * Times of different clocks cannot be compared, so each clock has its own standings. A key is named by an HMAC of AK
 * and SK under a random key.
 */
const standingsByClock = new WeakMap<object, Map<string, Standings>>()

/** The standings of a key, by origin. */
export function standingsOf({ accessKeyId, secretAccessKey }: Credentials, clock: Clock = systemClock): Standings {
  const keys = standingsByClock.get(clock) ?? new Map<string, Standings>()
  standingsByClock.set(clock, keys)
  const key = processHmac(`${accessKeyId} ${secretAccessKey}`)
  return keys.get(key) ?? put(keys, key, new Map(), MOST_KEYS, mayGo)
}

/** Ends the pauses of a key at every origin. */
export function forgive(credentials: Credentials, clock: Clock | undefined): void {
  for (const standing of standingsOf(credentials, clock).values()) standing.forgive()
}

/** @param url absolute, as it is sent */
export function standingAt(standings: Standings, url: string): KeyStanding {
  const end = url.indexOf("/", 8)
  const origin = end < 0 ? url : url.slice(0, end)
  return standings.get(origin) ?? put(standings, origin, new KeyStanding(), MOST_ORIGINS, hasNoFailure)
}

/** A full map first drops its oldest spare entry, or its oldest entry if none is spare. */
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
