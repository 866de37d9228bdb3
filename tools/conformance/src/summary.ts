import { AUTHS, BODIES, SCENARIOS } from "./matrix.ts"
import type { JudgedCell, RuntimeReport } from "./run-matrix.ts"
import type { Size } from "./sizes.ts"

/** The published results, to compare later ones with. */
export interface Summary {
  readonly date: string
  /** Versions of the packages in the bundles. */
  readonly clients: Readonly<Record<string, string>>
  readonly scenarios: readonly string[]
  readonly auths: readonly string[]
  readonly runtimes: Readonly<Record<string, RuntimeSummary>>
  readonly sizes: readonly Size[]
}

export interface RuntimeSummary {
  readonly version: string
  /** The number of signatures that equal those of official implementations. */
  readonly vectors: number
  /** The number of requests that got a token across requests, for runtimes that stop the work of an answered request. */
  readonly renewals?: { readonly right: number; readonly of: number } | undefined
  /** By column and body: a word per scenario, with a mark per authentication. */
  readonly cells: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The number of cells by reason and column. */
  readonly declined: Readonly<Record<string, Readonly<Record<string, number>>>>
}

/** The better verdicts first. */
export const MARKS = { ok: "+", declined: "o", failed: "!" } as const
/** Not tried, or impossible for the client alone too. */
export const ABSENT = "."

export function summaryOf(
  reports: readonly RuntimeReport[],
  sizes: readonly Size[],
  clients: Summary["clients"],
): Summary {
  const runtimes = reports.map(({ runtime, version, vectors, renewals, cells }) => [
    runtime,
    {
      version,
      vectors,
      renewals: renewals && { right: renewals.right, of: renewals.of },
      cells: marksOf(cells),
      declined: declinedOf(cells),
    },
  ])
  return {
    date: new Date().toISOString().slice(0, 10),
    clients,
    scenarios: SCENARIOS,
    auths: AUTHS,
    runtimes: Object.fromEntries(runtimes),
    sizes,
  }
}

function marksOf(cells: readonly JudgedCell[]): RuntimeSummary["cells"] {
  const marks = new Map<string, string>()
  for (const { column, body, scenario, auth, judgement } of cells) {
    const { outcome } = judgement
    marks.set([column, body, scenario, auth].join(), outcome === "unable" ? ABSENT : MARKS[outcome])
  }
  const word = (column: string, body: string, scenario: string): string =>
    AUTHS.map((auth) => marks.get([column, body, scenario, auth].join()) ?? ABSENT).join("")
  const columns = [...new Set(cells.map(({ column }) => column))]
  return Object.fromEntries(
    columns.map((column) => [
      column,
      Object.fromEntries(
        BODIES.map((body) => [body, SCENARIOS.map((scenario) => word(column, body, scenario)).join(" ")]),
      ),
    ]),
  )
}

function declinedOf(cells: readonly JudgedCell[]): RuntimeSummary["declined"] {
  const declined: Record<string, Record<string, number>> = {}
  for (const { column, judgement } of cells) {
    if (judgement.outcome !== "declined") continue
    const { why = "" } = judgement
    declined[why] ??= {}
    declined[why][column] = (declined[why][column] ?? 0) + 1
  }
  return declined
}
