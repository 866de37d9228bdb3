import { hostname } from "node:os"
import { describe, expect, it } from "vitest"
import { renderPage } from "../src/render-page.ts"
import { machine, measuredPart, type Run } from "../src/report.ts"
import type { Row } from "../src/row.ts"

const row: Row = { id: "get", what: "sign a GET", against: "the floor", value: 1.5, unit: "x", target: { atMost: 1.6 } }

function run(...rows: Partial<Row>[]): Run {
  const whole = rows.map((own) => ({ ...row, ...own }))
  const parts = [measuredPart({ name: "small-requests", section: "Small requests" }, "abcdef12", { rows: whole })]
  return { version: "24.0.0", date: "2026-11-23", machine: machine(), peers: { aws4: "1.13.2" }, parts }
}

describe("the page", () => {
  it("has a line for each row, and says whether its target is reached", () => {
    const page = renderPage({
      runtimes: { node: run({}, { id: "post", what: "sign a POST", value: 2, detail: "3 µs" }) },
    })
    expect(page).toContain("| sign a GET | the floor | 1.50 x | <= 1.6 x | yes | |")
    expect(page).toContain("| sign a POST | the floor | 2.00 x | <= 1.6 x | **no** | 3 µs |")
  })

  it("begins with the rows that readers want first", () => {
    const page = renderPage({ runtimes: { node: run({ detail: "2 µs" }, { id: "another" }) } })
    const [, first = ""] = /^(.*?)^## /ms.exec(page) ?? []
    expect(first).toContain("| Sign a GET | 1.50 x | the floor | <= 1.6 x | yes | 2 µs |")
    expect(first.match(/1\.50 x/g)).toHaveLength(1)
  })

  it("says of which commits the parts are, and whether a target lies within the spread", () => {
    const { parts, ...rest } = run({ spread: [1.4, 1.7] })
    const later = parts.map((part) => ({ ...part, name: "verifying", commit: "12345678" }))
    const page = renderPage({ runtimes: { node: { ...rest, parts: [...parts, ...parts, ...later] } } })
    expect(page).toContain("commit abcdef12; verifying at 12345678, on")
    expect(page).toContain("| sign a GET | the floor | 1.50 x (1.40 to 1.70) | <= 1.6 x | yes, within the spread | |")
  })

  it("lists missed targets with their reasons, and says whether each is certain", () => {
    const missed = { what: "sign a POST", value: 2, spread: [1.5, 2.5] as const, remark: "It is long." }
    const page = renderPage({ runtimes: { node: run({}, missed) } })
    expect(page).toContain("- Node 24.0.0: 1 of 2 targets are reached. Too close to call: 1.")
    expect(page).toContain(
      "### Missed\n\n- sign a POST (the floor): 2.00 x (1.50 to 2.50), to reach <= 1.6 x. " +
        "The target lies within the spread of the rounds. It is long.",
    )
    expect(renderPage({ runtimes: { node: run({}) } })).not.toContain("Missed")
  })

  it("names machine, versions and date, but no host and no folder", () => {
    const page = renderPage({ runtimes: { node: run({}), bun: run({}) } })
    expect(page).toMatch(/## Node 24\.0\.0\n\n2026-11-23, commit abcdef12, on \d+ cores of .+ GB, /)
    expect(page).toContain("aws4 1.13.2")
    expect(page).toContain("## Bun 24.0.0")
    expect(page).not.toContain(hostname())
    expect(page).not.toContain(process.cwd())
  })

  it("shows a chart by the name of its file", () => {
    const chart = { id: "performance-signing", title: "Signing", sizes: "pairs", cost: "time", curves: [] }
    const parts = [measuredPart({ name: "growth", section: "Growth" }, "abcdef12", { rows: [], charts: [chart] })]
    expect(renderPage({ runtimes: { node: { ...run(), parts } } })).toContain(
      "![Signing: time, by pairs](performance-signing.svg)",
    )
  })
})

it("drops insignificant digits", () => {
  const [kept] = measuredPart({ name: "a", section: "A" }, "abcdef12", {
    rows: [{ ...row, value: 1.23456789, spread: [1.11111, 2.22222] }],
  }).rows
  expect(kept).toMatchObject({ value: 1.235, spread: [1.111, 2.222] })
})
