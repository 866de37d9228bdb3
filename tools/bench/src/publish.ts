import { readFile, writeFile } from "node:fs/promises"
import { drawChart } from "./draw-chart.ts"
import { renderPage } from "./render-page.ts"
import type { Report, Run } from "./report.ts"
import type { RuntimeName } from "./runtimes.ts"

const DOCS = new URL("../../../docs/", import.meta.url)
const DATA = new URL("performance.json", DOCS)

/** What was published last; nothing of any runtime, if nothing was. */
export async function published(): Promise<Report> {
  const text = await readFile(DATA, "utf8").catch(() => '{"runtimes":{}}')
  return JSON.parse(text) as Report
}

/** Puts a run in the place of the last of its runtime, and writes page, data and charts. */
export async function publish(name: RuntimeName, run: Run): Promise<void> {
  const report = withRun(await published(), name, run)
  await writeFile(DATA, `${JSON.stringify(report, undefined, 2)}\n`)
  await writeFile(new URL("performance.md", DOCS), renderPage(report))
  for (const chart of run.parts.flatMap(({ charts }) => charts))
    await writeFile(new URL(`${chart.id}.svg`, DOCS), drawChart(chart))
  console.log("\ndocs/performance.md is written.")
}

/** Always in the same order. */
function withRun({ runtimes }: Report, name: RuntimeName, run: Run): Report {
  const of = (runtime: RuntimeName): Run | undefined => (runtime === name ? run : runtimes[runtime])
  const [node, bun, deno] = [of("node"), of("bun"), of("deno")]
  return { runtimes: { ...(node && { node }), ...(bun && { bun }), ...(deno && { deno }) } }
}
