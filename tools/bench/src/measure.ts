import { runtimeVersion } from "@countersign/tools-shared/runtimes"
import { parts, runsOn } from "./parts.ts"
import { printTable } from "./print-table.ts"
import { currentCommit, type MeasuredPart, machine, measuredPart, peerVersions, type Run } from "./report.ts"
import { runPart } from "./run-part.ts"
import { type RuntimeName, runtimes } from "./runtimes.ts"

export interface MeasureOptions {
  readonly quick: boolean
  /** Names of the parts. */
  readonly only: readonly string[]
}

/** Measures the parts of a runtime, one after another, and prints the results of each. */
export async function measure(name: RuntimeName, { quick, only }: MeasureOptions): Promise<Run> {
  const runtime = await runtimes[name]()
  const begin = {
    version: await runtimeVersion(runtime.binary),
    date: today(),
    machine: machine(),
    peers: await peerVersions(),
  }
  console.log(`${name} ${begin.version}, ${begin.machine.cores} cores, load ${begin.machine.load}`)
  const commit = currentCommit()
  const measured: MeasuredPart[] = []
  for (const part of parts) {
    if (!only.includes(part.name) || !runsOn(part, name)) continue
    const begun = performance.now()
    const found = measuredPart(part, commit, await runPart(part, { quick, node: process.execPath, runtime }))
    const seconds = ((performance.now() - begun) / 1_000).toFixed(1)
    console.log(`\n${part.name}, ${seconds} s\n${printTable(found.rows)}`)
    measured.push(found)
  }
  return { ...begin, parts: measured }
}

function today(): string {
  return new Date().toISOString().slice(0, 10)
}
