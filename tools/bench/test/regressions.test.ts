import { describe, expect, it } from "vitest"
import { regressions } from "../src/regressions.ts"
import type { MeasuredPart } from "../src/report.ts"
import type { Row } from "../src/row.ts"

function part(...rows: Partial<Row>[]): MeasuredPart {
  const whole = rows.map((row) => ({
    id: "get",
    what: "sign a GET",
    against: "the floor",
    value: 1,
    unit: "x",
    ...row,
  }))
  return { name: "small", commit: "abcdef12", section: "Small", charts: [], rows: whole as Row[] }
}

function worse(published: Partial<Row>, measured: Partial<Row>): string[] {
  return regressions({ parts: [part(published)] }, [part({ ...published, ...measured })]).map(({ message }) => message)
}

describe("regressions", () => {
  it("reports a ratio that is twice as bad, and names the row", () => {
    const target = { atMost: 1.6 }
    expect(worse({ value: 1.5, target }, { value: 2.9 })).toEqual([])
    expect(worse({ value: 1.5, target }, { value: 3.1, spread: [3, 3.2] })).toEqual([
      "get: sign a GET, against the floor, is 3.10 x (3.00 to 3.20); published is 1.50 x.",
    ])
  })

  it("treats less as worse if a figure should be high", () => {
    const target = { atLeast: 8 }
    expect(worse({ value: 15, target }, { value: 60 })).toEqual([])
    expect(worse({ value: 15, target }, { value: 7 })).toHaveLength(1)
  })

  it("compares calls and bytes, but not times and not the memory of a process", () => {
    const of = (unit: Row["unit"]): number => worse({ unit, value: 1, target: { atMost: 1 } }, { value: 5 }).length
    expect([of("calls"), of("bytes"), of("ms"), of("MB"), of("kB")]).toEqual([1, 1, 0, 0, 0])
  })

  it("treats any figure as worse than zero", () => {
    const none: Partial<Row> = { unit: "calls", value: 0, target: { atMost: 0 } }
    expect(worse(none, { value: 0 })).toEqual([])
    expect(worse(none, { value: 1 })).toHaveLength(1)
  })

  it("leaves out rows that are marked unsteady", () => {
    expect(worse({ value: 1, target: { atMost: 1 }, isUnsteady: true }, { value: 50 })).toEqual([])
  })

  it("ignores peers, which may get faster or slower", () => {
    expect(worse({ value: 1 }, { value: 50 })).toEqual([])
  })

  it("treats a missing figure as worse", () => {
    expect(worse({ value: 1, target: { atMost: 1 } }, { value: Number.NaN })).toHaveLength(1)
  })

  it("reports a missing row, but not a part that was left out", () => {
    const published = { parts: [part({ target: { atMost: 2 } })] }
    expect(regressions(published, [part({ id: "other" })])).toMatchObject([{ part: "small", id: "get" }])
    expect(regressions(published, [])).toEqual([])
  })

  it("accepts a new row", () => {
    expect(regressions({ parts: [] }, [part({ target: { atMost: 1 }, value: 9 })])).toEqual([])
  })
})
