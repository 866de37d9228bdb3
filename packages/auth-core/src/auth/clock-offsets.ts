import type { WallClock } from "../identity/wall-clock.ts"
import type { Rejection } from "./auth.ts"

/** How far the clock of each endpoint is from the local one, learned from its answers. */
export interface ClockOffsets {
  /** The time that the endpoint's clock shows now, epoch ms. */
  nowAt(origin: string): number
  /**
   * Whether the rejection says that the signature's time is off. Where it is, the endpoint's offset is learned from the text
   * of the rejection, else from its Date header.
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
      const theirs = timeIn(errorMessage) ?? serverTime
      const isOff = theirs !== undefined && Math.abs(theirs - signedAt) > TOLERANCE_MS
      // Without a text, only the Date header tells an expired signature from a wrong one.
      const expired = errorMessage === undefined ? isOff : errorMessage.includes("signature expired")
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

/** `…,server time:20191115T035156Z`, or a date in any form that Date reads. */
function timeIn(message: string | undefined): number | undefined {
  const text = /server time:\s*([^,|"]+)/i.exec(message ?? "")?.[1]?.trim()
  if (text === undefined) return undefined
  const time = Date.parse(text.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, "$1-$2-$3T$4:$5:$6Z"))
  return Number.isNaN(time) ? undefined : time
}
