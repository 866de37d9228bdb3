import axios, { AxiosError, type InternalAxiosRequestConfig } from "axios"

/** The time and the patience that a caller has for a whole call. */
export interface CallLimits {
  /** Ends what is done before anything is sent. */
  readonly signal: AbortSignal | undefined
  /** What is left of `timeout`, milliseconds; 0 when there is none, as axios has it. */
  timeLeft(): number
  /** Axios' own error when a limit was what ended the work; else the error itself. */
  explain(error: unknown): unknown
  /** Lets go of the caller's signal. */
  end(): void
}

export function callLimits(config: InternalAxiosRequestConfig): CallLimits {
  const { timeout = 0, cancelToken } = config
  const begun = performance.now()
  const limit = timeout > 0 ? AbortSignal.timeout(timeout) : undefined
  const cancelled = cancelToken === undefined ? undefined : new AbortController()
  const onCancel = (): void => cancelled?.abort()
  // Its types leave out that a listener can also be taken away.
  const token = cancelToken as
    | { subscribe(listener: () => void): void; unsubscribe(listener: () => void): void }
    | undefined
  token?.subscribe(onCancel)
  const given = config.signal as AbortSignal | undefined
  const signals = [given, limit, cancelled?.signal].filter((signal) => signal !== undefined)
  return {
    signal: signals.length > 1 ? AbortSignal.any(signals) : signals[0],
    timeLeft: () => (timeout > 0 ? Math.max(1, Math.ceil(timeout - (performance.now() - begun))) : 0),
    explain(error) {
      if (axios.isAxiosError(error) || axios.isCancel(error)) return error
      if (cancelToken?.reason !== undefined) return cancelToken.reason
      if (given?.aborted === true && error === given.reason) return new axios.CanceledError(undefined, config)
      return limit !== undefined && error === limit.reason ? timedOut(config) : error
    },
    end: () => token?.unsubscribe(onCancel),
  }
}

function timedOut(config: InternalAxiosRequestConfig): AxiosError {
  const { timeout, timeoutErrorMessage, transitional } = config
  const code = transitional?.clarifyTimeoutError === true ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED
  return new AxiosError(timeoutErrorMessage ?? `timeout of ${timeout}ms exceeded`, code, config)
}
