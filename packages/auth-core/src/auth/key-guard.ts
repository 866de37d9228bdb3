import { AuthError } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import type { Clock } from "../runtime/clock.ts"
import { systemClock } from "../runtime/system-clock.ts"
import type { Attempt, Authentication, Rejection } from "./auth.ts"
import { type KeyStanding, MOST_AT_ONCE, type Standings, standingAt, standingsOf, Turn } from "./key-standing.ts"

const FIRST_PAUSE_MS = 60_000
const LONGEST_PAUSE_MS = 24 * 3_600_000
/** Five failures within it lock a key. */
const WINDOW_MS = 15 * 60_000
/** How long others wait for an answer that does not come, before the next of them goes. */
const LONGEST_WAIT_MS = 10_000

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

type Go = (turn: Turn) => Authentication

/** Credentials, and how they stand, so that they are looked for once. */
interface Holder {
  readonly credentials: Credentials
  standings: Standings | undefined
}

/**
 * Goes when it is this attempt's turn: with a key that is not confirmed one goes first, and the others wait for its outcome.
 *
 * @param go signs the attempt
 * @throws {AuthError} `AUTH_CREDENTIALS_REJECTED` while the key is paused.
 */
export function takeTurn(
  holder: Holder,
  attempt: Attempt,
  clock: Clock | undefined,
  go: Go,
): Authentication | Promise<Authentication> {
  holder.standings ??= standingsOf(holder.credentials, clock)
  const standing = standingAt(holder.standings, attempt.url)
  const { isConfirmed, failures, awaited, turn } = standing
  // No pause comes of one failure.
  if (isConfirmed || (failures < 2 && (awaited.size === 0 || !attempt.tellsOutcome)))
    return begun(turn, attempt, clock, go)
  return awaitTurn(standing, holder.credentials.accessKeyId, attempt, clock ?? systemClock, go)
}

function begun(turn: Turn, attempt: Attempt, clock: Clock | undefined, go: Go): Authentication {
  const authentication = go(turn)
  const ended = turn.begin(attempt, clock)
  return ended === undefined ? authentication : { ...authentication, ended }
}

async function awaitTurn(
  standing: KeyStanding,
  accessKeyId: string,
  attempt: Attempt,
  clock: Clock,
  go: Go,
): Promise<Authentication> {
  const { url, signal, tellsOutcome } = attempt
  for (;;) {
    if (signal?.aborted) standing.wake()
    signal?.throwIfAborted()
    const now = clock.monotonic()
    const retryAfterMs = pausedMs(standing, now)
    if (retryAfterMs > 0) throw paused(accessKeyId, new URL(url).origin, standing.failures, retryAfterMs)
    const waitMs = standing.isConfirmed || !tellsOutcome ? 0 : turnInMs(standing, now)
    if (waitMs <= 0) return begun(standing.turn, attempt, clock, go)
    await changed(standing, waitMs, clock)
  }
}

function recentFailures({ failedAt }: KeyStanding, now: number): number[] {
  return failedAt.filter((time) => now - time <= WINDOW_MS)
}

/** How long the key is not to be sent: for its pause, and so that no 15 minutes hold five failures. */
function pausedMs(standing: KeyStanding, now: number): number {
  const fourth = recentFailures(standing, now).at(-MOST_AT_ONCE)
  const windowMs = fourth === undefined ? 0 : fourth + WINDOW_MS + 1 - now
  return Math.max(standing.pausedUntil - now, windowMs, 0)
}

/** Attempts without an answer count as failures to come, until they have been out for longer than any answer takes. */
function turnInMs(standing: KeyStanding, now: number): number {
  const { awaited, isAnswered } = standing
  for (const [attempt, { since }] of awaited) if (now - since > WINDOW_MS) standing.end(attempt)
  if (awaited.size === 0) return 0
  if (awaited.size + recentFailures(standing, now).length >= MOST_AT_ONCE) return LONGEST_WAIT_MS
  if (isAnswered) return 0
  return Math.max(...[...awaited.values()].map(({ since }) => since)) + LONGEST_WAIT_MS - now
}

async function changed({ waiting }: KeyStanding, longestMs: number, clock: Clock): Promise<void> {
  const timer = new AbortController()
  await new Promise<void>((resolve) => {
    const wake = (): void => {
      waiting.delete(wake)
      timer.abort()
      resolve()
    }
    waiting.add(wake)
    clock.sleep(longestMs, timer.signal).then(wake, wake)
  })
}

function paused(accessKeyId: string, origin: string, failures: number, retryAfterMs: number): AuthError {
  return new AuthError(
    "AUTH_CREDENTIALS_REJECTED",
    `The access key ${accessKeyId} is not sent to ${origin} for another ${Math.ceil(retryAfterMs / 1000)} s: its signature failed there ${failures} times in a row, and five failures lock a key, for its right owner too. Check that the SK is the one of this AK. Other credentials go at once, and so does this key after reset() of the auth.`,
    { endpoint: origin, retryAfterMs },
  )
}

/**
 * Whether a signature failed because of the key: the gateway says that it failed, and what it shows of its canonical request
 * is ours. Where they differ the request was changed on its way. Where what it says could not be read, it may be the key.
 *
 * @param ours with lines, as signed
 */
export function isKeyAtFault({ errorMessage }: Rejection, ours: () => readonly string[]): boolean {
  if (errorMessage === undefined) return true
  if (!/verify aksk signature fail/i.test(errorMessage)) return false
  const theirs = /canonicalRequest:(.*)/is.exec(errorMessage)?.[1]?.trim()
  if (theirs === undefined || theirs === "") return true
  // Long ones may be cut short.
  return ours().some((text) => text.replaceAll("\n", "|").startsWith(theirs.replaceAll("\n", "|")))
}
