import type { Clock } from "../runtime/clock.ts"

/** Takes a promise that must be able to finish after its request is answered. */
export type WaitUntil = (promise: Promise<unknown>) => unknown

/** A refresh that may die with the request that began it. */
export interface RequestBound {
  readonly promise: Promise<unknown>
  /** When its request was last seen at work, by the monotonic clock; absent where a refresh outlives its request. */
  aliveAt?: number
}

const PULSE_MS = 250
/** Several pulses, since a busy program is late with its timers. */
const DEAD_MS = 1_500

/** Whether the runtime ends the work of a request together with the request: timers stop, promises never settle. */
export function isRequestBound(): boolean {
  return globalThis.navigator?.userAgent === "Cloudflare-Workers" || "WebSocketPair" in globalThis
}

/** Shows that the request behind a refresh still lives, by timers that end with it. */
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

/** Whether a refresh can never settle. */
export function isDead({ aliveAt }: RequestBound, clock: Clock): boolean {
  return aliveAt !== undefined && clock.monotonic() - aliveAt > DEAD_MS
}

/** The result of a refresh that another request began; nothing when that request ends first. */
export async function unlessDead<T>(
  refresh: RequestBound & { readonly promise: Promise<T> },
  clock: Clock,
): Promise<T | undefined> {
  const done = new AbortController()
  const death = async (): Promise<undefined> => {
    while (!isDead(refresh, clock)) await clock.sleep(PULSE_MS, done.signal)
  }
  try {
    return await Promise.race([refresh.promise, death()])
  } finally {
    done.abort()
  }
}
