import { type CallLimit, limitCall, platformSignal } from "@countersign/auth-core/adapter"
import type { BeforeErrorHook, BeforeRequestHook } from "got"

type GotOptions = Parameters<BeforeRequestHook>[0]

/** Looks like got's own TimeoutError, whose class is not known here. */
class RequestTimeout extends Error {
  override readonly name = "TimeoutError"
  readonly code = "ETIMEDOUT"
  readonly event = "request"
}

/**
 * Does the work before an attempt within `timeout.request`, which got counts only from the attempt on. `work` must heed the
 * signal, which also follows the caller's.
 */
export function withinTimeout(
  { signal: given, timeout: { request: timeoutMs } }: GotOptions,
  work: (signal: AbortSignal | undefined) => void | Promise<void>,
): void | Promise<void> {
  // got also takes a signal of a polyfill.
  const signal = platformSignal(given)
  const timedOut = (): Error => new RequestTimeout(`Timeout awaiting 'request' for ${timeoutMs}ms`)
  // A signal alone needs no limit.
  const limit = timeoutMs === undefined ? undefined : limitCall({ timeoutMs, timedOut, signal })
  return limit === undefined ? work(signal) : within(limit, work)
}

async function within(limit: CallLimit, work: (signal: AbortSignal) => void | Promise<void>): Promise<void> {
  try {
    await work(limit.signal)
  } finally {
    limit.end()
  }
}

/** Makes got's error of a hook show that it was a timeout. */
export function showTimeout(error: Parameters<BeforeErrorHook>[0], cause: unknown): void {
  if (cause instanceof RequestTimeout) Object.assign(error, { name: cause.name, event: cause.event })
}
