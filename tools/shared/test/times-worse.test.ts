import { expect, it } from "vitest"
import { timesWorse } from "../src/times-worse.ts"

it("twice the figure is twice as bad where less is better, and half as bad where more is", () => {
  expect(timesWorse(10, 20, "less")).toBe(2)
  expect(timesWorse(10, 20, "more")).toBe(0.5)
})

it("nothing is as good as nothing, and anything is worse than nothing where less is better", () => {
  expect(timesWorse(0, 0, "less")).toBe(1)
  expect(timesWorse(0, 0, "more")).toBe(1)
  expect(timesWorse(0, 1, "less")).toBe(Number.POSITIVE_INFINITY)
  expect(timesWorse(1, 0, "more")).toBe(Number.POSITIVE_INFINITY)
})
