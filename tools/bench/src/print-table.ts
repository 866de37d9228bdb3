import { bound, figure } from "./figures.ts"
import { meets, type Row } from "./row.ts"

/** The rows as a table for a terminal. */
export function printTable(rows: readonly Row[]): string {
  const head = ["what", "against", "measured", "target", ""]
  const lines = [head, ...rows.map((row) => [row.what, row.against, figure(row), target(row), row.detail ?? ""])]
  const widths = head.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)))
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")
}

function target(row: Row): string {
  return meets(row) === false ? `${bound(row)}, missed` : bound(row)
}
