import type { RedisCommands } from "./redis-commands.ts"
import { type Dialer, type Line, type LineEvents, Subscription } from "./subscription.ts"

/** The part of the package `@valkey/valkey-glide` 2.5 that the store uses: a client or a cluster client. */
export interface ValkeyGlideClient {
  /** Sends a command. */
  customCommand(args: string[]): Promise<unknown>
  /** Asks for the messages of channels. */
  subscribe(channels: Iterable<string>, timeoutMs: number): Promise<void>
  /** Tells which channels are heard. */
  getSubscriptions(): Promise<{ readonly actualSubscriptions: Partial<Record<number, Set<unknown>>> }>
}

/** The client and its class, as far as a second connection needs them. */
interface Parts {
  readonly config: object
  readonly constructor: { createClient(config: object): Promise<Subscriber> }
}

interface Subscriber {
  readonly socket?: { unref?(): void } | undefined
  subscribe(channels: string[], timeoutMs: number): Promise<unknown>
  unsubscribe(channels: string[], timeoutMs: number): Promise<unknown>
  ssubscribe(channels: string[], timeoutMs: number): Promise<unknown>
  sunsubscribe(channels: string[], timeoutMs: number): Promise<unknown>
  getSubscriptions(): Promise<{ readonly actualSubscriptions: Readonly<Record<number, ReadonlySet<unknown>>> }>
  close(): void
}

/** Numbers of the package's `PubSubChannelModes`. */
const EXACT = 0
const SHARDED = 2

const ANSWER_TIMEOUT_MS = 4_000

export function valkeyGlideCommands(client: ValkeyGlideClient): RedisCommands {
  const isCluster = "ssubscribe" in client
  const dialer: Dialer = {
    // The client finds the node of a channel, and follows it when it moves.
    placeOf: () => "",
    dial: (_place, events) => open(client, isCluster, events),
  }
  return {
    run: (script, keys, values) => client.customCommand(["EVAL", script, String(keys.length), ...keys, ...values]),
    publishing: isCluster ? "SPUBLISH" : "PUBLISH",
    subscribe: (listener) => new Subscription(dialer, listener),
  }
}

async function open(client: object, isSharded: boolean, { heard }: LineEvents): Promise<Line> {
  const { config, constructor: ownClass } = client as Parts
  const subscriber = await ownClass.createClient({
    ...config,
    lazyConnect: false,
    pubsubSubscriptions: {
      channelsAndPatterns: {},
      callback: ({ message }: { message: unknown }) => heard(String(message)),
    },
  })
  subscriber.socket?.unref?.()
  let leaving: Promise<unknown> = Promise.resolve()
  return {
    subscribe: (channels) =>
      isSharded
        ? subscriber.ssubscribe(channels, ANSWER_TIMEOUT_MS)
        : subscriber.subscribe(channels, ANSWER_TIMEOUT_MS),
    unsubscribe(channel) {
      const left = isSharded
        ? subscriber.sunsubscribe([channel], ANSWER_TIMEOUT_MS)
        : subscriber.unsubscribe([channel], ANSWER_TIMEOUT_MS)
      leaving = Promise.allSettled([leaving, left])
      return left
    },
    async check(channels) {
      const { actualSubscriptions } = await subscriber.getSubscriptions()
      for (const channel of channels) {
        const actual = actualSubscriptions[isSharded ? SHARDED : EXACT]
        if (!actual?.has(channel)) throw new Error("The client lost a channel.")
      }
    },
    // The client prints an error when it is closed during a command.
    close: () => leaving.then(() => subscriber.close()),
  }
}
