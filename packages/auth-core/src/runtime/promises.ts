/** Whether a value is still to come, also by a promise of another class: zone.js and Bluebird put theirs in the global's place. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function"
}

/** Goes on with a value, at once when it is at hand. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** Settles like the promise, or rejects with the signal's reason as soon as that aborts. The work itself goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener("abort", onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort))
  })
}

/**
 * Gives what is made or loaded when it is first asked for: a promise until it is there, then the value itself. A failure is
 * not kept.
 */
export function lazily<T>(load: () => Promise<T>): () => T | Promise<T> {
  let loaded: T | undefined
  let loading: Promise<T> | undefined
  const keep = (value: T): T => {
    loaded = value
    return value
  }
  const forget = (error: unknown): never => {
    loading = undefined
    throw error
  }
  return () => {
    if (loaded !== undefined) return loaded
    loading ??= load().then(keep, forget)
    return loading
  }
}
