import { hash, randomBytes } from "node:crypto"
import { sign } from "@countersign/auth-core"
import { comparing } from "./compare.ts"
import { eventLoopHold } from "./event-loop-hold.ts"
import { credentials, post } from "./example-request.ts"
import { interleaved, sync } from "./rounds.ts"
import type { Part, Row } from "./row.ts"

const MB = 1024 * 1024

/** Measures large bodies, whose hash is nearly all of the work. */
export const largeBodies: Part = async ({ quick }) => {
  const rows: Row[] = []
  for (const size of [1, 12]) {
    const body = randomBytes(size * MB)
    const row = comparing(
      await interleaved(
        {
          hash: sync(() => hash("sha256", body, "hex")),
          sign: sync(() => sign({ ...post, body }, credentials)),
        },
        { rounds: quick ? 15 : 61, roundMs: size * 4 },
      ),
    )
    rows.push(
      row("sign", "hash", {
        id: `post-${size}mb`,
        what: `sign a ${size} MB body`,
        against: "hashing the body",
        target: { atMost: 1.03 },
      }),
    )
  }
  return { rows: [...rows, await eventLoopHold(quick ? 15 : 61)] }
}
