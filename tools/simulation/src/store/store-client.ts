import type { NodeRedisClient } from "@countersign/redis"
import type { Agenda } from "../time/agenda.ts"
import type { Machine } from "../time/machine.ts"
import type { Random } from "../time/random.ts"
import { type Conditions, Way } from "./conditions.ts"
import type { RedisServer } from "./redis-server.ts"
import type { Reply } from "./replies.ts"
import { StoreListener } from "./store-listener.ts"

export interface StoreClientOptions {
  readonly agenda: Agenda
  readonly machine: Machine
  readonly server: RedisServer
  readonly conditions: Conditions
  readonly random: Random
  /** Sends a command again whose connection broke before its answer, as ioredis and iovalkey do. */
  readonly repeats: boolean
  readonly trace: ((line: string) => void) | undefined
}

/** A command on its way. */
interface Command {
  readonly run: () => Reply | undefined
  readonly resolve: (reply: Reply | undefined) => void
  readonly reject: (error: Error) => void
}

/** How long a client takes to connect again, milliseconds. */
const RECONNECT_MS = 50

/**
 * A model of the client of one process, in the form of node-redis. Commands that are called while there is no connection
 * wait for the next one.
 */
export class StoreClient implements NodeRedisClient {
  readonly #options: StoreClientOptions
  readonly #there: Way
  readonly #back: Way
  readonly #onItsWay = new Set<Command>()
  #waiting: Command[] = []
  readonly #listeners = new Set<StoreListener>()
  #isCut = false

  constructor(options: StoreClientOptions) {
    const { conditions, random } = options
    this.#options = options
    this.#there = new Way(conditions, random)
    this.#back = new Way(conditions, random)
  }

  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown> {
    const { server } = this.#options
    return this.#call(() => server.eval(script, options.keys, options.arguments))
  }

  /** A connection that listens. It does not connect again on its own. */
  duplicate(): StoreListener {
    const listener = new StoreListener({ ...this.#options, call: (run) => this.#call(run) })
    this.#listeners.add(listener)
    return listener
  }

  /** Breaks the connection, until {@link StoreClient.mend}. */
  cut(): void {
    this.#isCut = true
    for (const command of this.#onItsWay) this.#broke(command)
    for (const listener of this.#listeners) listener.cut()
    this.#listeners.clear()
  }

  mend(): void {
    if (!this.#isCut) return
    this.#isCut = false
    const waiting = this.#waiting
    this.#waiting = []
    const { agenda, machine } = this.#options
    machine.receive(agenda.now + RECONNECT_MS, () => {
      for (const command of waiting) this.#send(command)
    })
  }

  /** The process has died. */
  die(): void {
    for (const listener of this.#listeners) listener.destroy()
  }

  #call(run: () => Reply | undefined): Promise<unknown> {
    return new Promise((resolve, reject) => this.#send({ run, resolve, reject }))
  }

  #send(command: Command): void {
    const { agenda, machine, conditions, random } = this.#options
    if (this.#isCut) {
      this.#waiting.push(command)
      return
    }
    if (random.chance(conditions.lostCommands)) return
    this.#onItsWay.add(command)
    agenda.at(this.#there.arrivalOf(machine.time), () => this.#arrived(command))
  }

  /** At the server. */
  #arrived(command: Command): void {
    const { agenda, machine, conditions, random, trace } = this.#options
    if (!this.#onItsWay.has(command)) return
    const answer = outcomeOf(command.run)
    trace?.(`${agenda.now.toFixed(3)} ${machine.name} store ${answer.error?.message ?? JSON.stringify(answer.reply)}`)
    if (random.chance(conditions.lostAnswers)) {
      this.#onItsWay.delete(command)
      return
    }
    if (random.chance(conditions.broken)) {
      this.#broke(command)
      return
    }
    machine.receive(this.#back.arrivalOf(agenda.now), () => {
      if (!this.#onItsWay.delete(command)) return
      if (answer.error === undefined) command.resolve(answer.reply)
      else command.reject(answer.error)
    })
  }

  /** The connection broke before the answer. */
  #broke(command: Command): void {
    const { agenda, machine, repeats } = this.#options
    this.#onItsWay.delete(command)
    if (repeats) {
      machine.receive(agenda.now + RECONNECT_MS, () => this.#send(command))
    } else {
      machine.receive(agenda.now + 1, () => command.reject(new Error("Socket closed unexpectedly")))
    }
  }
}

function outcomeOf(run: Command["run"]): { reply: Reply | undefined; error?: Error } {
  try {
    return { reply: run() }
  } catch (error) {
    if (error instanceof Error) return { reply: undefined, error }
    throw error
  }
}
