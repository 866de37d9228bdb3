/** The server's clock. */
export interface ServerClock {
  /** Epoch ms. */
  now(): number
  /** A function that gives epoch ms, a number of milliseconds to add to the real time, or nothing for the real time. */
  set(clock: number | (() => number) | undefined): void
  /** Milliseconds that come on top, whatever the clock is. */
  offset: number
  /** Whether it goes at the pace of the real time: a function may stand still, or jump. */
  readonly isSteady: boolean
}

export function createServerClock(): ServerClock {
  let base: () => number = Date.now
  let isSteady = true
  const clock: ServerClock = {
    offset: 0,
    get isSteady() {
      return isSteady
    },
    now: () => base() + clock.offset,
    set(next) {
      isSteady = typeof next !== "function"
      base = typeof next === "function" ? next : next === undefined ? Date.now : () => Date.now() + next
    },
  }
  return clock
}
