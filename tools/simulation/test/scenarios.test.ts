import { describe, expect, it } from "vitest"
import { type Scenario, scenarios } from "../src/plans/scenarios.ts"
import { type Report, simulate } from "../src/simulate.ts"

describe("the fleet in trouble", () => {
  it.each(scenarios)("keeps its promises while $name", async ({ plan, mostCalls, longestWaitMs }) => {
    expect(excessOf(await simulate(plan), { mostCalls, longestWaitMs })).toEqual({})
  })
})

/** The figures that are more than they may be. */
function excessOf(
  { violations, iamCalls, longestWaitMs }: Report,
  limits: Pick<Scenario, "mostCalls" | "longestWaitMs">,
): Partial<Report> {
  return {
    ...(violations.length > 0 && { violations }),
    ...(iamCalls > limits.mostCalls && { iamCalls }),
    ...(longestWaitMs > limits.longestWaitMs && { longestWaitMs }),
  }
}
