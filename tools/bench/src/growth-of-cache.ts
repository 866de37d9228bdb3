import { type Token, TokenCache, type TokenProvider } from "@countersign/auth-core"
import { comparing } from "./compare.ts"
import { at, curves } from "./curves.ts"
import { awaited, type Batch, interleaved } from "./rounds.ts"
import type { Part } from "./row.ts"

const CACHE = "TokenCache"
const MAP = "a Map read with an expiry check"
/** A large step, coprime to all sizes: it reaches every identity, and none is near the last in memory. */
const STRIDE = 611_953

type Customer = TokenProvider & { readonly identityKey: string }

/** Measures how the read of a cached token grows with the identities in the cache. */
export const growthOfCache: Part = async ({ quick }) => {
  const sizes = quick ? [1, 1_000, 30_000] : [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
  const cases: Record<string, Batch> = {}
  for (const size of sizes) Object.assign(cases, await casesOf(size))
  const samples = await interleaved(cases, { rounds: quick ? 15 : 61 })
  const largest = sizes.at(-1) ?? 1
  const row = comparing(samples)(at(CACHE, largest), at(MAP, largest), {
    id: "growth-cache",
    what: `a cached token among ${largest.toLocaleString("en")} identities`,
    against: "a Map as large, read with an expiry check, awaited",
    target: { atMost: 3 },
  })
  const chart = {
    id: "performance-cache",
    title: "Reading a cached token",
    sizes: "identities in the cache, each read in its turn",
    cost: "one read, awaited",
    curves: curves(samples, [CACHE, MAP], sizes),
  }
  return { rows: [row], charts: [chart] }
}

async function casesOf(size: number): Promise<Record<string, Batch>> {
  const cache = new TokenCache({ maxEntries: size })
  const byKey = new Map<string, Token>()
  const customers = Array.from({ length: size }, (_, number) => customer(number))
  for (const provider of customers) byKey.set(provider.identityKey, await cache.get(provider))
  return {
    [at(CACHE, size)]: awaited(inTurn(customers, (provider) => cache.get(provider))),
    [at(MAP, size)]: awaited(
      inTurn(customers, ({ identityKey }) => {
        const found = byKey.get(identityKey)
        return found !== undefined && found.expiresAt > Date.now() ? found : undefined
      }),
    ),
  }
}

function inTurn(customers: readonly Customer[], read: (customer: Customer) => unknown): () => unknown {
  let next = 0
  return () => {
    next = (next + STRIDE) % customers.length
    const provider = customers[next]
    return provider && read(provider)
  }
}

function customer(number: number): Customer {
  const issuedAt = Date.now()
  const token = { value: `token-${number}`, issuedAt, expiresAt: issuedAt + 24 * 3_600_000 }
  return Object.assign(async () => token, { identityKey: `token https://iam.example.com partner customer-${number}` })
}
