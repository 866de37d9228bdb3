/** The server's clock. */
export interface ServerClock {
  /** Epoch ms. */
  now(): number
  /** A function that gives epoch ms, a number of milliseconds to add to the real time, or nothing for the real time. */
  set(clock: number | (() => number) | undefined): void
  /** Milliseconds that come on top, whatever the clock is. */
  offset: number
}

export function createServerClock(): ServerClock {
  let base: () => number = Date.now
  const clock: ServerClock = {
    offset: 0,
    now: () => base() + clock.offset,
    set(next) {
      base = typeof next === "function" ? next : next === undefined ? Date.now : () => Date.now() + next
    },
  }
  return clock
}
