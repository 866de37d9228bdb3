/** Where time comes from. Tests and simulations bring their own. */
export interface Clock {
  /** Wall clock, epoch ms. May jump. */
  now(): number
  /** Milliseconds since any fixed moment. Never goes back. */
  monotonic(): number
  /** Resolves after so many milliseconds of this clock; rejects with the signal's reason when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The part of a clock that tells the time of day. */
export type WallClock = Pick<Clock, "now">

export const systemWallClock: WallClock = { now: () => Date.now() }
