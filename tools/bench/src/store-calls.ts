import { memoryStore, tokenAuth } from "@countersign/auth-core"
import { get } from "./example-request.ts"
import type { Row } from "./row.ts"

const READS = 10_000

/** Counts the calls to a shared store while a token is in memory. A store is on another machine, so there must be none. */
export async function storeCalls(): Promise<Row> {
  let calls = 0
  const counted = new Proxy(memoryStore(), {
    get(store, name, receiver) {
      calls++
      return Reflect.get(store, name, receiver)
    },
  })
  const provider = Object.assign(
    async () => ({ value: "token", issuedAt: Date.now(), expiresAt: Date.now() + 24 * 3_600_000 }),
    { identityKey: "customer" },
  )
  const auth = tokenAuth(provider, { cache: { store: counted } })
  await auth.authenticate({ ...get, body: null })
  const cold = calls
  if (cold === 0) throw new Error("The store was not used at all.")
  for (let read = 0; read < READS; read++) await auth.authenticate({ ...get, body: null })
  return {
    id: "store-calls",
    what: "10,000 reads of a cached token with a shared store behind",
    against: "calls of the store",
    value: calls - cold,
    unit: "calls",
    target: { atMost: 0 },
  }
}
