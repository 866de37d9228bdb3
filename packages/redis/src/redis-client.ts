/** The part of a client of the package `redis` (node-redis) that the store uses. A cluster fits too. */
export interface NodeRedisClient {
  get(key: string): Promise<unknown>
  del(key: string): Promise<unknown>
  eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown>
  duplicate(): NodeRedisSubscriber
}

export interface NodeRedisSubscriber {
  connect(): Promise<unknown>
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  on(event: "error", listener: (error: unknown) => void): unknown
  destroy(): void
  unref?(): void
}

/** The part of a client of the package `ioredis` that the store uses. A Cluster fits too. */
export interface IoRedisClient {
  get(key: string): Promise<string | null>
  del(key: string): Promise<number>
  eval(script: string, keyCount: number, ...keysAndArguments: string[]): Promise<unknown>
  duplicate(): IoRedisSubscriber
  defineCommand(...definition: never[]): unknown
}

export interface IoRedisSubscriber {
  subscribe(channel: string): Promise<unknown>
  on(event: "message", listener: (channel: string, message: string) => void): unknown
  on(event: "error", listener: (error: unknown) => void): unknown
  disconnect(): void
}

/** A connected client of one of the two packages. */
export type RedisClient = NodeRedisClient | IoRedisClient

/** The commands of the store, for either package. */
export interface RedisCommands {
  get(key: string): Promise<string | undefined>
  run(script: string, keys: string[], values: string[]): Promise<unknown>
  /** Listens on a connection of its own, which does not keep the process alive. Returns a function that ends it. */
  subscribe(channel: string, listener: (message: string) => void): () => void
}

/** Only ioredis can define commands. */
function isIoRedis(client: RedisClient): client is IoRedisClient {
  return "defineCommand" in client && typeof client.defineCommand === "function"
}

export function commandsOf(client: RedisClient): RedisCommands {
  return isIoRedis(client) ? ofIoRedis(client) : ofNodeRedis(client)
}

function ofNodeRedis(client: NodeRedisClient): RedisCommands {
  return {
    get: async (key) => textOf(await client.get(key)),
    run: (script, keys, values) => client.eval(script, { keys, arguments: values }),
    subscribe(channel, listener) {
      const subscriber = client.duplicate()
      // The client reconnects. Until then changes go unnoticed, which does no harm.
      subscriber.on("error", ignore)
      const subscribed = subscriber.connect().then(() => {
        subscriber.unref?.()
        return subscriber.subscribe(channel, listener)
      })
      subscribed.catch(ignore)
      return () => subscriber.destroy()
    },
  }
}

function ofIoRedis(client: IoRedisClient): RedisCommands {
  return {
    get: async (key) => textOf(await client.get(key)),
    run: (script, keys, values) => client.eval(script, keys.length, ...keys, ...values),
    subscribe(channel, listener) {
      const subscriber = client.duplicate()
      subscriber.on("error", ignore)
      subscriber.on("message", (_channel, message) => listener(message))
      subscriber.subscribe(channel).then(() => unrefSocketOf(subscriber), ignore)
      return () => subscriber.disconnect()
    },
  }
}

/** ioredis has no `unref` of its own. */
function unrefSocketOf(subscriber: object): void {
  const socket: unknown = Reflect.get(subscriber, "stream")
  if (typeof socket === "object" && socket !== null && "unref" in socket && typeof socket.unref === "function")
    socket.unref()
}

/** A client may return buffers. */
function textOf(value: unknown): string | undefined {
  if (value === null || value === undefined) return undefined
  return typeof value === "string" ? value : String(value)
}

function ignore(): void {
  // See the callers.
}
