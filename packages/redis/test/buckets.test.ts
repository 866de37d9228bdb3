// How much a process hears that is of no use to it, with 10,000 identities of others in the store.
import {
  hasRedis,
  type LocalCluster,
  type LocalRedis,
  localCluster,
  localRedis,
  reportFigures,
} from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { redisStore } from "../src/index.ts"
import { supportedClients } from "./supported-clients.ts"

const OTHERS = 10_000
const MOST_USELESS_SHARE = 0.01

describe.skipIf(!hasRedis())("a process with identities of its own", () => {
  let server: LocalRedis
  let cluster: LocalCluster
  beforeAll(async () => {
    server = await localRedis()
    cluster = await localCluster()
  }, 60_000)
  afterAll(() => Promise.all([server.stop(), cluster.stop()]))

  it.each([
    ["single", 100],
    ["single", 5_000],
    ["cluster", 100],
  ] as const)(
    "hears all of their changes, and hardly any of 10,000 others: %s, %d of its own",
    async (kind, count) => {
      const { single, cluster: clustered } = supportedClients["ioredis 6"]
      const connect = () => (kind === "single" ? single(server) : clustered(cluster))
      const [own, other] = [await connect(), await connect()]
      const keys = Array.from({ length: count + OTHERS }, () => `v2.${crypto.randomUUID()}`)
      const used = new Set(keys.slice(0, count))
      const [useful, useless] = [new Set<string>(), new Set<string>()]
      const watch = redisStore(own.client).watch?.(({ key }) => void (used.has(key) ? useful : useless).add(key))
      for (const key of used) watch?.follow(key)
      await expect.poll(() => [...used].every((key) => watch?.isHearing(key)), { timeout: 15_000 }).toBe(true)
      const writer = redisStore(other.client)
      for (let from = 0; from < keys.length; from += 500)
        await Promise.all(keys.slice(from, from + 500).map((key) => writer.set(key, "value", 60_000)))
      await expect.poll(() => useful.size, { timeout: 15_000 }).toBe(count)
      reportFigures({ notices: OTHERS, useless: useless.size })
      expect(useless.size / OTHERS).toBeLessThanOrEqual(MOST_USELESS_SHARE)
      await watch?.end()
      await own.close()
      await other.close()
    },
    60_000,
  )
})
