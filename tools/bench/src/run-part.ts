import { spawn } from "node:child_process"
import { text } from "node:stream/consumers"
import { fileURLToPath } from "node:url"
import type { PlannedPart } from "./parts.ts"
import type { Effort, Findings } from "./row.ts"

const PROGRAM = fileURLToPath(new URL("part-process.ts", import.meta.url))

/** Measures a part in a new process of the measured runtime. */
export async function runPart({ name }: PlannedPart, effort: Effort): Promise<Findings> {
  const { binary, before } = effort.runtime
  const child = spawn(binary, [...before, PROGRAM, name, JSON.stringify(effort)], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject)
    child.once("close", resolve)
  })
  const [output, code] = await Promise.all([text(child.stdout), ended])
  if (code !== 0) throw new Error(`${name} ended with ${code}.\n${output}`)
  // Peers may print something before it.
  return JSON.parse(output.trimEnd().split("\n").at(-1) ?? "") as Findings
}
