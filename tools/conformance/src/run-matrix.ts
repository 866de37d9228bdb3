import { readFile } from "node:fs/promises"
import { bundle } from "./bundle.ts"
import { startGateway } from "./gateway.ts"
import { type Judgement, judge } from "./judge.ts"
import { AUTHS, BODIES, type Cell, isTried, SCENARIOS } from "./matrix.ts"
import type { ProgramReport } from "./program.ts"
import type { Runtime } from "./runtimes.ts"
import type { VectorsResult } from "./vectors.ts"

export interface JudgedCell extends Cell {
  readonly judgement: Judgement
}

/** What one runtime did. */
export interface RuntimeReport {
  readonly runtime: string
  readonly version: string
  readonly cells: readonly JudgedCell[]
  readonly vectors: VectorsResult
}

const VECTORS = new URL("../../../packages/auth-core/test/vectors/signing.json", import.meta.url)

/** Runs every cell that a runtime can run, and judges each by what came off the wire. */
export async function runMatrix(runtime: Runtime): Promise<RuntimeReport> {
  const cells = cellsOf(runtime)
  const gateway = await startGateway(new Map(cells.map((cell) => [cell.id, cell])))
  const { vectors } = JSON.parse(await readFile(VECTORS, "utf8")) as { vectors: unknown }
  let report: ProgramReport | undefined
  gateway.onControl(async (path, body) => {
    const json = (value: unknown): { type: string; body: string } => ({
      type: "application/json",
      body: JSON.stringify(value),
    })
    switch (path) {
      case "/control/job":
        return json({ main: gateway.main, listed: gateway.listed, cells })
      case "/control/vectors":
        return json(vectors)
      case "/control/report":
        report = JSON.parse(body) as ProgramReport
        return json({})
      case "/control/page":
        return {
          type: "text/html",
          body: '<!doctype html><title>running</title><script type="module" src="/control/program.js"></script>',
        }
      case "/control/program.js":
        return { type: "text/javascript", body: await bundle("page") }
      default:
        return json({})
    }
  })
  try {
    const version = await runtime.run(gateway.main)
    if (report === undefined) throw new Error(`${runtime.name} reported nothing.`)
    const results = new Map(report.results.map((result) => [result.id, result]))
    const judged = cells.map((cell) => {
      const { authenticated, bare } = gateway.arrivals(cell.id)
      return {
        ...cell,
        judgement: judge(cell, results.get(cell.id) ?? { id: cell.id, error: "not run" }, authenticated, bare),
      }
    })
    return { runtime: runtime.name, version, cells: judged, vectors: report.vectors }
  } finally {
    await gateway.close()
  }
}

function cellsOf({ clients }: Runtime): Cell[] {
  const cells: Cell[] = []
  for (const client of clients) {
    for (const body of BODIES) {
      for (const scenario of SCENARIOS) {
        for (const auth of AUTHS) {
          if (isTried(client, body, scenario, auth)) cells.push({ id: cells.length, client, body, scenario, auth })
        }
      }
    }
  }
  return cells
}
