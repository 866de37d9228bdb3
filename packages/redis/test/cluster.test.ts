import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describeCacheStore, hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { Cluster } from "ioredis"
import { createCluster } from "redis"
import { afterAll, beforeAll, describe } from "vitest"
import { type CacheStore, redisStore } from "../src/index.ts"

const run = promisify(execFile)

describe.skipIf(!hasRedis())("a cluster of three nodes", () => {
  let nodes: LocalRedis[]
  const closing: (() => unknown)[] = []

  beforeAll(async () => {
    nodes = await Promise.all(
      [0, 1, 2].map(() => localRedis("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")),
    )
    const addresses = nodes.map(({ port }) => `127.0.0.1:${port}`)
    await run("redis-cli", ["--cluster", "create", ...addresses, "--cluster-replicas", "0", "--cluster-yes"])
    const first = nodes[0]
    for (let wait = 0; wait < 100; wait++) {
      const { stdout } = await run("redis-cli", ["-p", String(first?.port), "cluster", "info"])
      if (stdout.includes("cluster_state:ok")) return
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
    throw new Error("The cluster does not come up.")
  }, 30_000)
  afterAll(() => Promise.all(nodes.map((node) => node.stop())))

  const dispose = async (): Promise<void> => {
    for (const close of closing.splice(0)) await close()
  }

  const connecting: Record<string, () => Promise<CacheStore>> = {
    async "the cluster of node-redis"() {
      const cluster = createCluster({ rootNodes: nodes.map(({ url }) => ({ url })) })
      cluster.on("error", () => undefined)
      await cluster.connect()
      closing.push(() => cluster.destroy())
      return redisStore(cluster)
    },
    async "the Cluster of ioredis"() {
      const cluster = new Cluster(nodes.map(({ port }) => ({ host: "127.0.0.1", port })))
      cluster.on("error", () => undefined)
      closing.push(() => cluster.disconnect())
      return redisStore(cluster)
    },
  }
  for (const [name, connect] of Object.entries(connecting))
    describeCacheStore(name, connect, { peerOf: connect, dispose })
})
