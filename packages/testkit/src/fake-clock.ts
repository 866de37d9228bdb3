import type { Clock } from "@countersign/auth-core"

export interface FakeClock extends Clock {
  /** Moves both clocks on and wakes every sleeper whose time has come, in order, letting promises settle between. */
  advance(ms: number): Promise<void>
  /** Moves on step by step until the promise settles, and settles like it. For work that also waits for something real. */
  until<T>(promise: PromiseLike<T> | T, stepMs?: number): Promise<T>
  /** Moves the wall clock alone, as a correction by NTP or an operator would, or a machine's sleep. */
  jump(ms: number): void
}

interface Sleeper {
  at: number
  wake: () => void
}

/**
 * Waits for the work in Node's thread pool, such as the encryption of a value. On a busy machine that work would otherwise
 * take longer by this clock than by a real one.
 */
async function threadPool(): Promise<void> {
  const threads = Array.from({ length: 4 }, () => crypto.subtle.digest("SHA-256", new Uint8Array(1)))
  await Promise.all(threads)
}

/**
 * A clock that stands still until it is told to move.
 *
 * @param isBusy whether work goes on that takes real time, such as encryption: the clock waits for its end before it moves
 */
export function fakeClock(start = Date.UTC(2026, 0, 1), isBusy: () => boolean = () => false): FakeClock {
  let wall = start
  let mono = 0
  const sleepers = new Set<Sleeper>()
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn = isBusy() ? 0 : turn + 1) {
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
  }
  const MOST_STEPS = 100_000
  const clock: FakeClock = {
    now: () => wall,
    monotonic: () => mono,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason)
          return
        }
        const onAbort = (): void => {
          sleepers.delete(sleeper)
          reject(signal?.reason)
        }
        const sleeper: Sleeper = {
          at: mono + ms,
          wake: () => {
            signal?.removeEventListener("abort", onAbort)
            resolve()
          },
        }
        sleepers.add(sleeper)
        signal?.addEventListener("abort", onAbort, { once: true })
      }),
    async advance(ms) {
      const end = mono + ms
      for (;;) {
        await settle()
        const next = [...sleepers].filter((sleeper) => sleeper.at <= end).sort((a, b) => a.at - b.at)[0]
        if (next === undefined) break
        sleepers.delete(next)
        const step = Math.max(0, next.at - mono)
        wall += step
        mono += step
        next.wake()
      }
      wall += end - mono
      mono = end
      await settle()
    },
    jump(ms) {
      wall += ms
    },
    async until(promise, stepMs = 10) {
      let isSettled = false
      const settled = (): void => {
        isSettled = true
      }
      const wanted = Promise.resolve(promise)
      wanted.then(settled, settled)
      for (let step = 0; !isSettled && step < MOST_STEPS; step++) {
        await settle()
        await threadPool()
        await settle()
        if (!isSettled) await clock.advance(stepMs)
      }
      if (!isSettled) throw new Error(`Nothing came of it within ${MOST_STEPS * stepMs} ms of this clock.`)
      return await wanted
    },
  }
  return clock
}
