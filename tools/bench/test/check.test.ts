import { expect, it } from "vitest"
import { check } from "../src/check.ts"
import type { MeasuredPart } from "../src/report.ts"

function parts(values: Record<string, number>): MeasuredPart[] {
  const target = { atMost: 10 }
  return Object.entries(values).map(([name, value]) => ({
    name,
    commit: "abcdef12",
    section: name,
    charts: [],
    rows: [{ id: name, what: name, against: "its floor", value, unit: "x", target }],
  }))
}

it("measures nothing again if nothing is worse", async () => {
  const published = { parts: parts({ a: 1, b: 1 }) }
  await expect(check(published, parts({ a: 1.9, b: 0.5 }), () => Promise.reject("again"))).resolves.toEqual([])
})

it("measures worse parts again, and reports rows that are worse both times", async () => {
  const asked: string[][] = []
  const worse = await check({ parts: parts({ a: 1, b: 1, c: 1 }) }, parts({ a: 3, b: 3, c: 1 }), async (names) => {
    asked.push([...names])
    return parts({ a: 1.1, b: 2.5 })
  })
  expect(asked).toEqual([["a", "b"]])
  expect(worse).toMatchObject([{ part: "b", message: "b: b, against its floor, is 2.50 x; published is 1.00 x." }])
})
