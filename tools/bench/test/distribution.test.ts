import { describe, expect, it } from "vitest"
import { difference, distribution, median, ratio, resampled } from "../src/distribution.ts"

describe("statistics of rounds", () => {
  it("takes the middle value, or the mean of the two in the middle", () => {
    expect(median([9, 1, 5])).toBe(5)
    expect(median([10, 2, 4, 3])).toBe(3.5)
  })

  it("gives the range of the middle half of the values", () => {
    expect(distribution([5, 1, 2, 4, 3])).toEqual({ value: 3, spread: [2, 4] })
  })

  it("compares within each round, so that a slow round slows both sides", () => {
    const samples = { bare: [10, 100, 1_000], signed: [11, 110, 1_100] }
    expect(ratio(samples, "signed", "bare").value).toBeCloseTo(1.1)
    expect(difference(samples, "signed", "bare").value).toBe(10)
  })

  it("does not change with one outlier", () => {
    const samples = { bare: [10, 10, 10, 10, 10], signed: [12, 12, 12_000, 12, 12] }
    expect(ratio(samples, "signed", "bare")).toEqual({ value: 1.2, spread: [1.2, 1.2] })
  })

  it("gives the spread of a figure that needs all rounds, by drawing rounds anew", () => {
    const values = Array.from({ length: 101 }, (_, index) => index)
    const { value, spread } = resampled(values.length, (rounds) => median(rounds.map((round) => values[round] ?? 0)))
    expect(value).toBe(50)
    expect(spread[0]).toBeGreaterThan(35)
    expect(spread[0]).toBeLessThan(50)
    expect(spread[1]).toBeGreaterThan(50)
    expect(spread[1]).toBeLessThan(65)
    expect(resampled(5, () => 7)).toEqual({ value: 7, spread: [7, 7] })
  })

  it("gives no figure without rounds", () => {
    expect(median([])).toBeNaN()
  })
})
