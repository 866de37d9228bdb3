import { parseArgs } from "node:util"
import { check } from "./check.ts"
import { measure } from "./measure.ts"
import { parts } from "./parts.ts"
import { publishedReport, publishParts, publishRun } from "./publish.ts"
import type { Run } from "./report.ts"
import { type RuntimeName, runtimes } from "./runtimes.ts"

const HELP = `npm run bench -- [--quick] [--check] [--part NAME]... [--publish] [--runtime NAME]...

Measures, prints, and writes docs/performance.md, its data and its charts.

  --quick     shorter; writes nothing
  --check     writes nothing; fails when a figure with a target is twice as bad as published
  --part      this part alone; writes nothing (${parts.map(({ name }) => name).join(", ")})
  --publish   with --part: puts it among the published figures, if they are of the same day and machine
  --runtime   on this runtime (default: node; ${Object.keys(runtimes).join(", ")})
`

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    check: { type: "boolean", default: false },
    part: { type: "string", multiple: true, default: [] },
    publish: { type: "boolean", default: false },
    runtime: { type: "string", multiple: true, default: ["node"] },
    help: { type: "boolean", short: "h", default: false },
  },
})
if (values.help) console.log(HELP)
else await main()

async function main(): Promise<void> {
  const names = values.runtime.map(runtimeNamed)
  const known = parts.map(({ name }) => name)
  const unknown = values.part.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new Error(`There is no part ${unknown.join(", ")}: ${known.join(", ")}.`)
  for (const runtime of names) {
    const measured = (only: readonly string[]) => measure(runtime, { quick: values.quick, only })
    const run = await measured(values.part.length === 0 ? known : values.part)
    if (values.check) await tellWorse(runtime, run, measured)
    else if (!values.quick && values.part.length === 0) await publishRun(runtime, run)
    else if (!values.quick && values.publish) await publishParts(runtime, run)
  }
}

async function tellWorse(
  runtime: RuntimeName,
  run: Run,
  measured: (only: readonly string[]) => Promise<Run>,
): Promise<void> {
  const before = (await publishedReport()).runtimes[runtime]
  if (before === undefined) throw new Error(`Nothing is published of ${runtime}: npm run bench -- --runtime ${runtime}`)
  const worse = await check(before, run.parts, async (only) => {
    console.log(`\nTwice as bad as published, so measured again: ${only.join(", ")}.`)
    return (await measured(only)).parts
  })
  for (const { message } of worse) console.error(message)
  if (worse.length === 0) console.log("\nNo figure is twice as bad as published.")
  else {
    console.error("Mend it, or, where it is meant, publish anew: npm run bench")
    process.exitCode = 1
  }
}

function runtimeNamed(name: string): RuntimeName {
  if (name === "node" || name === "bun" || name === "deno") return name
  throw new Error(`There is no runtime ${name}: ${Object.keys(runtimes).join(", ")}.`)
}
