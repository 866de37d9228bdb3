import { median } from "./distribution.ts"

/** So few that a collection falls into few rounds. */
const CALLS = 100
const ROUNDS = 101

/**
 * Bytes of garbage per call, a median; `undefined` on Bun, which does not tell. No collection is forced: after one, the same calls make up
 * to twice as much garbage as in a program that runs on.
 */
export function allocatedBytes(work: () => unknown): number | undefined {
  if (process.versions.bun !== undefined) return undefined
  const samples: number[] = []
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.memoryUsage().heapUsed
    for (let call = 0; call < CALLS; call++) work()
    samples.push((process.memoryUsage().heapUsed - before) / CALLS)
  }
  return median(samples)
}
