import { type Token, TokenCache, type TokenProvider } from "@countersign/auth-core"
import type { Part } from "./row.ts"

const IDENTITIES = 100_000
/** How long a provider takes, milliseconds. */
const PROVIDER_MS = 5

/** Asks for many tokens at once that nobody has asked for before. */
export const refreshStorm: Part = async () => {
  let asked = 0
  let most = 0
  const providers = Array.from({ length: IDENTITIES }, (_, index): TokenProvider => {
    const provider = async (): Promise<Token> => {
      most = Math.max(most, ++asked)
      await new Promise((resolve) => setTimeout(resolve, PROVIDER_MS))
      asked--
      const issuedAt = Date.now()
      return { value: `MII${index}`, issuedAt, expiresAt: issuedAt + 86_400_000 }
    }
    return Object.assign(provider, { identityKey: `customer-${index}` })
  })
  const cache = new TokenCache({ maxEntries: IDENTITIES })
  let longest = 0
  let last = performance.now()
  const look = setInterval(() => {
    const now = performance.now()
    longest = Math.max(longest, now - last)
    last = now
  }, 1)
  const before = process.cpuUsage()
  await Promise.all(providers.map(async (provider) => cache.get(provider)))
  clearInterval(look)
  longest = Math.max(longest, performance.now() - last)
  const { user, system } = process.cpuUsage(before)
  const begun = performance.now()
  const waiting = new Map<string, { provider: TokenProvider; resolve: (value: unknown) => void }>()
  const floor = Promise.all(
    providers.map(async (provider) => {
      const { identityKey = "" } = provider
      return await new Promise((resolve) => waiting.set(identityKey, { provider, resolve }))
    }),
  )
  const floorMs = performance.now() - begun
  for (const { resolve } of waiting.values()) resolve(undefined)
  await floor
  const against = `${IDENTITIES.toLocaleString("en")} cold identities at once`
  return {
    rows: [
      {
        id: "storm-hold",
        what: "longest hold of the event loop",
        against,
        value: longest,
        unit: "ms",
        target: { atMost: 100 },
      },
      {
        id: "storm-hold-floor",
        what: "longest hold of the event loop with a promise and a place in a Map for each, and nothing else",
        against,
        value: floorMs,
        unit: "ms",
      },
      {
        id: "storm-cost",
        what: "CPU time for each",
        against,
        value: (user + system) / IDENTITIES,
        unit: "µs",
        target: { atMost: 25 },
      },
      {
        id: "storm-calls",
        what: "providers asked at the same time",
        against,
        value: most,
        unit: "calls",
        target: { atMost: 1_000 },
      },
    ],
  }
}
