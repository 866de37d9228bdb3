/** The source of time. Tests and simulations pass their own. */
export interface Clock {
  /** Wall clock, epoch ms. May jump. */
  now(): number
  /** Milliseconds since any fixed moment. Never goes back. */
  monotonic(): number
  /** Resolves after `ms` milliseconds of this clock. Rejects with the signal's reason when that aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The part of a clock that tells the time of day. */
export type WallClock = Pick<Clock, "now">

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

/**
 * The time in a header such as Date, epoch ms; nothing when the header is absent or unreadable.
 *
 * @see RFC 9110, section 5.6.7
 */
export function timeInHeader(text: string | null | undefined): number | undefined {
  const time = Date.parse(text ?? "")
  return Number.isNaN(time) ? undefined : time
}

/** The longest time that a timer can run, milliseconds: about 24.8 days. Every runtime fires a longer one at once. */
export const LONGEST_TIMER_MS = 2 ** 31 - 1

/** The longest wait that Retry-After can cause. A server that names a longer one is probably wrong. */
export const LONGEST_RETRY_AFTER_MS = 60 * 60_000

const DONE = new Error("done")

/**
 * Returns the result of the work. If the time is over first, throws `timeoutError()` and aborts the work's signal with it.
 */
export async function within<T>(
  clock: Clock,
  limitMs: number,
  timeoutError: () => Error,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const ending = new AbortController()
  const { over, stop } = startTimer(clock, limitMs)
  const timeout = over.then(() => {
    const error = timeoutError()
    ending.abort(error)
    throw error
  })
  try {
    return await Promise.race([work(ending.signal), timeout])
  } finally {
    stop()
  }
}

interface Timer {
  readonly over: Promise<void>
  readonly stop: () => void
}

function startTimer(clock: Clock, ms: number): Timer {
  if (clock !== systemClock) {
    const stopped = new AbortController()
    return { over: clock.sleep(ms, stopped.signal), stop: () => stopped.abort(DONE) }
  }
  // The same without a signal, whose end takes longer than all the rest.
  let timer: ReturnType<typeof setTimeout> | undefined
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms)
  })
  return { over, stop: () => clearTimeout(timer) }
}

/** How long a caller waits for a whole call, with all its attempts. */
export interface CallLimit {
  /** Aborts the work before and between attempts. */
  readonly signal: AbortSignal
  /** Milliseconds, at least 1; `undefined` without a timeout. */
  timeLeftMs(): number | undefined
  /** Frees the timer, and the caller's signal and token. */
  end(): void
}

/** Limits that may end a call before its answer. */
export interface CallLimitOptions {
  /** A timeout longer than a timer can run counts as none. */
  readonly timeoutMs: number | undefined
  /** The client's error for a timeout. */
  readonly timedOut: () => unknown
  /** The caller's signal, of the platform or a polyfill. */
  readonly signal?: CallersSignal | undefined
  /** The client's error for an abort. @default the signal's reason */
  readonly aborted?: () => unknown
  /** The caller's cancel token, the forerunner of signals. It gives the error. */
  readonly cancelToken?: CancelToken | undefined
}

type CallersSignal = Pick<AbortSignal, "aborted" | "addEventListener" | "removeEventListener"> & { reason?: unknown }

interface CancelToken {
  subscribe(listener: (reason: unknown) => void): void
  unsubscribe(listener: (reason: unknown) => void): void
}

/** Starts the limit of a call; `undefined` if nothing limits it. Whoever starts it must end it. */
export function limitCall(options: CallLimitOptions): CallLimit | undefined {
  const { timeoutMs, timedOut, signal, aborted, cancelToken } = options
  const limitMs = timeoutMs !== undefined && timeoutMs <= LONGEST_TIMER_MS ? timeoutMs : undefined
  if (limitMs === undefined && !signal && !cancelToken) return undefined
  const begun = performance.now()
  const ended = new AbortController()
  const abort = (reason: unknown): void => ended.abort(reason)
  const onAbort = (): void => abort(aborted === undefined ? signal?.reason : aborted())
  const timer = limitMs === undefined ? undefined : setTimeout(() => abort(timedOut()), limitMs)
  signal?.addEventListener?.("abort", onAbort)
  if (signal?.aborted) onAbort()
  cancelToken?.subscribe(abort)
  return {
    signal: ended.signal,
    timeLeftMs() {
      return limitMs === undefined ? undefined : Math.max(1, Math.ceil(limitMs - (performance.now() - begun)))
    },
    end() {
      clearTimeout(timer)
      signal?.removeEventListener?.("abort", onAbort)
      cancelToken?.unsubscribe(abort)
    },
  }
}
