import type { Agenda } from "../time/agenda.ts"
import type { Machine } from "../time/machine.ts"
import type { Random } from "../time/random.ts"
import { type Conditions, Way } from "./conditions.ts"
import type { RedisServer } from "./redis-server.ts"
import type { Reply } from "./replies.ts"

export interface StoreListenerOptions {
  readonly agenda: Agenda
  readonly machine: Machine
  readonly server: RedisServer
  readonly conditions: Conditions
  readonly random: Random
  /** Runs something at the server, at the cost of a command. */
  readonly call: (run: () => Reply | undefined) => Promise<unknown>
}

type Listener = (message: string) => void

/** A model of the connection on which a process hears of changes, in the form of node-redis. */
export class StoreListener {
  readonly #options: StoreListenerOptions
  readonly #way: Way
  /** Ends the subscription of each channel. */
  readonly #channels = new Map<string, () => void>()
  readonly #onEnd: Array<(error: unknown) => void> = []
  #isEnded = false

  constructor(options: StoreListenerOptions) {
    this.#options = options
    this.#way = new Way(options.conditions, options.random)
  }

  async connect(): Promise<unknown> {
    return await this.#options.call(() => undefined)
  }

  async subscribe(channels: string[], listener: Listener): Promise<unknown> {
    return await this.#options.call(() => {
      for (const channel of channels) this.#hear(channel, listener)
      return undefined
    })
  }

  async unsubscribe(channel: string): Promise<unknown> {
    return await this.#options.call(() => {
      this.#channels.get(channel)?.()
      this.#channels.delete(channel)
      return undefined
    })
  }

  async sendCommand(): Promise<unknown> {
    return await this.#options.call(() => "PONG")
  }

  on(event: string, listener: (error: unknown) => void): void {
    if (event === "end") this.#onEnd.push(listener)
  }

  unref(): void {
    // No real connection keeps the program alive.
  }

  destroy(): void {
    this.#isEnded = true
    for (const end of this.#channels.values()) end()
    this.#channels.clear()
  }

  /** The connection broke. */
  cut(): void {
    const { agenda, machine } = this.#options
    this.destroy()
    machine.receive(agenda.now, () => {
      for (const listener of this.#onEnd) listener(undefined)
    })
  }

  #hear(channel: string, listener: Listener): void {
    const { agenda, machine, conditions, random, server } = this.#options
    if (this.#isEnded) return
    const hear = (message: string): void => {
      if (random.chance(conditions.lostNotices)) return
      machine.receive(this.#way.arrivalOf(agenda.now), () => listener(message))
    }
    server.hear(channel, hear)
    this.#channels.set(channel, () => server.ignore(channel, hear))
  }
}
