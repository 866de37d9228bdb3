import { describe, expect, it } from "vitest"
import { CALM_PLAN, type Plan } from "../src/plans/plan.ts"
import { randomPlan } from "../src/plans/random-plan.ts"
import { simulate } from "../src/simulate.ts"

describe("a simulated fleet", () => {
  it.each(["3", "15", "21"])("does the same again, to the byte, for seed %s", async (seed) => {
    const [first, second] = [await linesOf(randomPlan(seed)), await linesOf(randomPlan(seed))]
    expect(first.length).toBeGreaterThan(1_000)
    expect(second).toEqual(first)
  })

  it("does something else for another seed", async () => {
    const [first, second] = [await linesOf({ ...CALM_PLAN, seed: "1" }), await linesOf({ ...CALM_PLAN, seed: "2" })]
    expect(first).not.toEqual(second)
  })

  it("asks IAM once for each lifetime where nothing goes wrong", async () => {
    const report = await simulate({ ...CALM_PLAN, seed: "calm", processes: 200, readEveryMs: 60_000 })
    expect(report.violations).toEqual([])
    // At the start, and twice before the end of 5 minutes.
    expect(report.iamCalls).toBe(3)
    expect(report.failures).toBe(0)
  })
})

async function linesOf(plan: Plan): Promise<string[]> {
  const lines: string[] = []
  await simulate(plan, (line) => lines.push(line))
  return lines
}
