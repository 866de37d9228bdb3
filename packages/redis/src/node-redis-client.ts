import { clusterSlot } from "./cluster-slot.ts"
import type { RedisCommands } from "./redis-commands.ts"
import { type Dialer, type Line, type LineEvents, Subscription } from "./subscription.ts"

/** The part of the package `redis` 4, 5 or 6 that the store uses: a client, a cluster or a sentinel. */
export interface NodeRedisClient {
  /** Runs a script. */
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
}

type Listener = (message: string) => void

/** A client for one server. */
interface Single {
  readonly options?: { readonly socket?: object | undefined } | undefined
  duplicate(overrides: object): Subscriber
}

interface Subscriber {
  connect(): Promise<unknown>
  subscribe(channels: string[], listener: Listener): Promise<unknown>
  unsubscribe(channel: string, listener: Listener): Promise<unknown>
  sSubscribe(channel: string, listener: Listener): Promise<unknown>
  sUnsubscribe(channel: string, listener: Listener): Promise<unknown>
  sendCommand(args: string[]): Promise<unknown>
  on(event: string, listener: () => void): unknown
  unref(): void
  disconnect(): unknown
  destroy?(): unknown
}

interface ClusterNode {
  readonly address: string
}

interface Cluster {
  readonly slots: ReadonlyArray<{ readonly master: ClusterNode } | undefined>
  readonly masters: readonly ClusterNode[]
  nodeClient(node: ClusterNode): Single | Promise<Single>
  sendCommand(firstKey: string | undefined, isReadonly: boolean, args: string[]): Promise<unknown>
}

/** Hands out the client of the present master. It has no public way to that client. */
interface Sentinel {
  _execute<T>(isReadonly: boolean, work: (master: Single) => T): Promise<T>
}

export function nodeRedisCommands(client: NodeRedisClient): RedisCommands {
  const cluster = isCluster(client) ? client : undefined
  return {
    // The cluster of redis 4 sends `eval` to a random node and soon gives up.
    run: (script, keys, values) =>
      cluster === undefined
        ? client.eval(script, { keys, arguments: values })
        : cluster.sendCommand(keys[0], false, ["EVAL", script, String(keys.length), ...keys, ...values]),
    publishing: cluster === undefined ? "PUBLISH" : "SPUBLISH",
    subscribe: (listener) =>
      new Subscription(cluster === undefined ? singleDialer(client) : clusterDialer(cluster), listener),
  }
}

function isCluster(client: object): client is Cluster {
  return "nodeClient" in client && "slots" in client
}

function singleDialer(client: object): Dialer {
  return {
    placeOf: () => "",
    async dial(_place, events) {
      if ("getMasterNode" in client && "_execute" in client) {
        const sentinel = client as Sentinel
        return open(await sentinel._execute(false, duplicateOf), false, events)
      }
      if ("duplicate" in client) return open(duplicateOf(client as Single), false, events)
      throw new Error("This client of the package redis cannot be duplicated.")
    },
  }
}

function clusterDialer(cluster: Cluster): Dialer {
  return {
    placeOf: (channel) => cluster.slots[clusterSlot(channel)]?.master.address,
    async dial(place, events) {
      const node = cluster.masters.find(({ address }) => address === place)
      if (node === undefined) throw new Error("The node left the cluster.")
      return open(duplicateOf(await cluster.nodeClient(node)), true, events)
    },
  }
}

function duplicateOf(client: Single): Subscriber {
  return client.duplicate({
    socket: { ...client.options?.socket, reconnectStrategy: false },
    clientSideCache: undefined,
    isolationPoolOptions: undefined,
    legacyMode: false,
    pingInterval: undefined,
    readonly: false,
  })
}

async function open(subscriber: Subscriber, isSharded: boolean, { heard, ended }: LineEvents): Promise<Line> {
  subscriber.on("error", ended)
  subscriber.on("end", ended)
  // In a cluster: some of its channels now belong to another node.
  subscriber.on("sharded-channel-moved", ended)
  subscriber.on("server-sunsubscribe", ended)
  subscriber.unref()
  const line: Line = {
    // Sharded channels of one command must have the same slot.
    subscribe: (channels) =>
      isSharded
        ? Promise.all(channels.map((channel) => subscriber.sSubscribe(channel, heard)))
        : subscriber.subscribe(channels, heard),
    unsubscribe: (channel) =>
      isSharded ? subscriber.sUnsubscribe(channel, heard) : subscriber.unsubscribe(channel, heard),
    check: () => subscriber.sendCommand(["PING"]),
    close: () => (subscriber.destroy === undefined ? subscriber.disconnect() : subscriber.destroy()),
  }
  try {
    await subscriber.connect()
    return line
  } catch (error) {
    // redis 4 does not close the connection after a refused login.
    await (async () => line.close())().catch(() => undefined)
    throw error
  }
}
