// Notices on real servers, through every supported client.
import { once } from "node:events"
import { setTimeout as delay } from "node:timers/promises"
import {
  askServer,
  hasRedis,
  type LocalCluster,
  type LocalRedis,
  type LocalSentinels,
  localCluster,
  localRedis,
  localSentinels,
} from "@countersign/testkit"
import * as ioredis6 from "ioredis"
import * as ioredis5 from "ioredis-5"
import * as iovalkey from "iovalkey"
import * as redis6 from "redis"
import * as redis4 from "redis-4"
import * as redis5 from "redis-5"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { commandsOf } from "../src/redis-client.ts"
import type { RedisCommands } from "../src/redis-commands.ts"
import type { Subscription } from "../src/subscription.ts"
import { type Connected, type SupportedClient, supportedClients } from "./supported-clients.ts"

/** For machines under load, and for valkey-glide, which takes seconds to close a connection. */
const SOON = { timeout: 20_000, interval: 20 }

const PUBLISH = "return redis.call(ARGV[1], ARGV[2], ARGV[3])"
const CHANNEL = "test:{12}:changes"
const KEY = "test:{12}key"

type Connect = (port: number) => Promise<Connected>
const retryMs = 50

const ioRedis =
  (release: object): Connect =>
  async (port) => {
    const client = new (release as typeof ioredis6).Redis({
      port,
      retryStrategy: () => retryMs,
      enableOfflineQueue: false,
    })
    client.on("error", () => undefined)
    await once(client, "ready")
    return { client, close: () => client.disconnect() }
  }

const nodeRedis =
  (release: object): Connect =>
  async (port) => {
    const socket = { port, reconnectStrategy: retryMs }
    const client = (release as typeof redis6).createClient({ socket, disableOfflineQueue: true })
    client.on("error", () => undefined)
    await client.connect()
    return { client, close: () => client.disconnect() }
  }

const withoutOfflineQueue: Record<string, Connect> = {
  "redis 4": nodeRedis(redis4),
  "redis 5": nodeRedis(redis5),
  "redis 6": nodeRedis(redis6),
  "ioredis 5": ioRedis(ioredis5),
  "ioredis 6": ioRedis(ioredis6),
  "iovalkey 0.4": ioRedis(iovalkey),
}

describe.skipIf(!hasRedis())("notices", () => {
  let server: LocalRedis
  let group: LocalSentinels
  let cluster: LocalCluster
  beforeAll(async () => {
    server = await localRedis()
    group = await localSentinels()
    cluster = await localCluster()
  }, 60_000)
  afterAll(() => Promise.all([server, group, cluster].map((started) => started?.stop())))

  describe.each(Object.entries<SupportedClient>(supportedClients))("through %s", (_name, supported) => {
    const closing: (() => unknown)[] = []
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    function commands({ client, close }: Connected): RedisCommands {
      closing.push(close)
      const found = commandsOf(client, "a test")
      if (found === undefined) throw new Error("The client is refused.")
      return found
    }

    function listening(to: RedisCommands, ...channels: string[]) {
      const seen: string[] = []
      const reasons: unknown[] = []
      const subscription = to.subscribe({ heard: (text) => seen.push(text), unheard: (reason) => reasons.push(reason) })
      closing.push(() => subscription.end())
      for (const channel of channels) subscription.listenTo(channel)
      return { seen, reasons, subscription }
    }

    const publish = (through: RedisCommands, message: string, channel = CHANNEL, key = KEY): Promise<unknown> =>
      through.run(PUBLISH, [key], [through.publishing, channel, message])

    const hearing = (subscription: Subscription, channel = CHANNEL): Promise<void> =>
      expect.poll(() => subscription.isHearing(channel), SOON).toBe(true)

    const deaf = (subscription: Subscription, channel = CHANNEL): Promise<void> =>
      expect.poll(() => subscription.isHearing(channel), { ...SOON, interval: 5 }).toBe(false)

    async function hears(message: string, seen: string[], through: RedisCommands): Promise<void> {
      await expect
        .poll(
          () =>
            publish(through, message).then(
              () => seen.includes(message),
              () => false,
            ),
          SOON,
        )
        .toBe(true)
    }

    it("hears what it listens to, from the confirmation until it stops", async () => {
      const own = commands(await supported.single(server))
      const { seen, subscription } = listening(own, CHANNEL, "test:other")
      expect(subscription.isHearing(CHANNEL)).toBe(false)
      await hearing(subscription)
      await publish(own, "one")
      await expect.poll(() => seen, SOON).toEqual(["one"])
      subscription.stopListeningTo(CHANNEL)
      expect(subscription.isHearing(CHANNEL)).toBe(false)
      await expect.poll(() => askServer(server.port, "pubsub", "numsub", CHANNEL), SOON).toBe(`${CHANNEL}\n0`)
      await publish(own, "two")
      await delay(50)
      expect(seen).toEqual(["one"])
      expect(subscription.isHearing("test:other")).toBe(true)
    })

    it("has no connection while it listens to nothing", async () => {
      const own = commands(await supported.single(server))
      await own.run("return 1", [KEY], [])
      const before = await askServer(server.port, "client", "list")
      const { subscription } = listening(own)
      await delay(50)
      const count = (list: string): number => list.split("\n").length
      expect(count(await askServer(server.port, "client", "list"))).toBeLessThanOrEqual(count(before))
      subscription.listenTo(CHANNEL)
      await hearing(subscription)
      subscription.stopListeningTo(CHANNEL)
      await expect
        .poll(async () => count(await askServer(server.port, "client", "list")), SOON)
        .toBeLessThanOrEqual(count(before))
    })

    it("hears again after its connection was cut, and after a restart", async () => {
      const own = commands(await supported.single(server))
      const { seen, subscription } = listening(own, CHANNEL)
      await hearing(subscription)
      await askServer(server.port, "client", "kill", "type", "pubsub")
      await hears("after a cut", seen, own)
      await server.kill()
      await deaf(subscription)
      await server.start()
      await hearing(subscription)
      await hears("after a restart", seen, own)
    }, 60_000)

    it("hears what a master behind sentinels tells", async ({ skip }) => {
      if (supported.sentinel === undefined) skip()
      const own = commands((await supported.sentinel?.(group)) as Connected)
      const { seen, subscription } = listening(own, CHANNEL)
      await hearing(subscription)
      await publish(own, "one")
      await expect.poll(() => seen, SOON).toEqual(["one"])
    })

    it("hears the sharded channels of every node of a cluster", async () => {
      const own = commands(await supported.cluster(cluster))
      const names = Array.from({ length: 12 }, (_, index) => [`test:{${index}}`, `test:{${index}}k`] as const)
      const { seen, subscription } = listening(own, ...names.map(([channel]) => channel))
      for (const [channel] of names) await hearing(subscription, channel)
      for (const [channel, key] of names) await publish(own, channel, channel, key)
      await expect.poll(() => [...seen].sort(), SOON).toEqual(names.map(([channel]) => channel).sort())
      const lists = await Promise.all(cluster.nodes.map(({ port }) => askServer(port, "pubsub", "shardchannels")))
      expect(lists.every((list) => list !== "")).toBe(true)
      for (const [channel] of names) subscription.stopListeningTo(channel)
      await expect
        .poll(
          async () => Promise.all(cluster.nodes.map(({ port }) => askServer(port, "pubsub", "shardchannels"))),
          SOON,
        )
        .toEqual(["", "", ""])
    })
  })

  describe("through a client that keeps no commands while it is offline", () => {
    it.each(Object.entries(withoutOfflineQueue))(
      "%s: hears from the start, and again after a restart",
      async (_name, connect) => {
        const { client, close } = await connect(server.port)
        const own = commandsOf(client, "a test")
        if (own === undefined) throw new Error("The client is refused.")
        const seen: string[] = []
        const subscription = own.subscribe({ heard: (text) => seen.push(text) })
        subscription.listenTo(CHANNEL)
        const publish = () => own.run(PUBLISH, [KEY], [own.publishing, CHANNEL, "said"]).catch(() => undefined)
        const heard = (): Promise<void> =>
          expect.poll(() => publish().then(() => seen.splice(0).length), SOON).not.toBe(0)
        await heard()
        await server.kill()
        await server.start()
        await heard()
        subscription.end()
        await close()
      },
      60_000,
    )
  })
})
