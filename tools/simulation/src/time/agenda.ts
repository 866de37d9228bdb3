/** An event to come. Without `run` it was called off. */
export interface Appointment {
  readonly at: number
  readonly order: number
  run: (() => unknown) | undefined
}

/**
 * Virtual time. Events happen in the order of their times, and in the order of their appointments at the same time. All
 * promises settle before time moves on.
 */
export class Agenda {
  /** Milliseconds since the start. */
  now = 0
  #order = 0
  readonly #heap: Appointment[] = []

  /** An event at a time, or now if that is past. */
  at(time: number, run: () => unknown): Appointment {
    const appointment = { at: Math.max(time, this.now), order: this.#order++, run }
    this.#push(appointment)
    return appointment
  }

  /** Lets everything happen that is due until then. */
  async runUntil(end: number): Promise<void> {
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop()
      if (next.run === undefined) continue
      this.now = next.at
      next.run()
      await promisesSettle()
    }
    this.now = end
  }

  #push(appointment: Appointment): void {
    const heap = this.#heap
    let index = heap.length
    while (index > 0) {
      const above = (index - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || isBefore(parent, appointment)) break
      heap[index] = parent
      index = above
    }
    heap[index] = appointment
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    for (;;) {
      let below = 2 * index + 1
      const [left, right] = [heap[below], heap[below + 1]]
      if (left === undefined) break
      const least = right !== undefined && isBefore(right, left) ? right : left
      if (least === right) below += 1
      if (isBefore(last, least)) break
      heap[index] = least
      index = below
    }
    heap[index] = last
  }
}

function isBefore(one: Appointment, other: Appointment): boolean {
  return one.at < other.at || (one.at === other.at && one.order < other.order)
}

/** Node runs all microtasks before the next turn of its loop. */
function promisesSettle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
