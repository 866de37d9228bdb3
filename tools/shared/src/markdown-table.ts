import { markdownTable as tableOf } from "markdown-table"

/** A table for a committed page. Cells are not padded, so that a new cell value changes one line. */
export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf([head, ...rows], { alignDelimiters: false })
}

/** The same with aligned columns, for a terminal. */
export function alignedTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf([head, ...rows])
}
