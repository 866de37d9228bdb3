import { alignedTable } from "@countersign/tools-shared/markdown-table"
import { bound, figure } from "./figures.ts"
import { meets, type Row } from "./row.ts"

/** The rows as a table for a terminal. */
export function printTable(rows: readonly Row[]): string {
  return alignedTable(
    ["what", "against", "measured", "target", ""],
    rows.map((row) => [row.what, row.against, figure(row), target(row), row.detail ?? ""]),
  )
}

function target(row: Row): string {
  return meets(row) === false ? `${bound(row)}, missed` : bound(row)
}
