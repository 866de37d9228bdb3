import { setTimeout as sleep } from "node:timers/promises"
import { type TokenProvider, tokenAuth } from "@countersign/auth-core"
import { distribution, median } from "./distribution.ts"
import { get } from "./example-request.ts"
import type { Row } from "./row.ts"

const READS = 10_000
const DELAY_MS = 500

/** Measures ten thousand concurrent callers of a token that is not cached yet. */
export async function coldReads(rounds: number): Promise<Row[]> {
  const upstream: number[] = []
  const ours: number[] = []
  let calls = 0
  for (let round = 0; round < rounds; round++) {
    upstream.push(await tookMs(() => sleep(DELAY_MS)))
    const provider: TokenProvider = async () => {
      calls++
      await sleep(DELAY_MS)
      return { value: "t".repeat(1_500), issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
    }
    const auth = tokenAuth(provider)
    const read = async (): Promise<unknown> => auth.authenticate({ ...get, body: null })
    ours.push(await tookMs(() => Promise.all(Array.from({ length: READS }, read))))
  }
  const ratios = ours.map((took, round) => took / (upstream[round] ?? Number.NaN))
  return [
    {
      id: "cold-calls",
      what: "10,000 concurrent cold reads, upstream calls",
      against: "per 10,000 reads",
      value: calls / rounds,
      unit: "calls",
      target: { atMost: 1 },
    },
    {
      id: "cold-time",
      what: "10,000 concurrent cold reads, until all are answered",
      against: `the upstream delay, ${DELAY_MS} ms`,
      ...distribution(ratios),
      unit: "x",
      target: { atMost: 1.2 },
      detail: `${(median(ours) - median(upstream)).toFixed(1)} ms more`,
    },
  ]
}

async function tookMs(work: () => Promise<unknown>): Promise<number> {
  const begun = performance.now()
  await work()
  return performance.now() - begun
}
