// Faults after which nobody knows of a lease that the server has granted. Another process must not wait for its end, which
// is 15 s away. `resent-command.test.ts` has the fault of a command that a client sends twice.
import { setTimeout as delay } from "node:timers/promises"
import { askServer, hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { redisStore, type Token, TokenCache, type TokenProvider } from "../src/index.ts"
import { type SlowLine, slowLine } from "./slow-line.ts"
import { supportedClients } from "./supported-clients.ts"

const HOUR = 3_600_000
const LEASE_MS = 15_000
const CLIENTS = ["redis 6", "ioredis 6"] as const

describe.skipIf(!hasRedis()).each(CLIENTS)(
  "a cold read after a disturbance takes less than a second, through %s",
  (name) => {
    let redis: LocalRedis
    let line: SlowLine
    let calls: number
    /** Happens while the issuer is asked for the first time. */
    let duringFirstCall: () => Promise<unknown>
    const closing: (() => unknown)[] = []
    beforeEach(async () => {
      redis = await localRedis()
      line = await slowLine(redis.port)
      calls = 0
      duringFirstCall = async () => undefined
    })
    afterEach(async () => {
      line.go()
      for (const close of closing.splice(0).reverse()) await close()
      line.close()
      await redis.stop()
    })

    const provider: TokenProvider = Object.assign(
      async () => {
        const value = `token-${++calls}`
        if (calls === 1) await duringFirstCall()
        return { value, issuedAt: Date.now(), expiresAt: Date.now() + HOUR }
      },
      { identityKey: "orphaned/lease" },
    )

    async function process({ port }: { port: number }): Promise<() => Promise<Token>> {
      const { client, close } = await supportedClients[name].single({ port })
      closing.push(close)
      const store = redisStore(client)
      // The client is connected from here on.
      await store.get("another")
      const cache = new TokenCache({ store, leaseMs: LEASE_MS })
      closing.push(() => cache.close())
      return async () => cache.get(provider)
    }

    /** Through the production scripts alone, so the time of a busy machine counts, but no lease. */
    async function coldRead(): Promise<string> {
      const read = await process(redis)
      const begun = performance.now()
      const { value } = await read()
      expect(performance.now() - begun).toBeLessThan(1_000)
      return value
    }

    it("whose lease was granted too late for the process that asked", async () => {
      const read = await process(line)
      line.hold()
      expect((await read()).value).toBe("token-1")
      line.go()
      // The late lease is used to write the value.
      expect(await coldRead()).toBe("token-1")
      expect(calls).toBe(1)
    })

    it("whose holder could not write, since it lost a right", async () => {
      const read = await process(line)
      duringFirstCall = () => askServer(redis.port, "acl", "setuser", "default", "-hset")
      expect((await read()).value).toBe("token-1")
      await delay(100)
      expect(await coldRead()).toBe("token-2")
      await askServer(redis.port, "acl", "setuser", "default", "+hset")
      expect(await coldRead()).toMatch(/^token-[123]$/)
    })

    it("whose holder lost its connection while it asked the issuer", async () => {
      const read = await process(line)
      duringFirstCall = async () => {
        await askServer(redis.port, "client", "kill", "type", "normal", "skipme", "yes")
      }
      expect((await read()).value).toBe("token-1")
      await delay(100)
      expect(await coldRead()).toMatch(/^token-[12]$/)
    })

    it("whose user may never use hdel", async () => {
      await askServer(redis.port, "acl", "setuser", "default", "-hdel")
      const read = await process(line)
      expect((await read()).value).toBe("token-1")
      expect(await coldRead()).toBe("token-1")
      await askServer(redis.port, "flushall")
      expect(await coldRead()).toBe("token-2")
      expect(await coldRead()).toBe("token-2")
    })

    it.each(["pexpireat", "hdel"])("whose script failed half-way: the user may not use %s", async (command) => {
      const read = await process(line)
      await askServer(redis.port, "acl", "setuser", "default", `-${command}`)
      expect((await read()).value).toBe("token-1")
      await askServer(redis.port, "acl", "setuser", "default", `+${command}`)
      expect(await coldRead()).toMatch(/^token-[12]$/)
    })
  },
)
