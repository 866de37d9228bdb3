import { writeFile } from "node:fs/promises"
import { alignedTable } from "@countersign/tools-shared/markdown-table"
import { chartOf, type Figure } from "./chart.ts"
import { idealOf, longPlans } from "./plans/long-plans.ts"
import { runPlans } from "./run-plans.ts"

/** Where the documentation has its chart. */
const CHART = new URL("../../../docs/simulation.svg", import.meta.url)

const COLUMNS = [
  "fleet",
  "requests",
  "calls of IAM",
  "ideal",
  "commands to the store",
  "ideal",
  "notices heard",
  "longest wait, s",
]

/** Runs fleets for weeks, prints a table of what they sent, and draws it. Returns whether all promises were kept. */
export async function runLong(): Promise<boolean> {
  const runs = await runPlans(longPlans.map(({ plan }) => plan))
  const figures: Figure[] = []
  const rows: string[][] = []
  const broken: string[] = []
  for (const [place, { plan, report }] of runs.entries()) {
    const name = longPlans[place]?.name ?? ""
    const ideal = idealOf(plan)
    const { requests, iamCalls, commands, notices, longestWaitMs } = report
    const cells = [requests, iamCalls, ideal.iamCalls, commands, ideal.commands, notices].map(numberText)
    rows.push([name, ...cells, (longestWaitMs / 1_000).toFixed(1)])
    figures.push(
      { group: name, name: "calls of IAM", value: iamCalls, ideal: ideal.iamCalls },
      { group: name, name: "commands to the store", value: commands, ideal: ideal.commands },
    )
    for (const { rule, at, what } of report.violations) broken.push(`${name}: ${Math.round(at)} ms ${rule}: ${what}`)
    if (report.failures > 0) broken.push(`${name}: ${report.failures} requests failed`)
  }
  console.log(alignedTable(COLUMNS, rows))
  for (const line of broken) console.log(line)
  await writeFile(CHART, chartOf("What a fleet sends in weeks, beside the ideal", figures))
  return runs.every(({ report }) => report.violations.length === 0 && report.failures === 0)
}

function numberText(value: number): string {
  return value.toLocaleString("en")
}
