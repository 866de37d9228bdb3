/** The server's clock. */
export interface ServerClock {
  /** Epoch ms. */
  now(): number
  /** A function that gives epoch ms, a number of milliseconds to add to the real time, or nothing for the real time. */
  set(clock: number | (() => number) | undefined): void
  /** Milliseconds that are added to any clock. */
  offset: number
  /** The distance from the real time, milliseconds; `undefined` if a function sets the clock. */
  readonly offsetMs: number | undefined
}

export function createServerClock(): ServerClock {
  let base: () => number = Date.now
  let added: number | undefined = 0
  const clock: ServerClock = {
    offset: 0,
    get offsetMs() {
      return added === undefined ? undefined : added + clock.offset
    },
    now: () => base() + clock.offset,
    set(next) {
      added = typeof next === "function" ? undefined : (next ?? 0)
      base = typeof next === "function" ? next : () => Date.now() + (next ?? 0)
    },
  }
  return clock
}
