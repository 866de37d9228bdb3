import { readFile } from "node:fs/promises"
import { bundle } from "./bundle.ts"
import { columnsOf, type ProgramName } from "./columns.ts"
import { type Control, type Gateway, startGateway } from "./gateway.ts"
import { isTried } from "./is-tried.ts"
import { type Judgement, judge } from "./judge.ts"
import { AUTHS, BODIES, type Cell, SCENARIOS } from "./matrix.ts"
import type { ProgramReport } from "./program.ts"
import type { Runtime } from "./runtimes.ts"

export interface JudgedCell extends Cell {
  readonly judgement: Judgement
}

/** What one runtime did. */
export interface RuntimeReport {
  readonly runtime: string
  readonly version: string
  readonly cells: readonly JudgedCell[]
  /** Signatures of the vector file that every program got right. */
  readonly vectors: number
}

const VECTORS = new URL("../../../packages/auth-core/test/vectors/signing.json", import.meta.url)

/** Runs every cell that a runtime can run, and judges each by what came off the wire. */
export async function runMatrix(runtime: Runtime): Promise<RuntimeReport> {
  const cells = cellsOf(runtime.name)
  const gateway = await startGateway(new Map(cells.map((cell) => [cell.id, cell])))
  const reports = new Map<string, ProgramReport>()
  gateway.onControl(controlOf(gateway, cells, reports))
  try {
    let version = ""
    for (const program of programsOf(cells)) {
      version = await runtime.run({ program, control: new URL(`/control?${program}`, gateway.main) })
      if (!reports.has(program)) throw new Error(`${runtime.name}, ${program}: nothing was reported.`)
    }
    const results = new Map(
      [...reports.values()].flatMap(({ results }) => results.map((result) => [result.id, result])),
    )
    const judged = cells.map((cell) => {
      const result = results.get(cell.id) ?? { id: cell.id, authenticated: { error: "not run" }, alone: {} }
      return { ...cell, judgement: judge(cell, result, gateway.arrivals(cell)) }
    })
    const vectors = Math.min(...[...reports.values()].map(({ vectors }) => vectors.right))
    return { runtime: runtime.name, version, cells: judged, vectors }
  } finally {
    await gateway.close()
  }
}

/** What the programs of a runtime ask, each for its own part, and tell. */
function controlOf(gateway: Gateway, cells: readonly PlannedCell[], reports: Map<string, ProgramReport>): Control {
  return async (path, body) => {
    const { pathname, search } = new URL(path, gateway.main)
    const program = search.slice(1)
    switch (pathname) {
      case "/control/job": {
        const own = cells.filter((cell) => cell.program === program)
        return json({ main: gateway.main, listed: gateway.listed, cells: own })
      }
      case "/control/vectors": {
        const { vectors } = JSON.parse(await readFile(VECTORS, "utf8")) as { vectors: unknown }
        return json(vectors)
      }
      case "/control/report":
        reports.set(program, JSON.parse(body) as ProgramReport)
        return json({})
      case "/control/page":
        return {
          type: "text/html",
          body: `<!doctype html><title>running</title><script type="module" src="/control/program.js${search}"></script>`,
        }
      case "/control/program.js":
        return { type: "text/javascript", body: await bundle("page", program as ProgramName) }
      default:
        return json({})
    }
  }
}

function json(value: unknown): { type: string; body: string } {
  return { type: "application/json", body: JSON.stringify(value) }
}

interface PlannedCell extends Cell {
  readonly program: ProgramName
}

function cellsOf(runtime: string): PlannedCell[] {
  const cells: PlannedCell[] = []
  for (const column of columnsOf(runtime)) {
    const { name, client, program } = column
    for (const body of BODIES) {
      for (const scenario of SCENARIOS) {
        const aloneId = cells.length
        for (const auth of AUTHS) {
          if (isTried(column, body, scenario, auth))
            cells.push({ id: cells.length, aloneId, column: name, client, program, body, scenario, auth })
        }
      }
    }
  }
  return cells
}

function programsOf(cells: readonly PlannedCell[]): Set<ProgramName> {
  return new Set(cells.map(({ program }) => program))
}
