import { parentPort, workerData } from "node:worker_threads"
import type { Violation } from "./invariants/violation.ts"
import { randomPlan } from "./plans/random-plan.ts"
import { simulate } from "./simulate.ts"

/** The outcome of one seed. */
export interface SeedResult {
  readonly seed: number
  readonly violations: readonly Violation[]
  readonly processes: number
  readonly requests: number
  readonly iamCalls: number
  readonly commands: number
}

for (const seed of workerData as readonly number[]) {
  const plan = randomPlan(String(seed))
  const { violations, requests, iamCalls, commands } = await simulate(plan)
  const result: SeedResult = { seed, violations, processes: plan.processes, requests, iamCalls, commands }
  parentPort?.postMessage(result)
}
