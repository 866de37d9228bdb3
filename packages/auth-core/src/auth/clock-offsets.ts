import type { WallClock } from "../identity/wall-clock.ts"
import { serverTimeIn } from "../signing/server-time.ts"
import type { Rejection } from "./auth.ts"

/** How far the clock of each endpoint is from the local one, learned from its answers. */
export interface ClockOffsets {
  /** The time that the endpoint's clock shows now, epoch ms. */
  nowAt(origin: string): number
  /**
   * Whether the rejection says that the signature's time is off. Where it is, the endpoint's offset is learned from the times
   * in the text of the rejection, else from its Date header.
   */
  learn(rejection: Rejection, signedAt: number): boolean
}

/** What the gateway allows either way. */
const TOLERANCE_MS = 15 * 60_000
const MOST_ORIGINS = 1_000

export function createClockOffsets(
  clock: WallClock,
  onOffset: ((offset: { origin: string; offsetMs: number }) => void) | undefined,
): ClockOffsets {
  const offsets = new Map<string, number>()
  return {
    nowAt: (origin) => clock.now() + (offsets.get(origin) ?? 0),
    learn({ origin, errorMessage, serverTime }, signedAt) {
      const theirs = serverTimeIn(errorMessage, signedAt) ?? serverTime
      const isOff = theirs !== undefined && Math.abs(theirs - signedAt) > TOLERANCE_MS
      // Without a text, only the Date header tells an expired signature from a wrong one.
      const expired = errorMessage === undefined ? isOff : /signature expired/i.test(errorMessage)
      // A gateway that looks at the end of a temporary key first would look at the signature's time next.
      const isNext = isOff && errorMessage?.includes("token expires") === true
      if (theirs === undefined || !(expired || isNext)) return expired
      const offsetMs = theirs - clock.now()
      const [oldest] = offsets.keys()
      if (offsets.size >= MOST_ORIGINS && oldest !== undefined) offsets.delete(oldest)
      offsets.set(origin, offsetMs)
      onOffset?.({ origin, offsetMs })
      return expired
    },
  }
}
