import { Worker } from "node:worker_threads"
import type { SeedResult } from "./seed-worker.ts"

interface SeedFailure {
  readonly seed: number
  readonly violation: SeedResult["violations"][number]
  /** How many more it has. */
  readonly more: number
}

/** The outcome of many seeds. */
export interface Total {
  readonly failures: readonly SeedFailure[]
  readonly processes: number
  readonly requests: number
  readonly iamCalls: number
  readonly commands: number
}

/** Runs the plans of many seeds, on several threads. */
export async function runSeeds(from: number, count: number, threads: number): Promise<Total> {
  const seeds = Array.from({ length: count }, (_, index) => from + index)
  const parts = Array.from({ length: threads }, (_, thread) => seeds.filter((_, index) => index % threads === thread))
  const results = (await Promise.all(parts.map(runPart))).flat()
  const sumOf = (figure: (result: SeedResult) => number): number =>
    results.reduce((sum, result) => sum + figure(result), 0)
  return {
    failures: results
      .flatMap(({ seed, violations: [violation, ...others] }) =>
        violation === undefined ? [] : [{ seed, violation, more: others.length }],
      )
      .sort((one, other) => one.seed - other.seed),
    processes: sumOf(({ processes }) => processes),
    requests: sumOf(({ requests }) => requests),
    iamCalls: sumOf(({ iamCalls }) => iamCalls),
    commands: sumOf(({ commands }) => commands),
  }
}

function runPart(seeds: readonly number[]): Promise<SeedResult[]> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seed-worker.ts", import.meta.url), { workerData: seeds })
    const results: SeedResult[] = []
    worker.on("message", (result: SeedResult) => results.push(result))
    worker.on("error", reject)
    worker.on("exit", () => resolve(results))
  })
}
