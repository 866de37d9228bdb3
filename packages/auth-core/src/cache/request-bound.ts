import type { Clock } from "../runtime/clock.ts"

/** Takes a promise that must be let finish after the request that began it is answered. */
export type WaitUntil = (promise: Promise<unknown>) => unknown

/** A refresh on its way, where its request may end before it. */
export interface RequestBound {
  readonly promise: Promise<unknown>
  /** When its request was last seen at work, by the monotonic clock. */
  aliveAt?: number
}

const PULSE_MS = 250
/** Several pulses, since a busy program is late with its timers. */
const DEAD_MS = 1_500

/** Whether the runtime ends what a request has begun together with that request: timers stop, promises never settle. */
export function isRequestBound(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers" || "WebSocketPair" in globalThis
}

/** Shows that the request behind a refresh still lives, by timers which end with it. */
export async function beat(refresh: RequestBound, clock: Clock): Promise<void> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
  }
  refresh.promise.then(settle, settle)
  while (!isSettled) {
    refresh.aliveAt = clock.monotonic()
    await clock.sleep(PULSE_MS)
  }
}

/** Whether a refresh can settle no more. */
export function isDead({ aliveAt }: RequestBound, clock: Clock): boolean {
  return aliveAt !== undefined && clock.monotonic() - aliveAt > DEAD_MS
}

/** How a refresh that another request has begun ends; when that request ends first, what is done instead. */
export async function orWhenDead<T>(
  refresh: RequestBound & { readonly promise: Promise<T> },
  clock: Clock,
  instead: () => Promise<T>,
): Promise<T> {
  const done = new AbortController()
  const death = async (): Promise<T> => {
    while (!isDead(refresh, clock)) await clock.sleep(PULSE_MS, done.signal)
    return await instead()
  }
  try {
    return await Promise.race([refresh.promise, death()])
  } finally {
    done.abort()
  }
}
