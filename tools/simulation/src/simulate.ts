import { Fleet } from "./fleet/fleet.ts"
import { warmUp } from "./fleet/warm-up.ts"
import { callRules } from "./invariants/call-rules.ts"
import { Timeline } from "./invariants/timeline.ts"
import { tokenRules } from "./invariants/token-rules.ts"
import type { Violation } from "./invariants/violation.ts"
import { waitedMs, waitRules } from "./invariants/wait-rules.ts"
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
  const restore = installVirtualGlobals(new Random(`globals ${plan.seed}`), runningMachine)
  try {
    const fleet = new Fleet(plan, trace)
    await fleet.run()
    const { iam, observed, server } = fleet.world
    const timeline = new Timeline(plan.faults)
    const uncaught = observed.errors.map((what) => ({ rule: "uncaught" as const, at: 0, what }))
    const violations = [
      ...tokenRules(iam, observed, plan),
      ...callRules(iam.calls, plan, timeline),
      ...waitRules(observed.waits, plan, timeline),
      ...uncaught,
    ].sort((one, other) => one.at - other.at)
    return {
      violations,
      iamCalls: iam.calls.length,
      commands: server.commands,
      requests: observed.sent.length,
      failures: observed.waits.filter(({ failed }) => failed !== undefined).length,
      longestWaitMs: Math.max(0, ...observed.waits.map((wait) => waitedMs(wait, plan.endMs))),
      refusedReplays: observed.refused.filter(({ isLast }) => isLast).length,
    }
  } finally {
    restore()
  }
}
