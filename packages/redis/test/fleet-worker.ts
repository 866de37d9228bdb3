// One process of a fleet. The test controls it over IPC.
import { TokenCache, type TokenProvider } from "@countersign/auth-core"
import { createClient } from "redis"
import { redisStore } from "../src/redis-store.ts"

export type Order =
  | { do: "connect"; redisUrl: string; iamUrl: string; leaseMs: number; storeTimeoutMs: number }
  | { do: "read"; times: number }
  | { do: "load"; perSecond: number; seconds: number; renewCacheAtSecond: number }

export interface Report {
  readonly values: string[]
  readonly failures: string[]
  readonly reads: number
  /** The longest of the reads. */
  readonly longestMs: number
}

let cache: TokenCache
let newCache: () => TokenCache
let provider: TokenProvider

process.on("message", (order: Order) => {
  follow(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ values: [], failures: [String(error)], reads: 0, longestMs: 0 }),
  )
})

async function follow(order: Order): Promise<Report> {
  if (order.do === "connect") return connect(order)
  return order.do === "read" ? read(order.times) : load(order)
}

async function connect({
  redisUrl,
  iamUrl,
  leaseMs,
  storeTimeoutMs,
}: Extract<Order, { do: "connect" }>): Promise<Report> {
  const client = createClient({ url: redisUrl, socket: { reconnectStrategy: 50 } })
  client.on("error", () => undefined)
  await client.connect()
  newCache = () => new TokenCache({ store: redisStore(client), leaseMs, storeTimeoutMs })
  cache = newCache()
  provider = Object.assign(
    async () => {
      const response = await fetch(iamUrl, { method: "POST" })
      return (await response.json()) as { value: string; issuedAt: number; expiresAt: number }
    },
    { identityKey: "fleet/test" },
  )
  return { values: [], failures: [], reads: 0, longestMs: 0 }
}

async function read(times: number): Promise<Report> {
  const values = new Set<string>()
  const failures = new Set<string>()
  let longestMs = 0
  const one = async (): Promise<void> => {
    const begun = performance.now()
    try {
      values.add((await cache.get(provider)).value)
    } catch (error) {
      failures.add(String(error))
    }
    longestMs = Math.max(longestMs, performance.now() - begun)
  }
  await Promise.all(Array.from({ length: times }, one))
  return { values: [...values], failures: [...failures], reads: times, longestMs }
}

/** Reads begin at their time, whether the earlier ones have ended or not. */
async function load({ perSecond, seconds, renewCacheAtSecond }: Extract<Order, { do: "load" }>): Promise<Report> {
  const everyMs = 20
  const begun = performance.now()
  const reports: Promise<Report>[] = []
  for (let tick = 0; tick * everyMs < seconds * 1_000; tick++) {
    if (tick * everyMs === renewCacheAtSecond * 1_000) {
      void cache.close()
      cache = newCache()
    }
    reports.push(read(Math.ceil((perSecond * everyMs) / 1_000)))
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + (tick + 1) * everyMs - performance.now())))
  }
  const all = await Promise.all(reports)
  return {
    values: [...new Set(all.flatMap(({ values }) => values))],
    failures: all.flatMap(({ failures }) => failures),
    reads: all.reduce((sum, { reads }) => sum + reads, 0),
    longestMs: Math.max(...all.map(({ longestMs }) => longestMs)),
  }
}
