import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import type { Plan } from "./plans/plan.ts"
import type { Report } from "./simulate.ts"

/** A run that has ended. */
export interface Run {
  readonly plan: Plan
  readonly report: Report
}

/** Runs plans on all processors. The runs come in the order of the plans. */
export async function runPlans(plans: readonly Plan[]): Promise<Run[]> {
  const threads = Math.min(availableParallelism(), plans.length)
  const parts = Array.from({ length: threads }, (_, thread) => plans.filter((_, index) => index % threads === thread))
  const runs = new Map((await Promise.all(parts.map(runPart))).flat().map((run) => [run.plan.seed, run]))
  return plans.flatMap(({ seed }) => runs.get(seed) ?? [])
}

function runPart(plans: readonly Plan[]): Promise<Run[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./plan-worker.ts", import.meta.url), { workerData: plans })
    const runs: Run[] = []
    worker.on("message", (run: Run) => runs.push(run))
    worker.on("error", reject)
    worker.on("exit", () => resolve(runs))
  })
}
