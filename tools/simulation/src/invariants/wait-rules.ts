import type { Wait } from "../fleet/observations.ts"
import type { Plan } from "../plans/plan.ts"
import type { Timeline } from "./timeline.ts"
import type { Violation } from "./violation.ts"

const LEASE_MS = 15_000
/** Two leases, one refresh, and a few operations of the store. */
const BOUND_MS = 2 * LEASE_MS + 30_000 + 4_000
/** IAM answers within 1 s. The store costs twice its time limit. One more second is slack. */
const PROMPT_MS = 1_000 + 2 * 500 + 1_000

/** How long callers wait. */
export function waitRules(waits: readonly Wait[], plan: Plan, timeline: Timeline): Violation[] {
  return waits.flatMap((wait): Violation[] => {
    const { process, identity, from, until = plan.endMs, failed } = wait
    const ms = waitedMs(wait, plan.endMs)
    const what = `${process} waited ${Math.round(ms)} ms for ${identity}${failed === undefined ? "" : `, then failed with ${failed}`}`
    if (ms > BOUND_MS) return [{ rule: "a long wait", at: from, what }]
    const isUnnoticed = !timeline.isFreeOf(["losesNotices"], from - LEASE_MS, until)
    const promptMs = PROMPT_MS + (isUnnoticed ? LEASE_MS / 2 : 0)
    const isExcused =
      !timeline.isFreeOf(["onIam"], from - 5_000, until) ||
      !timeline.isFreeOf(["orphansLeases", "stops"], from - 2 * LEASE_MS, until)
    return ms > promptMs && !isExcused ? [{ rule: "a stall", at: from, what }] : []
  })
}

/** How long a caller waited while its process ran. */
export function waitedMs({ from, until, stoppedBefore, stoppedAfter }: Wait, endMs: number): number {
  return (until ?? endMs) - from - (stoppedAfter - stoppedBefore)
}
