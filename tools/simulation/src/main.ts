import { parseArgs } from "node:util"
import { RULES } from "./invariants/violation.ts"
import { runLong } from "./long-run.ts"
import { randomPlan } from "./plans/random-plan.ts"
import { type Run, runPlans } from "./run-plans.ts"
import { type Report, simulate } from "./simulate.ts"

const HELP = `npm run simulation -- [--seeds 300] [--from 1]
npm run simulation -- --seed 7
npm run simulation -- --long

Runs fleets of processes under faults, on virtual time, and tells which promises of the cache they broke.

  --seeds   how many fleets
  --from    the first seed
  --seed    prints all that happens in this one
  --long    runs two fleets for weeks without faults, and draws docs/simulation.svg
`

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    long: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help) console.log(HELP)
else if (values.seed !== undefined) await show(values.seed)
else if (values.long) await runAllLong()
else await runAll(Number(values.from), Number(values.seeds))

async function show(seed: string): Promise<void> {
  const plan = randomPlan(seed)
  console.log(JSON.stringify(plan, undefined, 2))
  const { violations, ...report } = await simulate(plan, (line) => console.log(line))
  console.log(JSON.stringify(report, undefined, 2))
  for (const { rule, at, what } of violations) console.log(`${at.toFixed(3)} ${rule}: ${what}`)
  if (violations.length > 0) process.exitCode = 1
}

async function runAllLong(): Promise<void> {
  if (!(await runLong())) process.exitCode = 1
  console.log(timeText())
}

async function runAll(from: number, count: number): Promise<void> {
  const runs = await runPlans(Array.from({ length: count }, (_, index) => randomPlan(String(from + index))))
  const failed = runs.filter(({ report }) => report.violations.length > 0)
  for (const run of failed) tell(run)
  for (const rule of new Set(failed.map(({ report }) => report.violations[0]?.rule))) {
    if (rule !== undefined) console.log(`"${rule}" means broken: ${RULES[rule]}`)
  }
  const sumOf = (figure: (report: Report) => number): number =>
    runs.reduce((sum, { report }) => sum + figure(report), 0)
  const processes = runs.reduce((sum, { plan }) => sum + plan.processes, 0)
  const requests = sumOf((report) => report.requests)
  const iamCalls = sumOf((report) => report.iamCalls)
  const commands = sumOf((report) => report.commands)
  console.log(
    `${failed.length} of ${count} fleets broke a promise; ${processes} processes, ${requests} requests, ${iamCalls} calls of IAM, ${commands} commands`,
  )
  console.log(timeText())
  if (failed.length > 0) process.exitCode = 1
}

function tell({ plan: { seed }, report: { violations } }: Run): void {
  const [violation, ...more] = violations
  if (violation === undefined) return
  const others = more.length === 0 ? "" : `, and ${more.length} more`
  console.log(`seed ${seed}, ${violation.rule}, at ${Math.round(violation.at)} ms: ${violation.what}${others}`)
}

function timeText(): string {
  const { user, system } = process.cpuUsage()
  return `${Math.round(performance.now() / 1_000)} s, ${Math.round((user + system) / 1e6)} s of processor time`
}
