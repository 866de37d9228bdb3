import { randomBytes } from "node:crypto"
import { akskAuth } from "@countersign/auth-core"
import { distribution, median } from "./distribution.ts"
import { credentials, post } from "./example-request.ts"
import type { Row } from "./row.ts"

const BYTES = 12 * 1024 * 1024

/**
 * Measures how long a signature over 12 MB blocks the event loop: the longest time between two turns of a probe that always
 * asks for the next turn. The same without a signature shows the share of the machine.
 */
export async function eventLoopHold(times: number): Promise<Row> {
  const auth = akskAuth(credentials)
  const body = randomBytes(BYTES)
  const holds: number[] = []
  const idle: number[] = []
  const took: number[] = []
  for (let time = 0; time < times + 3; time++) {
    const begun = performance.now()
    const hold = await longestHold(async () => auth.authenticate({ ...post, body }))
    const tookMs = performance.now() - begun
    const none = await longestHold(() => new Promise((resolve) => setTimeout(resolve, tookMs)))
    // The first runs include compilation.
    if (time < 3) continue
    holds.push(hold)
    idle.push(none)
    took.push(tookMs)
  }
  return {
    id: "hold-12mb",
    what: "longest hold of the event loop, akskAuth with a 12 MB body",
    against: `median of ${times} requests`,
    ...distribution(holds),
    unit: "ms",
    target: { atMost: 1 },
    detail: `signed in ${median(took).toFixed(1)} ms; an idle loop as long: ${median(idle).toFixed(2)} ms`,
  }
}

async function longestHold(work: () => Promise<unknown>): Promise<number> {
  let longest = 0
  let isOver = false
  let last = performance.now()
  const probe = (): void => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
    if (!isOver) setImmediate(probe)
  }
  setImmediate(probe)
  await work()
  isOver = true
  // The turn that ended the work counts too.
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  return longest
}
