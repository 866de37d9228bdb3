import { Fleet } from "./fleet/fleet.ts"
import { warmUp } from "./fleet/warm-up.ts"
import { callRules } from "./invariants/call-rules.ts"
import { Timeline } from "./invariants/timeline.ts"
import type { Violation } from "./invariants/violation.ts"
import type { Plan } from "./plans/plan.ts"
import { runningMachine } from "./time/machine.ts"
import { Random } from "./time/random.ts"
import { installVirtualGlobals } from "./time/virtual-globals.ts"

/** The outcome of a run. */
export interface Report {
  readonly violations: readonly Violation[]
  readonly iamCalls: number
  /** Commands to the store. */
  readonly commands: number
  /** Notices of changes that processes heard. */
  readonly notices: number
  /** Requests of programs to a service, with those that were sent once more. */
  readonly requests: number
  /** Reads that ended with an error. */
  readonly failures: number
  /** The longest wait of a caller for one attempt, milliseconds, without the time that its process stood still. */
  readonly longestWaitMs: number
  /** Requests that a service refused although they were sent once more. */
  readonly refusedReplays: number
}

/** Runs a plan to its end. The same plan gives the same report. */
export async function simulate(plan: Plan, trace?: (line: string) => void): Promise<Report> {
  await warmUp()
  const restore = installVirtualGlobals(new Random(`globals ${plan.seed}`), runningMachine, plan.checkEveryMs)
  try {
    const fleet = new Fleet(plan, trace)
    await fleet.run()
    const { iam, observed, server } = fleet.world
    observed.endWaits()
    const { requests, failures, longestWaitMs, refusedReplays } = observed
    const violations = [
      ...observed.violations,
      ...callRules(iam.calls, plan, new Timeline(plan.faults)),
      ...server.overwritten.map((at) => ({ rule: "an older value" as const, at, what: "a late write took its place" })),
    ]
    return {
      violations: violations.sort((one, other) => one.at - other.at),
      iamCalls: iam.calls.length,
      commands: server.commands,
      notices: server.notices,
      requests,
      failures,
      longestWaitMs,
      refusedReplays,
    }
  } finally {
    restore()
  }
}
