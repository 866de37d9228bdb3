import type { PendingFault } from "../state/faults.ts"
import type { World } from "../state/world.ts"
import type { EmulatorState, WaitingFault } from "./record.ts"

/** Reads the state that may be changed from outside. */
export function stateOf(world: World): EmulatorState {
  const { clock, pending, metadataMode, accounts } = world
  return {
    clock: clock.offsetMs === undefined ? { now: clock.now() } : { offsetMs: clock.offsetMs },
    faults: pending.filter(({ timesLeft }) => timesLeft > 0).map(waitingFault),
    metadataMode,
    customers: accounts.customers.length,
  }
}

/** The server's clock now, epoch ms, and how far it is from the real time unless a function sets it. */
export function clockOf({ clock }: World): { now: number; iso: string; offsetMs?: number } {
  const now = clock.now()
  const { offsetMs } = clock
  return { now, iso: new Date(now).toISOString(), ...(offsetMs === undefined ? {} : { offsetMs }) }
}

function waitingFault({ target, asked, timesLeft }: PendingFault): WaitingFault {
  return {
    kind: asked.kind,
    words: wordsOf(asked),
    target: String(target),
    ...(timesLeft === Number.POSITIVE_INFINITY ? {} : { timesLeft }),
  }
}

function wordsOf(asked: PendingFault["asked"]): string {
  switch (asked.kind) {
    case "delay":
      return `answers ${asked.ms} ms late`
    case "status":
      return `answers ${asked.status}${asked.retryAfterSeconds === undefined ? "" : `, Retry-After ${asked.retryAfterSeconds} s`}`
    case "service":
      return `answers as ${asked.service} that refuses`
    case "drop":
      return "drops the connection"
    case "redirect":
      return `redirects to ${asked.to} with ${asked.status}`
    case "throttle":
      return `lets ${asked.requests} requests in ${asked.perMs} ms through`
  }
}
