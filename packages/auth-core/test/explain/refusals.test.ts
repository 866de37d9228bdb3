import { describe, expect, it } from "vitest"
import { CAUSES } from "../../src/explain/causes.ts"
import { REFUSALS } from "../../src/explain/refusals.ts"
import { explain } from "../../src/explain.ts"

const rows = REFUSALS.map((row) => ({ ...row, name: `${row.example.status ?? ""} ${row.example.body.slice(0, 90)}` }))

describe("the table of refusals", () => {
  it.each(rows)("explains $name", ({ cause, source, example: { status, body } }) => {
    const explanation = status === undefined ? explain(body) : explain({ status, body })
    expect(explanation).toMatchObject({ cause, source })
    expect(explanation.fix).not.toBe("")
  })

  it.each(["APIGW", "APIG", "APIC"])("knows the gateway by its prefix %s", (prefix) => {
    const body = JSON.stringify({
      error_code: `${prefix}.0308`,
      error_msg: "The throttling threshold has been reached",
    })
    expect(explain({ status: 429, body }).cause).toBe("throttled")
  })

  it("has facts for each cause, in full sentences", () => {
    for (const { summary, fix } of Object.values(CAUSES)) {
      expect(summary).toMatch(/^[A-Z].*\.$/)
      expect(fix).toMatch(/^[A-Z`].*\.$/)
    }
  })
})
