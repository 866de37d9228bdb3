import type { Clock } from "@countersign/auth-core"
import type { Agenda } from "./agenda.ts"
import type { Random } from "./random.ts"

/** The start of virtual time, epoch ms, by a right clock. */
export const EPOCH = Date.UTC(2026, 0, 1)

export interface MachineOptions {
  readonly name: string
  readonly agenda: Agenda
  readonly random: Random
  /** How far its wall clock is ahead, milliseconds. */
  readonly skewMs: number
}

/** The machine whose process runs now. */
let running: Machine | undefined

/** @throws {Error} between events: no process runs then. */
export function runningMachine(): Machine {
  if (running === undefined) throw new Error("No process runs now.")
  return running
}

/** How a process stalls in the midst of its work, as by garbage collection. */
export interface Stalls {
  /** The share of the looks at a clock before which it stalls. */
  readonly share: number
  readonly longestMs: number
}

/** Something that will reach a process. */
export interface Delivery {
  /** It never will. */
  callOff(): void
}

/**
 * The machine under one process, and that process as the system sees it: its clocks, its timers, and the messages that
 * reach it. While it is stopped nothing of it runs. Timers that were due then run when it goes on.
 */
export class Machine implements Clock {
  readonly name: string
  readonly #agenda: Agenda
  readonly #random: Random
  readonly #bootedAt: number
  #skewMs: number
  /** It does nothing before this time. */
  #busyUntil = 0
  #hasDied = false
  stalls: Stalls | undefined = undefined
  /** The milliseconds in all that it did nothing. */
  stoppedMs = 0

  constructor({ name, agenda, random, skewMs }: MachineOptions) {
    this.name = name
    this.#agenda = agenda
    this.#random = random
    this.#skewMs = skewMs
    this.#bootedAt = agenda.now - random.between(1_000, 1_000_000)
  }

  /** True time as the process lives it: later than that of the agenda while it stalls. */
  get time(): number {
    return Math.max(this.#agenda.now, this.#busyUntil)
  }

  now(): number {
    this.#mayStall()
    return Math.floor(EPOCH + this.time + this.#skewMs)
  }

  monotonic(): number {
    this.#mayStall()
    return this.time - this.#bootedAt
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        timer.callOff()
        reject(signal?.reason)
      }
      const timer = this.receive(this.time + Math.max(0, ms), () => {
        signal?.removeEventListener("abort", onAbort)
        resolve()
      })
      signal?.addEventListener("abort", onAbort, { once: true })
    })
  }

  /** Something reaches the process at a time: a message, or the end of a timer. */
  receive(at: number, run: () => unknown): Delivery {
    const arrive = (): void => {
      if (this.#hasDied) return
      if (this.#agenda.now < this.#busyUntil) {
        appointment = this.#agenda.at(this.#busyUntil, arrive)
        return
      }
      running = this
      run()
    }
    let appointment = this.#agenda.at(at, arrive)
    return {
      callOff: () => {
        appointment.run = undefined
      },
    }
  }

  /** Stops the process for a time, as SIGSTOP or a hypervisor does. */
  stop(ms: number): void {
    this.stoppedMs += ms
    this.#busyUntil = this.time + ms
  }

  /** Ends the process without a farewell. */
  die(): void {
    this.#hasDied = true
  }

  get isAlive(): boolean {
    return !this.#hasDied
  }

  /** Corrects the wall clock. */
  setSkew(ms: number): void {
    this.#skewMs = ms
  }

  #mayStall(): void {
    if (this.stalls === undefined || !this.#random.chance(this.stalls.share)) return
    this.stop(this.#random.exponential(this.stalls.longestMs / 3))
  }
}
