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
