import { parseArgs } from "node:util"
import { publish, readPublished } from "@countersign/tools-shared/published-figures"
import { budgetFaults } from "./budget-faults.ts"
import { installedClients } from "./installed-clients.ts"
import { regressions } from "./regressions.ts"
import { render } from "./render.ts"
import { type RuntimeReport, runMatrix } from "./run-matrix.ts"
import { runtimes } from "./runtimes.ts"
import { measureSizes } from "./sizes.ts"
import { staleness } from "./staleness.ts"
import { type Summary, summaryOf } from "./summary.ts"
import { VECTOR_COUNT } from "./vectors.ts"

const NAMES = runtimes.map(({ name }) => name)

const HELP = `npm run conformance -- [--sizes | --check [--runtime "Node 24"]...]

Runs the matrix and writes docs/conformance.md and docs/conformance.json.

  --sizes     measures only the bundles, and writes them beside the published cells
  --check     writes nothing; fails when a cell is worse than published, the page is out of date, or a bundle over its budget
  --runtime   only this runtime, with --check (default: all: ${NAMES.join(", ")})
`

const { values } = parseArgs({
  options: {
    sizes: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help) console.log(HELP)
else if (values.sizes) await publishSizes()
else await main(values.check, values.runtime)

async function main(isCheck: boolean, only: readonly string[]): Promise<void> {
  if (only.length > 0 && !isCheck)
    throw new Error("A part of the table cannot be published: give --check with --runtime.")
  const unknown = only.filter((name) => !NAMES.includes(name))
  if (unknown.length > 0) throw new Error(`There is no runtime ${unknown.join(", ")}.`)
  const reports: RuntimeReport[] = []
  for (const runtime of runtimes.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const report = await runMatrix(runtime)
    reports.push(report)
    tell(report)
  }
  const summary = summaryOf(reports, await measureSizes(), installedClients())
  if (isCheck) await check(summary)
  else await publish("conformance", { data: summary, page: render(summary) })
  const hasFailed = ({ cells, vectors, renewals }: RuntimeReport): boolean =>
    cells.some(({ judgement }) => judgement.outcome === "failed") ||
    vectors !== VECTOR_COUNT ||
    (renewals?.faults.length ?? 0) > 0
  if (reports.some(hasFailed)) process.exitCode = 1
}

async function publishSizes(): Promise<void> {
  const { data } = await readPublished<Summary>("conformance")
  const summary: Summary = { ...data, sizes: await measureSizes() }
  await publish("conformance", { data: summary, page: render(summary) })
}

function tell({ runtime, version, cells, vectors, renewals }: RuntimeReport): void {
  const of = (outcome: string): number => cells.filter(({ judgement }) => judgement.outcome === outcome).length
  console.log(
    `${runtime} ${version}: ${of("ok")} right, ${of("declined")} declined, ${of("failed")} failed; ${vectors} of ${VECTOR_COUNT} signatures right`,
  )
  for (const fault of renewals?.faults ?? []) console.log(`  renewals: ${fault}`)
  for (const { column, body, scenario, auth, judgement } of cells) {
    if (judgement.outcome === "failed") console.log(`  ${column}, ${body}, ${scenario}, ${auth}: ${judgement.why}`)
  }
}

async function check(summary: Summary): Promise<void> {
  const published = await readPublished<Summary>("conformance")
  const worse = regressions(published.data, summary)
  const stale = staleness(published.data, published.page, summary, NAMES)
  const overBudget = budgetFaults(summary.sizes)
  for (const line of [...worse, ...stale, ...overBudget]) console.error(line)
  if (worse.length > 0) console.error("Mend what is worse or, where it is meant, publish anew: npm run conformance")
  else if (stale.length > 0) console.error("docs/conformance.md is out of date: npm run conformance")
  else console.log("Nothing is worse than published, and docs/conformance.md is up to date.")
  if (overBudget.length > 0)
    console.error("A bundle for browsers has more in it than it may: tools/conformance/src/sizes.ts")
  if (worse.length + stale.length + overBudget.length > 0) process.exitCode = 1
}
