import { expect, it } from "vitest"
import { alignedTable, markdownTable } from "../src/markdown-table.ts"

const rows = [
  ["GET", ""],
  ["a long one", "1"],
]

it("a table for a page has no padding", () => {
  expect(markdownTable(["request", "hashes"], rows)).toBe(
    ["| request | hashes |", "| - | - |", "| GET | |", "| a long one | 1 |"].join("\n"),
  )
})

it("a table for a terminal has columns of one width", () => {
  expect(alignedTable(["request", "hashes"], rows).split("\n")).toEqual([
    "| request    | hashes |",
    "| ---------- | ------ |",
    "| GET        |        |",
    "| a long one | 1      |",
  ])
})
