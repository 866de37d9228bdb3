import { akskAuth, TokenCache } from "@countersign/auth-core"
import { customerToken, TOKEN_BYTES } from "./customer-token.ts"
import { credentials, get } from "./example-request.ts"
import type { Part, Row } from "./row.ts"

const CUSTOMERS = 100_000

/** Measures the memory of cached tokens, and the memory that requests leave behind. */
export const memory: Part = async ({ quick }) => ({
  rows: [...(await manyTokens()), await afterRequests(quick ? 300_000 : 10_000_000)],
})

/** Fills one bounded cache with customers' tokens, then with twice as many more, which push out the first. */
async function manyTokens(): Promise<Row[]> {
  const before = await bytesInUse()
  const cache = new TokenCache({ maxEntries: CUSTOMERS })
  const inUse = async (from: number, to: number): Promise<number> => {
    for (let number = from; number < to; number++) await cache.get(customerToken(number))
    return ((await bytesInUse()) - before) / (CUSTOMERS * TOKEN_BYTES)
  }
  const full = await inUse(0, CUSTOMERS)
  const overflown = await inUse(CUSTOMERS, 3 * CUSTOMERS)
  if (cache.size !== CUSTOMERS) throw new Error(`The cache has ${cache.size} identities.`)
  const against = "the bytes of the tokens"
  const target = { atMost: 1.3 }
  return [
    {
      id: "memory-tokens",
      what: "TokenCache with 100,000 customers' tokens of 1.5 kB",
      against,
      value: full,
      unit: "x",
      target,
      detail: `${((full * CUSTOMERS * TOKEN_BYTES) / 1e6).toFixed(0)} MB`,
    },
    {
      id: "memory-bounded",
      what: "the same after 200,000 customers more",
      against,
      value: overflown,
      unit: "x",
      target,
      detail: `${((overflown * CUSTOMERS * TOKEN_BYTES) / 1e6).toFixed(0)} MB`,
    },
  ]
}

/** Signs requests to ever new hosts and paths, so that anything kept of one would show. */
async function afterRequests(requests: number): Promise<Row> {
  const auth = akskAuth(credentials)
  const signUpTo = async (from: number, to: number): Promise<number> => {
    for (let number = from; number < to; number++) {
      const url = `https://host-${number}.myhuaweicloud.com/v1/servers/${number}?limit=${number}`
      await auth.authenticate({ ...get, url, body: null })
    }
    return await bytesInUse()
  }
  // Meanwhile V8 drops the code that it compiled at first.
  const warm = requests / 5
  const before = await signUpTo(0, warm)
  const after = await signUpTo(warm, requests + warm)
  return {
    id: "memory-growth",
    what: `growth over ${requests.toLocaleString("en")} signed requests`,
    against: "memory in use after collections",
    value: (after - before) / 1_000,
    unit: "kB",
    target: { atMost: 100 },
    detail: `${((after - before) / requests).toFixed(3)} bytes a request`,
  }
}

/** Counts the bytes in use after pending work is done and weak references are cleared. */
export async function bytesInUse(): Promise<number> {
  if (globalThis.gc === undefined) throw new Error("Memory is measured with --expose-gc.")
  for (let time = 0; time < 3; time++) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    globalThis.gc()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
