// Loaded beside the first signed request. Nothing of it is needed to sign.
import { type Cloud, checkCloud } from "../cloud/cloud.ts"
import { AuthError, invalidOption } from "../errors/auth-error.ts"
import type { Credentials } from "../identity/credentials.ts"
import { type Clock, systemClock } from "../runtime/clock.ts"
import { checkListener } from "../runtime/tell-listeners.ts"
import type { Attempt, Authentication } from "./auth.ts"
import {
  type KeyStanding,
  MOST_AT_ONCE,
  pausedMs,
  recentFailures,
  type Standings,
  standingAt,
  standingsOf,
  type Turn,
  WINDOW_MS,
} from "./key-standing.ts"
import type { SignatureJudge, SignatureJudgeOptions } from "./signature-judge.chunk.ts"

/** How long others wait for an answer that does not come, before the next one starts. */
const LONGEST_WAIT_MS = 10_000

type Go = (turn: Turn) => Authentication

interface CheckedOptions {
  readonly cloud?: Cloud | undefined
  readonly clock?: Clock | undefined
  readonly label?: string | undefined
  readonly onEvent?: unknown
}

/** Checks options with the first attempt, since the program does not load this code at its start. */
function checkOptions({ cloud, clock, label, onEvent }: CheckedOptions): void {
  checkCloud(cloud)
  if (clock !== undefined && !isClock(clock))
    throw invalidOption("`clock` must be an object with the functions now, monotonic and sleep.")
  if (label !== undefined && typeof label !== "string") throw invalidOption("`label` must be a text.")
  checkListener(onEvent)
}

function isClock(clock: Clock): boolean {
  return (["now", "monotonic", "sleep"] as const).every((name) => typeof Object(clock)[name] === "function")
}

/** Credentials with their standings, so that these are looked up once. */
interface Holder {
  readonly credentials: Credentials
  standings: Standings | undefined
}

/**
 * Signs an attempt when its turn comes. With a key that is not confirmed, one attempt goes first and the others wait
 * for its outcome.
 *
 * @param options those of the auth, checked with the first attempt
 * @param go signs the attempt
 * @throws {AuthError} `AUTH_CREDENTIALS_REJECTED` while the key is paused, `AUTH_INVALID_OPTION`
 */
export function takeTurn(
  holder: Holder,
  attempt: Attempt,
  options: CheckedOptions,
  go: Go,
): Authentication | Promise<Authentication> {
  const { clock } = options
  if (holder.standings === undefined) checkOptions(options)
  holder.standings ??= standingsOf(holder.credentials, clock)
  const standing = standingAt(holder.standings, attempt.url)
  const { isConfirmed, failures, awaited, turn } = standing
  // One failure causes no pause.
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

/** An attempt without an answer counts as a coming failure, until it has been out for longer than any answer takes. */
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
    `The access key ${accessKeyId} is not sent to ${origin} for another ${Math.ceil(retryAfterMs / 1000)} s: its signature failed there ${failures} times in a row, and five failures lock a key, for its right owner too. Check that the SK belongs to this AK. Other credentials are sent at once, and so is this key after reset() of the auth.`,
    { endpoint: origin, retryAfterMs },
  )
}

/** The judge of refused signatures. Its code is loaded with the first one. */
export async function signatureJudge(options: SignatureJudgeOptions): Promise<SignatureJudge> {
  const { createSignatureJudge } = await import("./signature-judge.chunk.ts")
  return createSignatureJudge(options)
}

export { forgive } from "./key-standing.ts"
