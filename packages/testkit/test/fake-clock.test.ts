import { describe, expect, it } from "vitest"
import { fakeClock } from "../src/index.ts"

const START = Date.UTC(2026, 0, 1)

describe("fakeClock", () => {
  it("stands still until it is moved", async () => {
    const clock = fakeClock(START)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect([clock.now(), clock.monotonic()]).toEqual([START, 0])
    await clock.advance(1500)
    expect([clock.now(), clock.monotonic()]).toEqual([START + 1500, 1500])
  })

  it("wakes sleepers in order, each at its own time, also new ones", async () => {
    const clock = fakeClock(START)
    const woken: [string, number][] = []
    const sleep = async (name: string, ms: number) => {
      await clock.sleep(ms)
      woken.push([name, clock.now() - START])
    }
    const sleepers = [sleep("late", 300), sleep("early", 100).then(() => sleep("again", 100)), sleep("later", 1001)]
    await clock.advance(1000)
    expect(woken).toEqual([
      ["early", 100],
      ["again", 200],
      ["late", 300],
    ])
    await clock.advance(1)
    await Promise.all(sleepers)
    expect(woken.at(-1)).toEqual(["later", 1001])
  })

  it("jumps only the wall clock, which wakes no sleeper", async () => {
    const clock = fakeClock(START)
    let isAwake = false
    const sleeper = clock.sleep(1000).then(() => {
      isAwake = true
    })
    clock.jump(-3_600_000)
    await clock.advance(999)
    expect([clock.now(), clock.monotonic(), isAwake]).toEqual([START - 3_600_000 + 999, 999, false])
    await clock.advance(1)
    await sleeper
    expect(isAwake).toBe(true)
  })

  it("ends a sleep with the reason of the abort, before it and during it", async () => {
    const clock = fakeClock(START)
    const reason = new Error("enough")
    await expect(clock.sleep(10, AbortSignal.abort(reason))).rejects.toBe(reason)
    const caller = new AbortController()
    const sleeping = clock.sleep(10, caller.signal)
    caller.abort(reason)
    await expect(sleeping).rejects.toBe(reason)
  })

  it("moves on until a promise settles, and returns its value", async () => {
    const clock = fakeClock(START)
    expect(await clock.until(clock.sleep(95).then(() => "done"))).toBe("done")
    expect(clock.monotonic()).toBe(100)
    await expect(clock.until(clock.sleep(5).then(() => Promise.reject(new Error("failed"))))).rejects.toThrow("failed")
  })

  it("waits for the end of work that takes real time before it moves", async () => {
    let isBusy = false
    const clock = fakeClock(START, () => isBusy)
    const done: number[] = []
    const work = async (): Promise<void> => {
      isBusy = true
      await new Promise((resolve) => setTimeout(resolve, 20))
      isBusy = false
      done.push(clock.monotonic())
    }
    const working = clock.sleep(10).then(work)
    await clock.advance(1000)
    await working
    expect(done).toEqual([10])
  })
})
