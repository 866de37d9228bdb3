import { invalidOption } from "@countersign/auth-core/adapter"

/** The server's clock. */
export interface ServerClock {
  /** Epoch ms. */
  now(): number
  /**
   * A function that gives epoch ms, a number of milliseconds to add to the real time, or nothing for the real time.
   *
   * @throws {AuthError} `AUTH_INVALID_OPTION` for anything else, and for a time outside the years 1970 to 9999; so does `offset`
   */
  set(clock: number | (() => number) | undefined): void
  /** Milliseconds that are added to any clock. */
  offset: number
  /** The distance from the real time, milliseconds; `undefined` if a function sets the clock. */
  readonly offsetMs: number | undefined
}

/** The last time that a Date header and IAM's six decimals can write, epoch ms. */
const LAST_TIME = Date.UTC(9999, 11, 31)

export function createServerClock(): ServerClock {
  let base: () => number = Date.now
  let added: number | undefined = 0
  let offset = 0
  const clock: ServerClock = {
    get offset() {
      return offset
    },
    set offset(next) {
      checkOffset(next)
      offset = next
    },
    get offsetMs() {
      return added === undefined ? undefined : added + offset
    },
    now: () => base() + offset,
    set(next) {
      if (typeof next === "function") checkTime(next())
      else if (next !== undefined) checkOffset(next)
      added = typeof next === "function" ? undefined : (next ?? 0)
      base = typeof next === "function" ? next : () => Date.now() + (next ?? 0)
    },
  }
  return clock
}

function checkOffset(ms: unknown): void {
  if (typeof ms !== "number") throw invalidOption("The clock takes a number of milliseconds, or a function.")
  if (isTime(Date.now() + ms)) return
  throw invalidOption(`The clock cannot move by ${ms} ms: the server's time is within the years 1970 to 9999.`)
}

function checkTime(time: unknown): void {
  if (typeof time === "number" && isTime(time)) return
  throw invalidOption("The function of a clock must give epoch milliseconds within the years 1970 to 9999.")
}

function isTime(time: number): boolean {
  return time >= 0 && time <= LAST_TIME
}
