import type { Clock } from "./clock.ts"

/** The part of a clock that tells the time of day. */
export type WallClock = Pick<Clock, "now">

export const systemWallClock: WallClock = { now: () => Date.now() }
