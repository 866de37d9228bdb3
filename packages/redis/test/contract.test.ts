// The contract of a store through every supported client, on each kind of server that it knows.
import {
  describeCacheStore,
  hasRedis,
  type LocalCluster,
  type LocalRedis,
  type LocalSentinels,
  localCluster,
  localRedis,
  localSentinels,
} from "@countersign/testkit"
import { afterAll, beforeAll, describe } from "vitest"
import { type CacheStore, redisStore } from "../src/index.ts"
import { type Connected, type SupportedClient, supportedClients } from "./supported-clients.ts"

describe.skipIf(!hasRedis())("redisStore", () => {
  let server: LocalRedis
  let group: LocalSentinels
  let cluster: LocalCluster
  beforeAll(async () => {
    server = await localRedis()
    group = await localSentinels()
    cluster = await localCluster()
  }, 60_000)
  afterAll(() => Promise.all([server, group, cluster].map((started) => started?.stop())))

  const closing: (() => unknown)[] = []
  const dispose = async (): Promise<void> => {
    for (const close of closing.splice(0)) await close()
  }
  const storeOf = async (connecting: Promise<Connected>): Promise<CacheStore> => {
    const { client, close } = await connecting
    closing.push(close)
    return redisStore(client)
  }

  for (const [name, { single, sentinel, cluster: clustered }] of Object.entries<SupportedClient>(supportedClients)) {
    const onSingle = (): Promise<CacheStore> => storeOf(single(server))
    describeCacheStore(`${name} on a single server`, onSingle, { peerOf: onSingle, dispose })
    const inCluster = (): Promise<CacheStore> => storeOf(clustered(cluster))
    describeCacheStore(`${name} in a cluster`, inCluster, { peerOf: inCluster, dispose })
    if (sentinel === undefined) continue
    const behindSentinels = (): Promise<CacheStore> => storeOf(sentinel(group))
    describeCacheStore(`${name} behind sentinels`, behindSentinels, { peerOf: behindSentinels, dispose })
  }

  const [first, ...others] = Object.values<SupportedClient>(supportedClients)
  others.forEach(({ cluster: clustered }, index) => {
    describeCacheStore(
      `${Object.keys(supportedClients)[0]} in a cluster with ${Object.keys(supportedClients)[index + 1]}`,
      () => storeOf((first as SupportedClient).cluster(cluster)),
      { peerOf: () => storeOf(clustered(cluster)), dispose },
    )
  })
})
