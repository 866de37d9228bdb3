/** Whether a value is a promise, of any class: zone.js and Bluebird replace the global one. */
export function isPromise<T>(value: T | Promise<T>): value is Promise<T> {
  return typeof (value as Partial<Promise<T>> | undefined)?.then === "function"
}

/** The result of a function as a promise; an error that it throws, as a rejection. `Promise.try` needs Node 23. */
export function asPromise<T>(act: () => T | Promise<T>): Promise<T> {
  try {
    return Promise.resolve(act())
  } catch (error) {
    return Promise.reject(error)
  }
}

/** Passes a value on to `next`, at once unless it is a promise. */
export function andThen<T, R>(value: T | Promise<T>, next: (value: T) => R | Promise<R>): R | Promise<R> {
  return isPromise(value) ? value.then(next) : next(value)
}

/** Settles like the promise, or rejects with the signal's reason as soon as that aborts. The work goes on. */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener("abort", onAbort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort))
  })
}

/** Loads a value when it is first needed. Returns a promise until it is there, then the value. A failure is not kept. */
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
