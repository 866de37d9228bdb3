import type { Machine } from "../time/machine.ts"
import type { Timeline } from "./timeline.ts"
import type { Violation } from "./violation.ts"

const LEASE_MS = 15_000
/** Two leases, one refresh, and a few operations of the store. */
const BOUND_MS = 2 * LEASE_MS + 30_000 + 4_000
/** IAM answers within 1 s. The store costs twice its time limit. One more second is slack. */
const PROMPT_MS = 1_000 + 2 * 500 + 1_000
/** A process that hears nothing yet looks again after up to 2 s, at the cost of two more time limits of the store. */
const SLOW_MS = 2_000 + 2 * 500

/** A caller's wait for one attempt: from its call, or from a refusal, until the attempt is sent or the call fails. */
export interface Wait {
  readonly machine: Machine
  readonly identity: string
  readonly from: number
  /** The process had stood still for so long, in all, when the wait began; milliseconds. */
  readonly stoppedBefore: number
}

/** A wait that is over. */
export interface EndedWait extends Wait {
  readonly until: number
  /** How long the caller waited while its process ran. */
  readonly ranMs: number
  /** The code of the error that ended it. */
  readonly failed: string | undefined
}

/** How long callers wait. */
export function waitRules(wait: EndedWait, timeline: Timeline): Violation | undefined {
  const { machine, identity, from, until, ranMs, failed } = wait
  if (ranMs <= PROMPT_MS) return undefined
  const what = `${machine.name} waited ${Math.round(ranMs)} ms for ${identity}${failed === undefined ? "" : `, then failed with ${failed}`}`
  if (ranMs > BOUND_MS) return { rule: "a long wait", at: from, what }
  const isUnnoticed = !timeline.isFreeOf(["losesNotices"], from - LEASE_MS, until)
  const isSlow = !timeline.isFreeOf(["slowsStore"], from, until)
  const promptMs = PROMPT_MS + (isUnnoticed ? LEASE_MS / 2 : 0) + (isSlow ? SLOW_MS : 0)
  const isExcused =
    !timeline.isFreeOf(["onIam"], from - 5_000, until) ||
    !timeline.isFreeOf(["orphansLeases", "stops"], from - 2 * LEASE_MS, until)
  return ranMs > promptMs && !isExcused ? { rule: "a stall", at: from, what } : undefined
}
