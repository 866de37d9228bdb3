import type { Connect } from "./clients/connect.ts"
import type { CellResult, Job } from "./matrix.ts"
import { runCells } from "./run-cells.ts"
import type { BodyMakers } from "./sample-body.ts"
import { runVectors, type Vectors, type VectorsResult } from "./vectors.ts"

/** The report of a runtime's program. */
export interface ProgramReport {
  readonly results: readonly CellResult[]
  readonly vectors: VectorsResult
}

/** The program of a runtime: it fetches its job, runs it, and reports. `control` is the server's URL with the program's name. */
export async function runProgram(
  control: URL,
  connectors: Readonly<Record<string, Connect>>,
  makers: BodyMakers,
): Promise<ProgramReport> {
  const at = (path: string): URL => new URL(`/control/${path}${control.search}`, control)
  const read = async <T>(path: string): Promise<T> => (await fetch(at(path))).json() as Promise<T>
  const job = await read<Job>("job")
  const vectors = await runVectors(await read<Vectors>("vectors"))
  const report = { results: await runCells(job, connectors, makers), vectors }
  await fetch(at("report"), { method: "POST", body: JSON.stringify(report) })
  return report
}
