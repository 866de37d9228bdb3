import { describe, expect, it } from "vitest"
import { Agenda } from "../src/time/agenda.ts"
import { Random } from "../src/time/random.ts"

describe("Agenda", () => {
  it("lets events happen in the order of their times, then of their appointments", async () => {
    const agenda = new Agenda()
    const random = new Random("order")
    const times = Array.from({ length: 1_000 }, () => random.whole(0, 100))
    const happened: Array<[at: number, order: number]> = []
    for (const [order, time] of times.entries()) agenda.at(time, () => happened.push([agenda.now, order]))
    await agenda.runUntil(100)
    expect(happened).toEqual([...times.entries()].map(([order, time]) => [time, order]).sort(byTimeThenOrder))
  })

  it("lets all promises settle before time moves on", async () => {
    const agenda = new Agenda()
    let settledAt = -1
    agenda.at(5, async () => {
      for (let turn = 0; turn < 1_000; turn++) await undefined
      settledAt = agenda.now
    })
    agenda.at(6, () => undefined)
    await agenda.runUntil(10)
    expect([settledAt, agenda.now]).toEqual([5, 10])
  })

  it("lets nothing happen that was called off, or is due later", async () => {
    const agenda = new Agenda()
    const happened: string[] = []
    agenda.at(1, () => happened.push("called off")).run = undefined
    agenda.at(2, () => happened.push("due"))
    agenda.at(3, () => happened.push("later"))
    await agenda.runUntil(2)
    expect(happened).toEqual(["due"])
  })
})

function byTimeThenOrder([time = 0, order = 0]: number[], [otherTime = 0, otherOrder = 0]: number[]): number {
  return time - otherTime || order - otherOrder
}
