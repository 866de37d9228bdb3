import { describe, expect, it } from "vitest"
import { budgetFaults } from "../src/budget-faults.ts"
import { columnsOf } from "../src/columns.ts"
import { AUTHS, BODIES, SCENARIOS } from "../src/matrix.ts"
import { regressions } from "../src/regressions.ts"
import { render } from "../src/render.ts"
import { staleness } from "../src/staleness.ts"
import type { Summary } from "../src/summary.ts"

const allRight = SCENARIOS.map(() => "+".repeat(AUTHS.length)).join(" ")
const bodies = Object.fromEntries(BODIES.map((body) => [body, allRight]))
const cells = Object.fromEntries(columnsOf("Deno").map(({ name }) => [name, bodies]))
const published: Summary = {
  date: "2026-01-01",
  clients: { ky: "2.0.0" },
  scenarios: SCENARIOS,
  auths: AUTHS,
  runtimes: { Deno: { version: "2.0.0", vectors: 531, cells, declined: {} } },
  sizes: [{ what: "small", gzipped: 1_000, whole: 1_000, budget: 1_100, nodeModules: [] }],
}

function withText(text: string): Summary {
  const { Deno } = published.runtimes
  if (Deno === undefined) throw new Error("no Deno")
  return { ...published, runtimes: { Deno: { ...Deno, cells: { ...cells, fetch: { ...bodies, text } } } } }
}

const marks = (first: string): string => first + allRight.slice(1)

describe("regressions", () => {
  it("finds none in the published results", () => {
    expect(regressions(published, published)).toEqual([])
  })

  it("finds a single cell that is declined, failed or missing", () => {
    for (const mark of ["o", "!", "."]) {
      expect(regressions(published, withText(marks(mark)))).toEqual([
        expect.stringMatching(/^Deno, fetch, text: 1 worse/),
      ])
    }
    expect(regressions(withText(marks("o")), withText(marks("!")))).toHaveLength(1)
  })

  it("accepts better and new cells", () => {
    expect(regressions(withText(marks("o")), published)).toEqual([])
    expect(regressions(withText(marks(".")), published)).toEqual([])
  })

  it("reports a new cell that fails", () => {
    expect(regressions(withText(marks(".")), withText(marks("!")))).toHaveLength(1)
  })

  it("finds requests that got no token across renewals", () => {
    const { Deno } = published.runtimes
    if (Deno === undefined) throw new Error("no Deno")
    const withRenewals = (right: number): Summary => ({
      ...published,
      runtimes: { Deno: { ...Deno, renewals: { right, of: 20 } } },
    })
    expect(regressions(withRenewals(20), withRenewals(20))).toEqual([])
    expect(regressions(withRenewals(20), withRenewals(19))).toEqual([
      "Deno: 19 of 20 requests got a token across renewals",
    ])
    expect(staleness(published, render(published), withRenewals(20), ["Deno"])).toEqual([
      "Deno: its renewals are not published",
    ])
  })

  it("finds a larger bundle", () => {
    const sizes = published.sizes.map((size) => ({ ...size, gzipped: 1_050 }))
    expect(regressions(published, { ...published, sizes })).toEqual(['"small" takes 1050 bytes in place of 1000'])
  })
})

describe("staleness", () => {
  const page = render(published)

  it("finds none if versions, rows, columns and page fit", () => {
    expect(staleness(published, page, published, ["Deno"])).toEqual([])
  })

  it("reports another version of a client", () => {
    expect(staleness(published, page, { ...published, clients: { ky: "2.1.0" } }, ["Deno"])).toEqual([
      "versions: ky 2.1.0 is not published",
      "versions: ky 2.0.0 is there no more",
    ])
  })

  it("reports a missing column and a missing runtime", () => {
    const { fetch: _, ...rest } = cells
    const runtime = { version: "2.0.0", vectors: 531, cells: rest, declined: {} }
    const other: Summary = { ...published, runtimes: { Deno: runtime } }
    expect(staleness(other, render(other), published, ["Deno", "Bun"])).toEqual([
      "runtimes: Bun is not published",
      "Deno: fetch is not published",
    ])
  })

  it("reports a missing row", () => {
    const other = { ...published, scenarios: SCENARIOS.slice(1) }
    expect(staleness(other, page, published, ["Deno"])).toEqual(["rows: plain is not published"])
  })

  it("reports an edited page", () => {
    expect(staleness(published, `${page}x`, published, ["Deno"])).toEqual([
      "docs/conformance.md is not what docs/conformance.json makes",
    ])
  })
})

describe("budgetFaults", () => {
  it("accepts a bundle within its budget or without one", () => {
    const [small] = published.sizes
    expect(budgetFaults([...published.sizes, { what: "large", gzipped: 1e6, whole: 1e6, nodeModules: [] }])).toEqual([])
    expect(small?.budget).toBeGreaterThan(small?.gzipped ?? Number.NaN)
  })

  it("reports a bundle over its budget, and a module of Node", () => {
    expect(
      budgetFaults([{ what: "small", gzipped: 1_200, whole: 1_200, budget: 1_100, nodeModules: ["node:fs"] }]),
    ).toEqual([
      '"small" takes 1200 bytes at the start, 100 more than its budget of 1100',
      '"small" names node:fs, which no browser has',
    ])
  })
})
