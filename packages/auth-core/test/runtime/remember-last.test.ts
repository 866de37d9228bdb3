import { describe, expect, it } from "vitest"
import { rememberLast, rememberMany } from "../../src/runtime/remember-last.ts"

describe("a function that remembers its last result", () => {
  it("runs again only for another input", () => {
    const inputs: number[] = []
    const half = rememberLast((input: number) => {
      inputs.push(input)
      return input / 2
    })
    expect([4, 4, 6, 6, 4].map((input) => half(input))).toEqual([2, 2, 3, 3, 2])
    expect(inputs).toEqual([4, 6, 4])
  })

  it("remembers undefined, for the input undefined too", () => {
    let calls = 0
    const nothing = rememberLast((_: undefined) => void calls++)
    expect([undefined, undefined].map((input) => nothing(input))).toEqual([undefined, undefined])
    expect(calls).toBe(1)
  })

  it("does not remember a failure, and keeps the earlier result", () => {
    let calls = 0
    const root = rememberLast((input: number) => {
      calls += 1
      if (input < 0) throw new RangeError(`${input} has no root`)
      return Math.sqrt(input)
    })
    expect(root(9)).toBe(3)
    expect(() => root(-1)).toThrow(RangeError)
    expect(() => root(-1)).toThrow(RangeError)
    expect(root(9)).toBe(3)
    expect(calls).toBe(3)
  })

  it("compares inputs with the caller's own function", () => {
    const isSameLength = (a: string, b: string): boolean => a.length === b.length
    const first = rememberLast((input: string) => input, isSameLength)
    expect(["ab", "cd", "e", "f"].map((input) => first(input))).toEqual(["ab", "ab", "e", "e"])
  })
})

describe("a function that remembers several results", () => {
  it("runs again for another name, and begins anew when it has too many", () => {
    const inputs: string[] = []
    const upper = rememberMany(
      2,
      (input: string) => {
        inputs.push(input)
        return input.trim().toUpperCase()
      },
      (input) => input.trim(),
    )
    expect(["a", " a", "b", "a", "c", "c", "a"].map(upper)).toEqual(["A", "A", "B", "A", "C", "C", "A"])
    expect(inputs).toEqual(["a", "b", "c", "a"])
  })
})
