import { describe, expect, it } from "vitest"
import { awaited, concurrent, interleaved, sync } from "../src/rounds.ts"

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
  it("measures nanoseconds for one time, whatever the number of times", async () => {
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

  it("does all cases equally often where that is asked for", async () => {
    const done: string[] = []
    const wait = (name: string, ms: number) =>
      sync(() => {
        if (isMeasured) done.push(name)
        const until = performance.now() + ms
        while (performance.now() < until);
      })
    let isMeasured = false
    await interleaved(
      { cheap: wait("cheap", 0.05), dear: wait("dear", 0.5) },
      {
        rounds: 1,
        roundMs: 2,
        warmUpMs: 1,
        isEven: true,
        now() {
          isMeasured = true
          return performance.now()
        },
      },
    )
    const times = (name: string): number => done.filter((own) => own === name).length
    expect(times("cheap")).toBeGreaterThan(0)
    expect(times("cheap")).toBe(times("dear"))
  })

  it("gives every case its turn in every round", async () => {
    const nothing = awaited(() => new Promise((resolve) => setTimeout(resolve, 1)))
    const samples = await interleaved({ a: nothing, b: nothing, c: nothing }, { rounds: 4, roundMs: 1, warmUpMs: 1 })
    expect(Object.values(samples).map(({ length }) => length)).toEqual([4, 4, 4])
  })

  it("keeps no more under way at once than asked for", async () => {
    let underWay = 0
    let most = 0
    let done = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++underWay)
      await new Promise((resolve) => setTimeout(resolve, 1))
      underWay--
      done++
    }
    await concurrent(work, 8)(50)
    expect({ most, done }).toEqual({ most: 8, done: 50 })
  })
})
