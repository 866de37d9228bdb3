import { writeFile } from "node:fs/promises"
import { publish, readPublished } from "@countersign/tools-shared/published-figures"
import { drawChart } from "./draw-chart.ts"
import { renderPage } from "./render-page.ts"
import type { Report, Run } from "./report.ts"
import type { RuntimeName } from "./runtimes.ts"

const DOCS = new URL("../../../docs/", import.meta.url)

/** The last run of each runtime. */
export async function publishedReport(): Promise<Report> {
  return (await readPublished<Report>("performance")).data
}

/** Replaces the last run of a runtime, and writes page, data and charts. */
export async function publishRun(name: RuntimeName, run: Run): Promise<void> {
  const report = withRun(await publishedReport(), name, run)
  for (const chart of run.parts.flatMap(({ charts }) => charts))
    await writeFile(new URL(`${chart.id}.svg`, DOCS), drawChart(chart))
  await publish("performance", { data: report, page: renderPage(report) })
}

/** Replaces parts of the last run of a runtime, if both are of one day, one machine and one version. */
export async function publishParts(name: RuntimeName, run: Run): Promise<void> {
  const last = (await publishedReport()).runtimes[name]
  const isAlike =
    last !== undefined &&
    last.date === run.date &&
    last.version === run.version &&
    last.machine.cpu === run.machine.cpu &&
    last.machine.cores === run.machine.cores
  if (!isAlike)
    throw new Error(`The published run of ${name} is of another day, machine or version: measure all parts.`)
  const parts = last.parts.map((part) => run.parts.find((one) => one.name === part.name) ?? part)
  await publishRun(name, { ...last, parts })
}

/** Keeps the runtimes in a fixed order. */
function withRun({ runtimes }: Report, name: RuntimeName, run: Run): Report {
  const of = (runtime: RuntimeName): Run | undefined => (runtime === name ? run : runtimes[runtime])
  const [node, bun, deno] = [of("node"), of("bun"), of("deno")]
  return { runtimes: { ...(node && { node }), ...(bun && { bun }), ...(deno && { deno }) } }
}
