import { parentPort, workerData } from "node:worker_threads"
import type { Plan } from "./plans/plan.ts"
import { simulate } from "./simulate.ts"

for (const plan of workerData as readonly Plan[]) {
  parentPort?.postMessage({ plan, report: await simulate(plan) })
}
