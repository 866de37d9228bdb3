import type { Clock } from "./clock.ts"

/** The machine's own clock. A sleep keeps the process alive, since somebody waits for its end. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason)
        return
      }
      const onAbort = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", onAbort)
        resolve()
      }, ms)
      signal?.addEventListener("abort", onAbort, { once: true })
    }),
}

/** The longest time that a timer can run, milliseconds: about 24.8 days. Every runtime fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

const DONE = new Error("done")

/** What the work gives, unless the time is over first: then the work's signal aborts with the error that is thrown. */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  timeoutError: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const done = new AbortController()
  const timeout = clock.sleep(limitMs, done.signal).then(() => {
    const error = timeoutError()
    ending.abort(error)
    throw error
  })
  try {
    return await Promise.race([work(ending.signal), timeout])
  } finally {
    done.abort(DONE)
  }
}
