import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { RULES } from "./invariants/violation.ts"
import { randomPlan } from "./plans/random-plan.ts"
import { runSeeds } from "./run-seeds.ts"
import { simulate } from "./simulate.ts"

const HELP = `npm run simulation -- [--seeds 300] [--from 1]
npm run simulation -- --seed 7

Runs fleets of processes under faults, on virtual time, and tells which promises of the cache they broke.

  --seeds   how many fleets
  --from    the first seed
  --seed    prints all that happens in this one
`

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "300" },
    from: { type: "string", default: "1" },
    seed: { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help) console.log(HELP)
else if (values.seed !== undefined) await show(values.seed)
else await runAll(Number(values.from), Number(values.seeds))

async function show(seed: string): Promise<void> {
  const plan = randomPlan(seed)
  console.log(JSON.stringify(plan, undefined, 2))
  const { violations, ...report } = await simulate(plan, (line) => console.log(line))
  console.log(JSON.stringify(report, undefined, 2))
  for (const { rule, at, what } of violations) console.log(`${at.toFixed(3)} ${rule}: ${what}`)
  if (violations.length > 0) process.exitCode = 1
}

async function runAll(from: number, count: number): Promise<void> {
  const begun = performance.now()
  const total = await runSeeds(from, count, availableParallelism())
  for (const { seed, violation, more } of total.failures) {
    const others = more === 0 ? "" : `, and ${more} more`
    console.log(`seed ${seed}, ${violation.rule}, at ${Math.round(violation.at)} ms: ${violation.what}${others}`)
  }
  for (const rule of new Set(total.failures.map(({ violation }) => violation.rule))) {
    console.log(`"${rule}" means broken: ${RULES[rule]}`)
  }
  const seconds = Math.round((performance.now() - begun) / 1_000)
  const share = `${total.failures.length} of ${count} fleets broke a promise`
  console.log(
    `${share}; ${total.processes} processes, ${total.requests} requests, ${total.iamCalls} calls of IAM, ${total.commands} commands in ${seconds} s`,
  )
  if (total.failures.length > 0) process.exitCode = 1
}
