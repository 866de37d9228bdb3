import type { Iam } from "../cloud/iam.ts"
import { Timeline } from "../invariants/timeline.ts"
import { TokenRules, type Use } from "../invariants/token-rules.ts"
import type { Violation } from "../invariants/violation.ts"
import { type Wait, waitRules } from "../invariants/wait-rules.ts"
import type { Plan } from "../plans/plan.ts"
import type { Machine } from "../time/machine.ts"

/**
 * All that is seen of a fleet from outside, apart from the calls of IAM. It is judged at once, so that a run of weeks
 * needs no more memory than one of minutes.
 */
export class Observations {
  readonly violations: Violation[] = []
  requests = 0
  failures = 0
  refusedReplays = 0
  longestWaitMs = 0
  readonly #waiting = new Set<Wait>()
  readonly #timeline: Timeline
  readonly #tokenRules: TokenRules

  constructor(plan: Plan, iam: Iam) {
    this.#timeline = new Timeline(plan.faults)
    this.#tokenRules = new TokenRules(iam, plan)
  }

  beginWait(machine: Machine, identity: string): Wait {
    const wait = { machine, identity, from: machine.time, stoppedBefore: machine.stoppedMs }
    this.#waiting.add(wait)
    return wait
  }

  /** @param failed the code of the error that ended it */
  endWait(wait: Wait, failed?: string): void {
    if (failed !== undefined) this.failures += 1
    if (!this.#waiting.delete(wait)) return
    const { machine, from, stoppedBefore } = wait
    const until = machine.time
    const ranMs = until - from - (machine.stoppedMs - stoppedBefore)
    this.longestWaitMs = Math.max(this.longestWaitMs, ranMs)
    const violation = waitRules({ ...wait, until, ranMs, failed }, this.#timeline)
    if (violation !== undefined) this.violations.push(violation)
  }

  /** Ends the waits of one process, or of all. */
  endWaits(machine?: Machine): void {
    for (const wait of this.#waiting) if (machine === undefined || wait.machine === machine) this.endWait(wait)
  }

  /** @param secrets those that the process has had until then */
  sent(use: Use, secrets: ReadonlySet<string>): void {
    this.requests += 1
    const violation = this.#tokenRules.sent(use, secrets)
    if (violation !== undefined) this.violations.push(violation)
  }

  /** @param isLast it was the answer to a replay */
  refused(use: Use, isLast: boolean): void {
    if (isLast) this.refusedReplays += 1
    this.#tokenRules.refused(use)
  }

  uncaught(error: unknown, at: number): void {
    this.violations.push({ rule: "uncaught", at, what: String(error) })
  }
}
