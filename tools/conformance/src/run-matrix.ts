import { readFile } from "node:fs/promises"
import { bundle } from "./bundle.ts"
import { columnsOf, type ProgramName } from "./columns.ts"
import { type Control, type Gateway, startGateway } from "./gateway.ts"
import { isTried } from "./is-tried.ts"
import { type Judgement, judge } from "./judge.ts"
import { AUTHS, BODIES, type Cell, SCENARIOS } from "./matrix.ts"
import type { ProgramReport } from "./program.ts"
import type { Renewals } from "./renewals.ts"
import type { Runtime } from "./runtimes.ts"
import type { Vectors } from "./vectors.ts"

export interface JudgedCell extends Cell {
  readonly judgement: Judgement
}

/** The results of one runtime. */
export interface RuntimeReport {
  readonly runtime: string
  readonly version: string
  readonly cells: readonly JudgedCell[]
  /** The number of signatures of the vector file that every program made right. */
  readonly vectors: number
  readonly renewals: Renewals | undefined
}

/** The number of concurrent programs, some of which mostly wait. */
const PROGRAMS_AT_ONCE = 2

const VECTORS = new URL("../../../packages/auth-core/test/vectors/", import.meta.url)

/** Runs every cell that a runtime can run, and judges each by the requests that arrive. */
export async function runMatrix(runtime: Runtime): Promise<RuntimeReport> {
  const cells = cellsOf(runtime.name)
  const gateway = await startGateway(new Map(cells.map((cell) => [cell.id, cell])))
  const reports = new Map<string, ProgramReport>()
  gateway.onControl(controlOf(gateway, cells, reports))
  try {
    const queue = programsOf(runtime, cells)
    let version = ""
    const runInTurn = async (): Promise<void> => {
      for (let program = queue.shift(); program !== undefined; program = queue.shift()) {
        const control = new URL(`/control?${program}`, gateway.addresses["HTTP/1.1"].main)
        version = await runtime.run({ program, control, environment: environmentOf(program, gateway) })
        if (!reports.has(program)) throw new Error(`${runtime.name}, ${program}: nothing was reported.`)
      }
    }
    await Promise.all(Array.from({ length: PROGRAMS_AT_ONCE }, runInTurn))
    const results = new Map(
      [...reports.values()].flatMap(({ results }) => results.map((result) => [result.id, result])),
    )
    const judged = cells.map((cell) => {
      const result = results.get(cell.id) ?? { id: cell.id, authenticated: { error: "not run" }, alone: {} }
      return { ...cell, judgement: judge(cell, result, gateway.arrivals(cell)) }
    })
    const vectors = Math.min(...[...reports.values()].map(({ vectors }) => vectors.right))
    return { runtime: runtime.name, version, cells: judged, vectors, renewals: await runtime.renewals?.() }
  } finally {
    await gateway.close()
  }
}

/** Answers the programs of a runtime. Each fetches its own part and reports it. */
function controlOf(gateway: Gateway, cells: readonly PlannedCell[], reports: Map<string, ProgramReport>): Control {
  return async (path, body) => {
    const { pathname, search } = new URL(path, gateway.addresses["HTTP/1.1"].main)
    const program = decodeURIComponent(search.slice(1))
    switch (pathname) {
      case "/control/job": {
        const own = cells.filter((cell) => cell.program === program)
        return json({ addresses: addressesFor(program, gateway), cells: own })
      }
      case "/control/vectors": {
        const read = async (name: string): Promise<object> => JSON.parse(await readFile(new URL(name, VECTORS), "utf8"))
        const [{ vectors }, asymmetric] = await Promise.all([
          read("signing.json") as Promise<Pick<Vectors, "vectors">>,
          read("asymmetric.json") as Promise<Vectors["asymmetric"]>,
        ])
        return json({ vectors, asymmetric } satisfies Vectors)
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

/** The environment names the proxies, or else an option of the client does. */
function addressesFor(program: string, { addresses }: Gateway): Gateway["addresses"] {
  if (program !== "environment") return addresses
  const entries = Object.entries(addresses).map(([wire, { main, listed }]) => [wire, { main, listed }])
  return Object.fromEntries(entries) as Gateway["addresses"]
}

function environmentOf(program: ProgramName, { addresses, certificate }: Gateway): Record<string, string> {
  const trust = { NODE_EXTRA_CA_CERTS: certificate }
  if (program !== "environment") return trust
  return {
    ...trust,
    NODE_USE_ENV_PROXY: "1",
    HTTP_PROXY: addresses["forwarding proxy"].proxy ?? "",
    HTTPS_PROXY: addresses["CONNECT proxy"].proxy ?? "",
    NO_PROXY: "127.0.0.1,localhost",
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
    const { name, client, program, wire } = column
    for (const body of BODIES) {
      for (const scenario of SCENARIOS) {
        const aloneId = cells.length
        for (const auth of AUTHS) {
          if (isTried(column, body, scenario, auth))
            cells.push({ id: cells.length, aloneId, column: name, client, program, wire, body, scenario, auth })
        }
      }
    }
  }
  return cells
}

function programsOf({ hasNodeCrypto }: Runtime, cells: readonly PlannedCell[]): ProgramName[] {
  const own = new Set(cells.map(({ program }) => program))
  // The other runtimes sign with the portable hashes anyway.
  return hasNodeCrypto ? [...own, "portable"] : [...own]
}
