import { parseArgs } from "node:util"
import { check as findWorse } from "./check.ts"
import { earlierBuild } from "./earlier-build.ts"
import { measure } from "./measure.ts"
import { parts, runsOn } from "./parts.ts"
import { publishedReport, publishParts, publishRun } from "./publish.ts"
import type { Run } from "./report.ts"
import { type RuntimeName, runtimes } from "./runtimes.ts"

const HELP = `npm run bench -- [--quick] [--check] [--part NAME]... [--publish] [--runtime NAME]...

Measures, prints, and writes docs/performance.md, its data and its charts.

  --quick     shorter; writes nothing
  --check     writes nothing; fails if a ratio or a count with a target is twice as bad as published
  --part      this part alone; writes nothing without --publish; may be repeated
  --publish   with --part: puts it among the published figures, if they are of the same day, machine and version
  --runtime   on this runtime: ${Object.keys(runtimes).join(", ")} (default: node); may be repeated
  --help      prints this

Parts: ${parts.map(({ name, runtimes: on = ["node"] }) => (on.length > 1 ? `${name} (${on.join(", ")})` : name)).join(",\n  ")}
`

class WrongCall extends Error {}

try {
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
  else await main(values)
} catch (error) {
  // A wrong call needs no stack.
  const isCall = error instanceof WrongCall || Object(error).code?.startsWith("ERR_PARSE_ARGS")
  console.error(isCall ? `${(error as Error).message}\n\n${HELP}` : error)
  process.exitCode = 1
}

interface Options {
  readonly quick: boolean
  readonly check: boolean
  readonly part: readonly string[]
  readonly publish: boolean
  readonly runtime: readonly string[]
}

async function main({ quick, check, part, publish, runtime }: Options): Promise<void> {
  const names = runtime.map(runtimeNamed)
  const known = parts.map(({ name }) => name)
  const unknown = part.filter((name) => !known.includes(name))
  if (unknown.length > 0) throw new WrongCall(`There is no part ${unknown.join(", ")}.`)
  if (publish && (quick || check || part.length === 0))
    throw new WrongCall("--publish needs --part, and excludes --quick and --check.")
  for (const name of part) {
    const missing = names.filter(
      (one) =>
        !runsOn(
          parts.find((planned) => planned.name === name),
          one,
        ),
    )
    if (missing.length > 0) throw new WrongCall(`${name} is not measured on ${missing.join(", ")}.`)
  }
  // Otherwise a clone without the history would fail after half an hour.
  if (part.length === 0 && names.includes("node")) earlierBuild()
  for (const name of names) {
    const measured = (only: readonly string[]) => measure(name, { quick, only })
    const run = await measured(part.length === 0 ? known : part)
    if (check) await tellWorse(name, run, measured)
    else if (publish) await publishParts(name, run)
    else if (!quick && part.length === 0) await publishRun(name, run)
  }
}

async function tellWorse(
  runtime: RuntimeName,
  run: Run,
  measured: (only: readonly string[]) => Promise<Run>,
): Promise<void> {
  const before = (await publishedReport()).runtimes[runtime]
  if (before === undefined) throw new Error(`Nothing is published of ${runtime}: npm run bench -- --runtime ${runtime}`)
  const worse = await findWorse(before, run.parts, async (only) => {
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
  throw new WrongCall(`There is no runtime ${name}.`)
}
