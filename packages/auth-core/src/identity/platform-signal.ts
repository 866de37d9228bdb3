/** By the signal that each follows, so that a signal of many requests has one listener. */
const followers = new WeakMap<AbortSignal, AbortSignal>()

/** A signal with all that the platform's have. One of a polyfill may lack `reason` and `throwIfAborted`. */
export function platformSignal(signal: AbortSignal | null | undefined): AbortSignal | undefined {
  if (signal === null || signal === undefined || isPlatforms(signal)) return signal ?? undefined
  // The client refuses a value that is no signal at all.
  if (typeof signal.addEventListener !== "function") return undefined
  const known = followers.get(signal)
  if (known !== undefined) return known
  const follower = new AbortController()
  const follow = (): void => follower.abort(signal.reason)
  if (signal.aborted) follow()
  else signal.addEventListener("abort", follow, { once: true })
  followers.set(signal, follower.signal)
  return follower.signal
}

function isPlatforms(signal: object): boolean {
  return signal instanceof AbortSignal
}
