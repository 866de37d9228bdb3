/** Where time comes from. Tests and simulations bring their own. */
export interface Clock {
  /** Wall clock, epoch ms. May jump. */
  now(): number
  /** Milliseconds since any fixed moment. Never goes back. */
  monotonic(): number
  /** Resolves after so many milliseconds of this clock; rejects with the signal's reason when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

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
