/** Bytes of garbage per call; `undefined` if the collector cannot be called. */
export function allocatedBytes(work: () => unknown): number | undefined {
  if (globalThis.gc === undefined || process.versions.bun !== undefined) return undefined
  const calls = 1_000
  let least = Number.POSITIVE_INFINITY
  for (let round = 0; round < 15; round++) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < calls; call++) work()
    const used = process.memoryUsage().heapUsed - before
    // A collection during the calls would make the figure too small, or negative.
    if (used > 0) least = Math.min(least, used / calls)
  }
  return least
}
