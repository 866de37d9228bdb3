import type { Clock } from "../../src/index.ts"

/** A clock for long simulations: moves at no cost, and its sleeps never end. */
export interface SteppedClock extends Clock {
  step(ms: number): Promise<void>
}

export function steppedClock(start = Date.UTC(2026, 0, 1)): SteppedClock {
  let elapsed = 0
  return {
    now: () => start + elapsed,
    monotonic: () => elapsed,
    sleep: (_ms, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
      }),
    async step(ms) {
      elapsed += ms
      // Lets a refresh finish if its provider answers at once.
      for (let turn = 0; turn < 30; turn++) await undefined
    },
  }
}
