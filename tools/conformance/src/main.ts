import { readFile, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { parseArgs } from "node:util"
import { render } from "./render.ts"
import { type RuntimeReport, runMatrix } from "./run-matrix.ts"
import { runtimes } from "./runtimes.ts"
import { measureSizes } from "./sizes.ts"
import { regressions, type Summary, summaryOf } from "./summary.ts"

const PAGE = new URL("../../../docs/conformance.md", import.meta.url)
const DATA = new URL("../../../docs/conformance.json", import.meta.url)

const HELP = `npm run conformance -- [--check] [--runtime "Node 24"]...

Runs the matrix and writes docs/conformance.md and docs/conformance.json.

  --check     writes nothing; fails when a cell is worse than published, or not published
  --runtime   only this runtime, with --check (default: all: ${runtimes.map(({ name }) => name).join(", ")})
`

const { values } = parseArgs({
  options: {
    check: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true, default: [] },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help) console.log(HELP)
else await main(values.check, values.runtime)

async function main(isCheck: boolean, only: readonly string[]): Promise<void> {
  if (only.length > 0 && !isCheck)
    throw new Error("A part of the table cannot be published: give --check with --runtime.")
  const reports: RuntimeReport[] = []
  for (const runtime of runtimes.filter(({ name }) => only.length === 0 || only.includes(name))) {
    const report = await runMatrix(runtime)
    reports.push(report)
    tell(report)
  }
  if (reports.length === 0) throw new Error(`There is no runtime ${only.join(", ")}.`)
  const sizes = await measureSizes()
  const summary = summaryOf(reports, sizes)
  if (isCheck) await check(summary)
  else {
    await writeFile(PAGE, render(summary, sizes, clientVersions(), new Date().toISOString().slice(0, 10)))
    await writeFile(DATA, `${JSON.stringify(summary, undefined, 2)}\n`)
    console.log("docs/conformance.md is written.")
  }
  if (reports.some(({ cells }) => cells.some(({ judgement }) => judgement.outcome === "failed"))) process.exitCode = 1
}

function tell({ runtime, version, cells, vectors }: RuntimeReport): void {
  const of = (outcome: string): number => cells.filter(({ judgement }) => judgement.outcome === outcome).length
  console.log(
    `${runtime} ${version}: ${of("ok")} right, ${of("declined")} declined, ${of("failed")} failed; ${vectors.right} signatures right`,
  )
  for (const { client, body, scenario, auth, judgement } of cells) {
    if (judgement.outcome === "failed") console.log(`  ${client}, ${body}, ${scenario}, ${auth}: ${judgement.why}`)
  }
}

async function check(summary: Summary): Promise<void> {
  const worse = regressions(JSON.parse(await readFile(DATA, "utf8")) as Summary, summary)
  for (const line of worse) console.error(line)
  if (worse.length === 0) console.log("Nothing is worse than published.")
  else {
    console.error("Mend it, or, where it is meant, publish anew: npm run conformance")
    process.exitCode = 1
  }
}

/** Of the clients that the programs are bundled with. */
function clientVersions(): Record<string, string> {
  const require = createRequire(import.meta.url)
  const { devDependencies } = require("../package.json") as { devDependencies: Record<string, string> }
  const clients = ["axios", "axios-retry", "got", "ky", "ofetch", "openapi-fetch", "undici", "wretch"]
  return Object.fromEntries(
    clients.map((name) => [name, installedVersion(require, name) ?? devDependencies[name] ?? ""]),
  )
}

function installedVersion(require: NodeJS.Require, name: string): string | undefined {
  for (const folder of require.resolve.paths(name) ?? []) {
    try {
      return (require(`${folder}/${name}/package.json`) as { version: string }).version
    } catch {
      // In the next folder, then.
    }
  }
  return undefined
}
