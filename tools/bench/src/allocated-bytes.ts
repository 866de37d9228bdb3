/** Bytes of garbage that one call makes; `undefined` where the collector cannot be called, so nothing can be counted. */
export function allocatedBytes(work: () => unknown): number | undefined {
  if (globalThis.gc === undefined || process.versions.bun !== undefined) return undefined
  const calls = 1_000
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; round++) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < calls; call++) work()
    const used = process.memoryUsage().heapUsed - before
    // A collection in between would make it too small, or negative.
    if (used > 0) least = Math.min(least, used / calls)
  }
  return least
}
