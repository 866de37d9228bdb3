// Figures of a fleet, counted on a real Redis: what its clients send, by MONITOR, and what the issuer is asked.

import { setTimeout as delay } from "node:timers/promises"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { Redis as IoRedis } from "ioredis"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import {
  type CacheEvent,
  redisStore,
  type Token,
  TokenCache,
  type TokenCacheOptions,
  type TokenProvider,
} from "../src/index.ts"

const HOUR = 3_600_000
const PATIENT = { storeTimeoutMs: 20_000 }

describe.skipIf(!hasRedis())("the commands of a fleet", () => {
  let redis: LocalRedis
  let monitor: IoRedis
  let sent: { command: string; source: string }[]
  const closing: (() => unknown)[] = []

  beforeAll(async () => {
    redis = await localRedis()
  })
  afterAll(() => redis.stop())
  beforeEach(async () => {
    sent = []
    const admin = new IoRedis(redis.url)
    await admin.flushall()
    monitor = await admin.monitor()
    monitor.on("monitor", (_time: string, [command = ""]: string[], source: string) => {
      // Commands within a script have another source.
      if (source !== "lua") sent.push({ command: command.toLowerCase(), source })
    })
    closing.push(() => admin.disconnect())
  })
  afterEach(async () => {
    for (const close of closing.splice(0)) await close()
    monitor.disconnect()
  })

  /** The commands of one process so far, without those that open its connections. */
  const commands = (): string[] =>
    sent
      .map(({ command }) => command)
      .filter((command) => !["info", "client", "hello", "ping", "select"].includes(command))

  interface Process {
    readonly read: (rejected?: Token) => Promise<Token>
    readonly cache: TokenCache
    readonly events: CacheEvent[]
  }

  function issuer(delayMs: number, lifetimeMs = HOUR): TokenProvider & { calls: number } {
    const provider = Object.assign(
      async () => {
        const call = ++provider.calls
        await delay(delayMs)
        return { value: `token-${call}`, issuedAt: Date.now(), expiresAt: Date.now() + lifetimeMs }
      },
      { identityKey: "scale/test", calls: 0 },
    )
    return provider
  }

  async function process(provider: TokenProvider, options: TokenCacheOptions = {}): Promise<Process> {
    const client = new IoRedis(redis.url)
    const events: CacheEvent[] = []
    const cache = new TokenCache({
      store: redisStore(client),
      onEvent: (event) => events.push(event),
      ...PATIENT,
      ...options,
    })
    closing.push(async () => {
      await cache.close()
      client.disconnect()
    })
    await client.ping()
    return { cache, events, read: async (rejected) => cache.get(provider, { rejected }) }
  }

  /** Waits until nothing more is sent. */
  async function quiet(): Promise<void> {
    for (let before = -1; before !== sent.length; ) {
      before = sent.length
      await delay(200)
    }
  }

  it.each([
    [300, 4],
    [3_000, 6],
  ])("while IAM takes %d ms, a process that waits for another sends at most %d", async (iamMs, most) => {
    const provider = issuer(iamMs)
    const holder = await process(provider)
    const first = holder.read()
    await expect.poll(() => provider.calls).toBe(1)
    const waiter = await process(provider)
    await quiet()
    sent.length = 0
    const [one, two] = await Promise.all([first, waiter.read()])
    expect(one).toEqual(two)
    await quiet()
    const own = commands()
    // One of them is the write of the holder.
    expect(own.filter((command) => command === "eval" || command === "evalsha").length - 1).toBeLessThanOrEqual(2)
    expect(own.length - 1).toBeLessThanOrEqual(most)
    expect(provider.calls).toBe(1)
  })

  it("are none while a process waits and hears notices", async () => {
    const provider = issuer(6_000)
    const holder = await process(provider)
    const first = holder.read()
    await expect.poll(() => provider.calls).toBe(1)
    const waiter = await process(provider)
    const second = waiter.read()
    // Between its question and the first moment at which notices are heard, one may have got lost: it asks once more.
    await delay(2_500)
    sent.length = 0
    await delay(3_000)
    expect(commands().filter((command) => command.startsWith("eval"))).toEqual([])
    expect(await second).toEqual(await first)
    expect(provider.calls).toBe(1)
  }, 20_000)

  it("are one or less when another process renews, and at most two at one's own soft expiry", async () => {
    const provider = issuer(10, 20_000)
    const options = { refreshAheadMs: 18_000, random: () => 0 }
    const [one, other] = [await process(provider, options), await process(provider, options)]
    await one.read()
    await quiet()
    await other.read()
    await delay(10_500)
    sent.length = 0
    await one.read()
    await quiet()
    expect(commands()).toHaveLength(2)
    expect(provider.calls).toBe(2)
    sent.length = 0
    await other.read()
    await quiet()
    expect(commands().length).toBeLessThanOrEqual(1)
    expect((await other.read()).value).toBe("token-2")
    expect(provider.calls).toBe(2)
  }, 30_000)

  it("are none that wait between the issuer's answer and the caller", async () => {
    const provider = issuer(10)
    const slow = await process(provider)
    await slow.read()
    await quiet()
    const admin = new IoRedis(redis.url)
    closing.push(() => admin.disconnect())
    let answeredAt = 0
    const late = Object.assign(
      async () => {
        await admin.call("CLIENT", "PAUSE", "3000", "ALL")
        answeredAt = performance.now()
        return { value: "late", issuedAt: Date.now(), expiresAt: Date.now() + HOUR }
      },
      { identityKey: "scale/late" },
    )
    expect((await slow.cache.get(late)).value).toBe("late")
    expect(performance.now() - answeredAt).toBeLessThan(1_000)
    // The write goes on behind.
    await slow.cache.close()
    const reader = await process(issuer(0))
    const asked: TokenProvider = async () => expect.fail("It asks the issuer.")
    expect((await reader.cache.get(Object.assign(asked, { identityKey: "scale/late" }))).value).toBe("late")
  })
})
