import { BODIES, SCENARIOS } from "./matrix.ts"
import { MARKS, type RuntimeSummary } from "./summary.ts"

/** Cells of one kind, counted. */
export interface Counts {
  readonly ok: number
  readonly declined: number
  readonly failed: number
}

/** Counts the cells of a column, or of one scenario or body in it. */
export function countsOf(
  { cells }: RuntimeSummary,
  column: string,
  { scenario, body }: { scenario?: string; body?: string } = {},
): Counts {
  const words = BODIES.filter((one) => body === undefined || one === body).flatMap((one) =>
    (cells[column]?.[one]?.split(" ") ?? []).filter(
      (_, index) => scenario === undefined || SCENARIOS[index] === scenario,
    ),
  )
  const marks = [...words.join("")]
  const count = (mark: string): number => marks.filter((one) => one === mark).length
  return { ok: count(MARKS.ok), declined: count(MARKS.declined), failed: count(MARKS.failed) }
}

export function sumOf(all: readonly Counts[]): Counts {
  return all.reduce((sum, one) => ({
    ok: sum.ok + one.ok,
    declined: sum.declined + one.declined,
    failed: sum.failed + one.failed,
  }))
}
