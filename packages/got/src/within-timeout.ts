import { type CallLimit, limitCall, platformSignal } from "@countersign/auth-core/adapter"
import type { BeforeErrorHook, BeforeRequestHook } from "got"

type GotOptions = Parameters<BeforeRequestHook>[0]

/** Told as got tells its own; its class is not known here. */
class RequestTimeout extends Error {
  override readonly name = "TimeoutError"
  readonly code = "ETIMEDOUT"
  readonly event = "request"
}

/**
 * Does what comes before an attempt within `timeout.request`, which got by itself counts from the attempt on. `work` has to
 * heed the signal, which is the caller's as well.
 */
export function withinTimeout(
  { signal: given, timeout: { request: timeoutMs } }: GotOptions,
  work: (signal: AbortSignal | undefined) => void | Promise<void>,
): void | Promise<void> {
  // got takes one of a polyfill, too.
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

/** Has got's error of a hook show that it was a timeout. */
export function showTimeout(error: Parameters<BeforeErrorHook>[0], cause: unknown): void {
  if (cause instanceof RequestTimeout) Object.assign(error, { name: cause.name, event: cause.event })
}
