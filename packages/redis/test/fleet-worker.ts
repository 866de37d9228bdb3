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
}

let cache: TokenCache
let newCache: () => TokenCache
let provider: TokenProvider

process.on("message", (order: Order) => {
  follow(order).then(
    (report) => process.send?.(report),
    (error: unknown) => process.send?.({ values: [], failures: [String(error)], reads: 0 }),
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
  return { values: [], failures: [], reads: 0 }
}

async function read(times: number): Promise<Report> {
  const values = new Set<string>()
  const failures = new Set<string>()
  const one = async (): Promise<void> => {
    try {
      values.add((await cache.get(provider)).value)
    } catch (error) {
      failures.add(String(error))
    }
  }
  await Promise.all(Array.from({ length: times }, one))
  return { values: [...values], failures: [...failures], reads: times }
}

async function load({ perSecond, seconds, renewCacheAtSecond }: Extract<Order, { do: "load" }>): Promise<Report> {
  const total: Report = { values: [], failures: [], reads: 0 }
  let reads = 0
  const begun = performance.now()
  const everyMs = 20
  for (let tick = 0; performance.now() - begun < seconds * 1_000; tick++) {
    if (tick * everyMs === renewCacheAtSecond * 1_000) {
      cache.close()
      cache = newCache()
    }
    const { values, failures } = await read((perSecond * everyMs) / 1_000)
    reads += (perSecond * everyMs) / 1_000
    total.values.push(...values.filter((value) => !total.values.includes(value)))
    total.failures.push(...failures)
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, begun + (tick + 1) * everyMs - performance.now())))
  }
  return { ...total, reads }
}
