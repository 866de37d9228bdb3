import { clusterSlot } from "./cluster-slot.ts"
import type { RedisCommands } from "./redis-commands.ts"
import { type Dialer, type Line, type LineEvents, Subscription } from "./subscription.ts"

/** The part of the packages `ioredis` 5 or 6 and `iovalkey` that the store uses: a client, with sentinels, or a Cluster. */
export interface IoRedisClient {
  /** Runs a script. */
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  /** Tells this kind of client from others. */
  defineCommand(...definition: never[]): unknown
}

/** A client for one server. */
interface Single {
  readonly options: { readonly host?: string | undefined; readonly port?: number | undefined }
  duplicate(overrides: object): Subscriber
}

interface Subscriber {
  readonly stream?: { unref?(): void } | undefined
  connect(): Promise<unknown>
  subscribe(...channels: string[]): Promise<unknown>
  unsubscribe(channel: string): Promise<unknown>
  ssubscribe(channel: string): Promise<unknown>
  sunsubscribe(channel: string): Promise<unknown>
  ping(): Promise<unknown>
  on(event: "message" | "smessage", listener: (channel: string, message: string) => void): unknown
  on(event: string, listener: () => void): unknown
  disconnect(): void
}

interface Cluster {
  readonly options?: { readonly keyPrefix?: string; readonly redisOptions?: { readonly keyPrefix?: string } }
  /** The addresses of the nodes of each slot, that of the master first. */
  readonly slots: ReadonlyArray<readonly string[] | undefined>
  nodes(role: "master"): Single[]
}

export function ioRedisCommands(client: IoRedisClient): RedisCommands {
  const cluster = isCluster(client) ? client : undefined
  const options = cluster?.options
  return {
    run: (script, keys, values) => client.eval(script, keys.length, ...keys, ...values),
    publishing: cluster === undefined ? "PUBLISH" : "SPUBLISH",
    keyPrefix: options?.keyPrefix ?? options?.redisOptions?.keyPrefix,
    subscribe: (listener) =>
      new Subscription(cluster === undefined ? singleDialer(client) : clusterDialer(cluster), listener),
  }
}

function isCluster(client: object): client is Cluster {
  return "nodes" in client && "slots" in client
}

function singleDialer(client: object): Dialer {
  return { placeOf: () => "", dial: (_place, events) => open(client as Single, false, events) }
}

function clusterDialer(cluster: Cluster): Dialer {
  return {
    placeOf: (channel) => cluster.slots[clusterSlot(channel)]?.[0],
    async dial(place, events) {
      const node = cluster.nodes("master").find(({ options: { host, port } }) => `${host}:${port}` === place)
      if (node === undefined) throw new Error("The node left the cluster.")
      return open(node, true, events)
    },
  }
}

async function open(client: Single, isSharded: boolean, { heard, ended }: LineEvents): Promise<Line> {
  const subscriber = client.duplicate({
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    connectionName: null,
    enableOfflineQueue: true,
    failoverDetector: false,
    keyPrefix: "",
    lazyConnect: true,
    readOnly: false,
    retryStrategy: null,
    sentinelRetryStrategy: null,
  })
  subscriber.on("error", ended)
  subscriber.on("end", ended)
  // In a cluster: some of its channels now belong to another node.
  subscriber.on("moved", ended)
  subscriber.on("message", (_channel, message) => heard(message))
  subscriber.on("smessage", (_channel, message) => heard(message))
  // The client has no `unref` of its own.
  subscriber.on("connect", () => subscriber.stream?.unref?.())
  await subscriber.connect()
  return {
    // Sharded channels of one command must have the same slot.
    subscribe: (channels) =>
      isSharded
        ? Promise.all(channels.map((channel) => subscriber.ssubscribe(channel)))
        : subscriber.subscribe(...channels),
    unsubscribe: (channel) => (isSharded ? subscriber.sunsubscribe(channel) : subscriber.unsubscribe(channel)),
    check: () => subscriber.ping(),
    close: () => subscriber.disconnect(),
  }
}
