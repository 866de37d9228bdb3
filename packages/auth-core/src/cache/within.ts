import type { Clock } from "../identity/clock.ts"

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
