import { describe, expect, it } from "vitest"
import { awaited, interleaved, sync } from "../src/rounds.ts"

/** Milliseconds that pass only when a case says so. */
function handClock(): { now: () => number; pass: (ms: number) => void } {
  let ms = 0
  return {
    now: () => ms,
    pass: (more) => {
      ms += more
    },
  }
}

describe("rounds", () => {
  it("measures nanoseconds per call, for any number of calls", async () => {
    const clock = handClock()
    const lasting = (ms: number) =>
      sync(() => {
        const until = performance.now() + ms / 40
        while (performance.now() < until);
        clock.pass(ms)
      })
    const cases = { cheap: lasting(2), dear: lasting(6) }
    const samples = await interleaved(cases, { rounds: 3, roundMs: 1, warmUpMs: 1, now: clock.now })
    expect(samples).toEqual({ cheap: [2e6, 2e6, 2e6], dear: [6e6, 6e6, 6e6] })
  })

  it("gives every case its turn in every round", async () => {
    const nothing = awaited(() => new Promise((resolve) => setTimeout(resolve, 1)))
    const samples = await interleaved({ a: nothing, b: nothing, c: nothing }, { rounds: 4, roundMs: 1, warmUpMs: 1 })
    expect(Object.values(samples).map(({ length }) => length)).toEqual([4, 4, 4])
  })
})
