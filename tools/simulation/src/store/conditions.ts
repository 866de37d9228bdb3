import type { Random } from "../time/random.ts"

/** How messages travel between the processes and the store. */
export interface Conditions {
  /** The least time of one way, milliseconds. */
  delayMs: number
  /** The mean of the time that a message needs beyond that. */
  jitterMs: number
  /** The share of commands that never arrive. */
  lostCommands: number
  /** The share of answers that never arrive. */
  lostAnswers: number
  /** The share of notices that never arrive. */
  lostNotices: number
  /** The share of commands whose connection breaks before the answer. The client may send them again. */
  broken: number
  /** Messages overtake one another. */
  isUnordered: boolean
}

export const CALM: Conditions = {
  delayMs: 0.3,
  jitterMs: 0.2,
  lostCommands: 0,
  lostAnswers: 0,
  lostNotices: 0,
  broken: 0,
  isUnordered: false,
}

/** One direction of a connection. Tells when a message arrives. */
export class Way {
  readonly #conditions: Conditions
  readonly #random: Random
  #last = 0

  constructor(conditions: Conditions, random: Random) {
    this.#conditions = conditions
    this.#random = random
  }

  arrivalOf(sentAt: number): number {
    const { delayMs, jitterMs, isUnordered } = this.#conditions
    const arrival = sentAt + delayMs + this.#random.exponential(jitterMs)
    if (isUnordered) return arrival
    this.#last = Math.max(this.#last, arrival)
    return this.#last
  }
}
