import { describe, expect, it } from "vitest"
import { Agenda } from "../src/time/agenda.ts"
import { EPOCH, Machine } from "../src/time/machine.ts"
import { Random } from "../src/time/random.ts"

describe("Machine", () => {
  it("runs neither timers nor messages of a process that is stopped, and both when it goes on", async () => {
    const { agenda, machine } = machineOf(0)
    const ran: Array<[what: string, at: number]> = []
    machine.receive(0, () => machine.sleep(10).then(() => ran.push(["timer", agenda.now])))
    machine.receive(20, () => ran.push(["message", agenda.now]))
    agenda.at(5, () => machine.stop(100))
    await agenda.runUntil(200)
    expect(ran).toEqual([
      ["timer", 105],
      ["message", 105],
    ])
  })

  it("shows a stalled process a later time at its next look at a clock", () => {
    const { machine } = machineOf(0)
    const before = machine.monotonic()
    machine.stalls = { share: 1, longestMs: 300 }
    const after = machine.monotonic()
    expect(after).toBeGreaterThan(before)
    expect(machine.stoppedMs).toBeCloseTo(after - before)
  })

  it("has a wall clock that may be wrong, and a monotonic one that never goes back", async () => {
    const { agenda, machine } = machineOf(-3_600_000)
    await agenda.runUntil(1_000)
    const before = machine.monotonic()
    expect(machine.now()).toBe(EPOCH + 1_000 - 3_600_000)
    machine.setSkew(3_600_000)
    expect(machine.now()).toBe(EPOCH + 1_000 + 3_600_000)
    expect(machine.monotonic()).toBe(before)
  })

  it("ends a sleep at an abort", async () => {
    const { agenda, machine } = machineOf(0)
    const ending = new AbortController()
    const sleep = machine.sleep(1_000, ending.signal)
    agenda.at(10, () => ending.abort(new Error("woken")))
    await Promise.all([expect(sleep).rejects.toThrow("woken"), agenda.runUntil(20)])
  })

  it("gives nothing to a process that has died", async () => {
    const { agenda, machine } = machineOf(0)
    const ran: string[] = []
    machine.receive(10, () => ran.push("message"))
    machine.die()
    await agenda.runUntil(20)
    expect(ran).toEqual([])
  })
})

function machineOf(skewMs: number): { agenda: Agenda; machine: Machine } {
  const agenda = new Agenda()
  return { agenda, machine: new Machine({ name: "p", agenda, random: new Random("machine"), skewMs }) }
}
