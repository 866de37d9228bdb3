import { expect, it } from "vitest"
import { timesWorse } from "../src/times-worse.ts"

it("twice the figure is twice as bad if less is better, and half as bad if more is better", () => {
  expect(timesWorse(10, 20, "less")).toBe(2)
  expect(timesWorse(10, 20, "more")).toBe(0.5)
})

it("zero equals zero, and any figure is worse than zero if less is better", () => {
  expect(timesWorse(0, 0, "less")).toBe(1)
  expect(timesWorse(0, 0, "more")).toBe(1)
  expect(timesWorse(0, 1, "less")).toBe(Number.POSITIVE_INFINITY)
  expect(timesWorse(1, 0, "more")).toBe(Number.POSITIVE_INFINITY)
})
