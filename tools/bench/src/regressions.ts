import { timesWorse } from "@countersign/tools-shared/times-worse"
import { figure } from "./figures.ts"
import type { MeasuredPart, Run } from "./report.ts"
import type { Row } from "./row.ts"

/** A row that is clearly worse than published. */
export interface Regression {
  /** The part that measures it. */
  readonly part: string
  /** The row. */
  readonly id: string
  readonly message: string
}

/** The factor by which a figure may be worse. Less is noise on a shared machine. */
const FACTOR = 2
/** Units that mean the same on another machine, unlike milliseconds and the memory of a process. */
const COMPARED: readonly Row["unit"][] = ["x", "calls", "bytes"]

/**
 * Finds figures that are twice as bad as published, or no longer measured. Ignores rows without a target, which are about
 * peers, and figures that depend on the machine.
 *
 * @param measured the measured parts; others are ignored.
 */
export function regressions(published: Pick<Run, "parts">, measured: readonly MeasuredPart[]): Regression[] {
  return measured.flatMap(({ name: part, rows }) => {
    const before = published.parts.find(({ name }) => name === part)?.rows ?? []
    return before.filter(isCompared).flatMap((old) => {
      const message = complaint(
        old,
        rows.find(({ id }) => id === old.id),
      )
      return message === undefined ? [] : [{ part, id: old.id, message }]
    })
  })
}

function complaint(old: Row, row: Row | undefined): string | undefined {
  if (row === undefined) return `${old.id}: ${old.what}, which is published, was not measured.`
  if (worsening(old, row) < FACTOR) return undefined
  return `${row.id}: ${row.what}, against ${row.against}, is ${figure(row)}; published is ${figure(old)}.`
}

function isCompared({ target, unit, isUnsteady = false }: Row): boolean {
  return target !== undefined && !isUnsteady && COMPARED.includes(unit)
}

function worsening({ value: before, target }: Row, { value }: Row): number {
  return timesWorse(before, value, target !== undefined && "atMost" in target ? "less" : "more")
}
