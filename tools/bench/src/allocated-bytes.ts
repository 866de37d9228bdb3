import { median } from "./distribution.ts"

/** So few that no collection falls into them: it would make the figure too small. */
const CALLS = 100
const ROUNDS = 101

/** Bytes of garbage per call; `undefined` if the collector cannot be called. */
export function allocatedBytes(work: () => unknown): number | undefined {
  if (globalThis.gc === undefined || process.versions.bun !== undefined) return undefined
  const samples: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    globalThis.gc()
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < CALLS; call++) work()
    samples.push((process.memoryUsage().heapUsed - before) / CALLS)
  }
  return median(samples)
}
