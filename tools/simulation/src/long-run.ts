import { writeFile } from "node:fs/promises"
import { chartOf, type Figure } from "./chart.ts"
import { idealOf, longPlans } from "./plans/long-plans.ts"
import { runPlans } from "./run-plans.ts"

/** Where the documentation has its chart. */
const CHART = new URL("../../../docs/simulation.svg", import.meta.url)

/** Runs fleets for weeks, prints a table of what they sent, and draws it. Returns whether all promises were kept. */
export async function runLong(): Promise<boolean> {
  const runs = await runPlans(longPlans.map(({ plan }) => plan))
  const figures: Figure[] = []
  console.log(
    "| fleet | requests | calls of IAM | ideal | commands to the store | ideal | notices heard | longest wait, s |",
  )
  console.log("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
  for (const [place, { plan, report }] of runs.entries()) {
    const name = longPlans[place]?.name ?? ""
    const ideal = idealOf(plan)
    const { requests, iamCalls, commands, notices, longestWaitMs } = report
    const cells = [requests, iamCalls, ideal.iamCalls, commands, ideal.commands, notices].map(numberText)
    console.log(`| ${[name, ...cells, (longestWaitMs / 1_000).toFixed(1)].join(" | ")} |`)
    figures.push(
      { group: name, name: "calls of IAM", value: iamCalls, ideal: ideal.iamCalls },
      { group: name, name: "commands to the store", value: commands, ideal: ideal.commands },
    )
    for (const { rule, at, what } of report.violations) console.log(`${name}: ${Math.round(at)} ms ${rule}: ${what}`)
    if (report.failures > 0) console.log(`${name}: ${report.failures} requests failed`)
  }
  await writeFile(CHART, chartOf("What a fleet sends in weeks, beside the ideal", figures))
  return runs.every(({ report }) => report.violations.length === 0 && report.failures === 0)
}

function numberText(value: number): string {
  return value.toLocaleString("en")
}
