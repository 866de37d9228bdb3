// Real faults, one after the other, while processes of a fleet read all the time. Its figures stand in the report of the test.
import { setTimeout as delay } from "node:timers/promises"
import { askServer, hasRedis, localCluster, localRedis, localSentinels, reportFigures } from "@countersign/testkit"
import { afterEach, describe, expect, it } from "vitest"
import { redisStore, TokenCache } from "../src/index.ts"
import { type Connected, type SupportedClient, supportedClients } from "./supported-clients.ts"

const PROCESSES = 4
const IDENTITIES = 5
/** Short, so that the processes renew all the time. */
const LIFETIME_MS = 2_000
const STORE_TIMEOUT_MS = 200
/** One late operation, the wait before the second look, the issuer, and a busy machine. */
const LONGEST_READ_MS = 5_000
/** Of the calls without a store. Processes that share nothing make at least half of those, since they renew later. */
const MOST_CALLS_SHARE = 0.4

interface Figures {
  readonly reads: number
  readonly failures: string[]
  readonly pastTheirEnd: number
  readonly longestMs: number
  readonly issuerCalls: number
  /** The calls of as many processes and as much time in which each renews at half of a lifetime. */
  readonly callsWithoutStore: number
}

/** Reads through a fault, and then until the store is used again. */
async function readThrough(connect: () => Promise<Connected>, fault: () => Promise<unknown>): Promise<Figures> {
  const connected = await Promise.all(Array.from({ length: PROCESSES }, connect))
  const caches = connected.map(
    ({ client }) => new TokenCache({ store: redisStore(client), storeTimeoutMs: STORE_TIMEOUT_MS, leaseMs: 2_000 }),
  )
  let issuerCalls = 0
  const providers = Array.from({ length: IDENTITIES }, (_, index) =>
    Object.assign(
      async () => {
        issuerCalls += 1
        await delay(20)
        return { value: `token-${issuerCalls}`, issuedAt: Date.now(), expiresAt: Date.now() + LIFETIME_MS }
      },
      { identityKey: `chaos/${index}/${crypto.randomUUID()}` },
    ),
  )
  let [reads, pastTheirEnd, longestMs, isOver] = [0, 0, 0, false]
  const failures: string[] = []
  const readers = caches.map(async (cache) => {
    while (!isOver) {
      for (const provider of providers) {
        const begun = performance.now()
        try {
          const { expiresAt } = await cache.get(provider)
          if (expiresAt <= Date.now() - 5) pastTheirEnd += 1
        } catch (error) {
          failures.push(String(error))
        }
        reads += 1
        longestMs = Math.max(longestMs, performance.now() - begun)
      }
      await delay(10)
    }
  })
  const begun = performance.now()
  await delay(1_000)
  await fault()
  await delay(2_000)
  isOver = true
  await Promise.all(readers)
  const seconds = (performance.now() - begun) / 1_000
  await Promise.all(caches.map((cache) => cache.close()))
  for (const { close } of connected) await close()
  const callsWithoutStore = Math.ceil((seconds * 1_000) / (LIFETIME_MS / 2)) * PROCESSES * IDENTITIES
  return { reads, failures, pastTheirEnd, longestMs: Math.round(longestMs), issuerCalls, callsWithoutStore }
}

describe.skipIf(!hasRedis())("chaos", () => {
  const stopping: { stop(): Promise<void> }[] = []
  afterEach(() => Promise.all(stopping.splice(0).map((started) => started.stop())))
  const keep = <Started extends { stop(): Promise<void> }>(started: Started): Started => {
    stopping.push(started)
    return started
  }

  function check({ failures, ...figures }: Figures): void {
    reportFigures(figures)
    expect(failures).toEqual([])
    expect(figures.pastTheirEnd).toBe(0)
    expect(figures.reads).toBeGreaterThan(PROCESSES * IDENTITIES)
    expect(figures.longestMs).toBeLessThan(LONGEST_READ_MS)
    expect(figures.issuerCalls).toBeLessThanOrEqual(MOST_CALLS_SHARE * figures.callsWithoutStore)
  }

  it.each(["redis 6", "ioredis 6"] as const)(
    "failover of sentinels, through %s",
    async (name) => {
      const group = keep(await localSentinels())
      const before = await group.masterPort()
      const figures = await readThrough(
        () => supportedClients[name].sentinel?.(group) ?? Promise.reject(new Error("It has no sentinel.")),
        async () => {
          await group.servers[0].kill()
          await expect.poll(() => group.masterPort(), { timeout: 15_000 }).not.toBe(before)
        },
      )
      check(figures)
    },
    60_000,
  )

  it.each(
    Object.entries<SupportedClient>(supportedClients).filter(([name]) => /^(redis 6|ioredis 6|valkey)/.test(name)),
  )(
    "failover in a cluster, through %s",
    async (_name, supported) => {
      const cluster = keep(await localCluster({ hasReplicas: true }))
      const [first, second] = cluster.nodes
      const figures = await readThrough(
        () => supported.cluster(cluster),
        async () => {
          await first?.kill()
          await expect
            .poll(() => askServer(second?.port ?? 0, "cluster", "info"), { timeout: 15_000 })
            .toContain("cluster_state:ok")
        },
      )
      check(figures)
    },
    60_000,
  )

  it("a server that is stopped and goes on", async () => {
    const server = keep(await localRedis())
    const figures = await readThrough(
      () => supportedClients["redis 6"].single(server),
      async () => {
        server.pause()
        await delay(2_000)
        server.resume()
      },
    )
    check(figures)
  }, 60_000)

  it("rights that are taken away and given back", async () => {
    const server = keep(await localRedis())
    const figures = await readThrough(
      () => supportedClients["ioredis 6"].single(server),
      async () => {
        await askServer(server.port, "acl", "setuser", "default", "resetchannels", "-eval")
        await delay(2_000)
        await askServer(server.port, "acl", "setuser", "default", "allchannels", "+eval")
      },
    )
    check(figures)
  }, 60_000)

  it.each(["noeviction", "allkeys-lru"])(
    "a memory that is full, with %s",
    async (policy) => {
      const server = keep(await localRedis())
      const figures = await readThrough(
        () => supportedClients["redis 6"].single(server),
        async () => {
          await askServer(server.port, "config", "set", "maxmemory-policy", policy, "maxmemory", "1mb")
          await delay(2_000)
          await askServer(server.port, "config", "set", "maxmemory", "0")
        },
      )
      check(figures)
    },
    60_000,
  )
})
