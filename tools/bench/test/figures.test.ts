import { expect, it } from "vitest"
import { bound, figure, time } from "../src/figures.ts"
import type { Row } from "../src/row.ts"

const row: Row = { id: "get", what: "sign a GET", against: "the floor", value: 1.234, unit: "x" }

it("shows significant digits", () => {
  expect([1.234, 12.34, 123.4, 1_234.5, -0.001].map((value) => figure({ ...row, value }))).toEqual([
    "1.23 x",
    "12.3 x",
    "123 x",
    "1,235 x",
    "-0.00 x",
  ])
  expect(figure({ ...row, spread: [1.1, 13] })).toBe("1.23 x (1.10 to 13.0)")
})

it("counts calls in whole numbers, unless they are a mean", () => {
  const counted = (value: number) => figure({ ...row, value, unit: "calls" })
  expect([0, 1, 1_000, 1.5].map(counted)).toEqual(["0 calls", "1 call", "1,000 calls", "1.5 calls"])
})

it("shows the target", () => {
  expect(bound(row)).toBe("")
  expect(bound({ ...row, target: { atMost: 1_800 }, unit: "bytes" })).toBe("<= 1,800 bytes")
  expect(bound({ ...row, target: { atLeast: 0.9 } })).toBe(">= 0.9 x")
})

it("shows a duration in a readable unit", () => {
  expect([999, 1_000, 2_345_678].map(time)).toEqual(["999 ns", "1.00 µs", "2.35 ms"])
})
