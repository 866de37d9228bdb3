import type { WallClock } from "../identity/wall-clock.ts"
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

/**
 * The server's clock by a text such as `…, signature time:20191115T033655Z,server time:20191115T035156Z`. What counts is how
 * far the two are apart, so a time zone that the text leaves out does no harm.
 */
function serverTimeIn(text: string | undefined, signedAt: number): number | undefined {
  const server = timeIn(text, /server time/i)
  const signature = timeIn(text, /signature time/i)
  if (server === undefined || signature === undefined) return server
  // A signature tells whole seconds.
  return server - signature + Math.floor(signedAt / 1_000) * 1_000
}

/** As the gateway writes a time, as ISO 8601 has it (UTC where it names no zone), or as HTTP does. */
const TIME =
  /^[\s:=]*(?:(\d{4})-?(\d\d)-?(\d\d)[T ](\d\d):?(\d\d):?(\d\d(?:\.\d+)?) ?(?:Z|UTC|GMT|([+-]\d\d):?(\d\d))?|([a-z]{3}, [\da-z ]+ [\d:]{8} GMT))/i

function timeIn(text: string | undefined, label: RegExp): number | undefined {
  const after = text?.split(label)[1]
  const [found, year, month, day, hour, minute, second, zoneHours = "+00", zoneMinutes = "00", http] =
    TIME.exec(after ?? "") ?? []
  if (found === undefined) return undefined
  const time = Date.parse(http ?? `${year}-${month}-${day}T${hour}:${minute}:${second}${zoneHours}:${zoneMinutes}`)
  return Number.isNaN(time) ? undefined : time
}
