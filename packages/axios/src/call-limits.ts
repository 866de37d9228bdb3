import { LONGEST_TIMER_MS } from "@countersign/auth-core"
import type { AxiosError, InternalAxiosRequestConfig } from "axios"
import { axiosOf } from "./axios-of.ts"

/** How long a caller waits for a whole call, whatever is done on its behalf. */
export interface CallLimits {
  /** Aborts with axios' own error. For what is done before and between attempts; the attempts themselves axios ends. */
  readonly signal: AbortSignal | undefined
  /** What is left of `timeout`, milliseconds; the `timeout` itself when that sets no limit. */
  timeLeft(): number
  /** Frees the timer, and the caller's signal and cancel token. */
  end(): void
}

export function callLimits(config: InternalAxiosRequestConfig): CallLimits {
  const { timeout = 0, signal, cancelToken } = config
  const isLimited = timeout > 0 && timeout <= LONGEST_TIMER_MS
  if (!isLimited && !signal && !cancelToken) {
    return { signal: undefined, timeLeft: () => timeout, end: () => undefined }
  }
  const { CanceledError } = axiosOf(config)
  const begun = performance.now()
  const ended = new AbortController()
  const onTimeout = (): void => ended.abort(timedOut(config))
  const onAbort = (): void => ended.abort(new CanceledError(undefined, config))
  const onCancel = (reason: unknown): void => ended.abort(reason)
  const timer = isLimited ? setTimeout(onTimeout, timeout) : undefined
  signal?.addEventListener?.("abort", onAbort)
  if (signal?.aborted) onAbort()
  cancelToken?.subscribe(onCancel)
  return {
    signal: ended.signal,
    timeLeft: () => (isLimited ? Math.max(1, Math.ceil(timeout - (performance.now() - begun))) : timeout),
    end() {
      clearTimeout(timer)
      signal?.removeEventListener?.("abort", onAbort)
      cancelToken?.unsubscribe(onCancel)
    },
  }
}

function timedOut(config: InternalAxiosRequestConfig): AxiosError {
  const { AxiosError } = axiosOf(config)
  const { timeout, timeoutErrorMessage, transitional } = config
  const code = transitional?.clarifyTimeoutError === true ? AxiosError.ETIMEDOUT : AxiosError.ECONNABORTED
  return new AxiosError(timeoutErrorMessage || `timeout of ${timeout}ms exceeded`, code, config)
}
