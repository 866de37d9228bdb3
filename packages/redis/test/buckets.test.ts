// How much a process hears that is of no use to it, with 10,000 identities in the store.
import { hasRedis, type LocalCluster, type LocalRedis, localCluster, localRedis } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { redisStore } from "../src/index.ts"
import { supportedClients } from "./supported-clients.ts"

const IDENTITIES = 10_000
const USED = 100
const MOST_USELESS_SHARE = 0.01

describe.skipIf(!hasRedis())("a process that uses 100 of 10,000 identities", () => {
  let server: LocalRedis
  let cluster: LocalCluster
  beforeAll(async () => {
    server = await localRedis()
    cluster = await localCluster()
  }, 60_000)
  afterAll(() => Promise.all([server.stop(), cluster.stop()]))

  it.each(["single", "cluster"] as const)(
    "hears all of theirs, and few of the others: %s",
    async (kind) => {
      const { single, cluster: clustered } = supportedClients["ioredis 6"]
      const connect = () => (kind === "single" ? single(server) : clustered(cluster))
      const [own, other] = [await connect(), await connect()]
      const keys = Array.from({ length: IDENTITIES }, () => `v2.${crypto.randomUUID()}`)
      const used = new Set(keys.slice(0, USED))
      const [useful, useless] = [new Set<string>(), new Set<string>()]
      const watch = redisStore(own.client).watch?.(({ key }) => void (used.has(key) ? useful : useless).add(key))
      for (const key of used) watch?.follow(key)
      await expect.poll(() => [...used].every((key) => watch?.isHearing(key)), { timeout: 15_000 }).toBe(true)
      const writer = redisStore(other.client)
      for (let from = 0; from < IDENTITIES; from += 500)
        await Promise.all(keys.slice(from, from + 500).map((key) => writer.set(key, "value", 60_000)))
      await expect.poll(() => useful.size, { timeout: 15_000 }).toBe(USED)
      process.stdout.write(`${kind}: ${useless.size} of ${IDENTITIES} notices were of no use\n`)
      expect(useless.size / IDENTITIES).toBeLessThanOrEqual(MOST_USELESS_SHARE)
      await watch?.end()
      await own.close()
      await other.close()
    },
    60_000,
  )
})
