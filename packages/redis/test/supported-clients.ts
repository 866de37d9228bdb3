// Every supported release, as the documentation names them, on each kind of server that it knows.
import type { LocalCluster, LocalRedis, LocalSentinels } from "@countersign/testkit"
import { GlideClient, GlideClusterClient, Logger } from "@valkey/valkey-glide"
import * as ioredis6 from "ioredis"
import * as ioredis5 from "ioredis-5"
import * as iovalkey from "iovalkey"
import * as redis6 from "redis"
import * as redis4 from "redis-4"
import * as redis5 from "redis-5"
import type { RedisClient } from "../src/index.ts"

interface Login {
  readonly username: string
  readonly password: string
}

export interface Connected {
  readonly client: RedisClient
  close(): unknown
}

export interface SupportedClient {
  single(server: Pick<LocalRedis, "port">, login?: Login): Promise<Connected>
  sentinel?(group: LocalSentinels): Promise<Connected>
  cluster(cluster: LocalCluster, login?: Login): Promise<Connected>
}

// It prints what the store reports anyway.
Logger.setLoggerConfig("off")

const HOST = "127.0.0.1"
const RETRY_MS = 50

export const supportedClients = {
  "redis 4": nodeRedis(redis4),
  "redis 5": { ...nodeRedis(redis5), sentinel: (group) => nodeRedisSentinel(redis5, group) },
  "redis 6": { ...nodeRedis(redis6), sentinel: (group) => nodeRedisSentinel(redis6, group) },
  "ioredis 5": ioRedis(ioredis5),
  "ioredis 6": ioRedis(ioredis6),
  "iovalkey 0.4": ioRedis(iovalkey),
  "valkey-glide 2.5": {
    async single({ port }, login) {
      const client = await GlideClient.createClient({
        addresses: [{ host: HOST, port }],
        ...(login && { credentials: login }),
      })
      return { client, close: () => client.close() }
    },
    async cluster({ nodes }, login) {
      const client = await GlideClusterClient.createClient({
        addresses: nodes.map(({ port }) => ({ host: HOST, port })),
        ...(login && { credentials: login }),
      })
      return { client, close: () => client.close() }
    },
  },
} satisfies Record<string, SupportedClient>

/** Errors of a client are also those of its commands, which the store reports. */
const ignore = (): void => undefined

interface NodeRedisConnection {
  on(event: "error", listener: () => void): unknown
  connect(): Promise<unknown>
  disconnect?(): unknown
  destroy?(): unknown
}

/** Does not wait for a server that is down. */
async function connected<Client extends NodeRedisConnection & RedisClient>(client: Client): Promise<Connected> {
  client.on("error", ignore)
  await Promise.race([client.connect().catch(ignore), new Promise((resolve) => setTimeout(resolve, 500))])
  return {
    client,
    close: async () => (client.destroy === undefined ? client.disconnect?.() : client.destroy()),
  }
}

function nodeRedis(
  release: Pick<typeof redis4, "createClient" | "createCluster"> | typeof redis5 | typeof redis6,
): SupportedClient {
  // The releases differ in types that no call here depends on.
  const { createClient, createCluster } = release as typeof redis6
  return {
    single: ({ port }, login) =>
      connected(createClient({ ...login, socket: { host: HOST, port, reconnectStrategy: RETRY_MS } })),
    cluster: ({ nodes }, login) =>
      connected(
        createCluster({
          rootNodes: nodes.map(({ url }) => ({ url })),
          defaults: { ...login, socket: { reconnectStrategy: RETRY_MS } },
        }),
      ),
  }
}

function nodeRedisSentinel(
  release: typeof redis5 | typeof redis6,
  { name, sentinels }: LocalSentinels,
): Promise<Connected> {
  const { createSentinel } = release as typeof redis6
  return connected(createSentinel({ name, sentinelRootNodes: sentinels.map(({ port }) => ({ host: HOST, port })) }))
}

function ioRedis(release: typeof ioredis5 | typeof ioredis6 | typeof iovalkey): SupportedClient {
  const { Redis, Cluster } = release as typeof ioredis6
  const opened = (client: InstanceType<typeof Redis> | InstanceType<typeof Cluster>): Connected => {
    client.on("error", ignore)
    return { client, close: () => client.disconnect() }
  }
  const retryStrategy = (): number => RETRY_MS
  return {
    single: async ({ port }, login) => opened(new Redis({ ...login, host: HOST, port, retryStrategy })),
    sentinel: async ({ name, sentinels }) =>
      opened(new Redis({ name, sentinels: sentinels.map(({ port }) => ({ host: HOST, port })), retryStrategy })),
    cluster: async ({ nodes }, login) =>
      opened(
        new Cluster(
          nodes.map(({ port }) => ({ host: HOST, port })),
          { redisOptions: { ...login }, clusterRetryStrategy: retryStrategy },
        ),
      ),
  }
}
