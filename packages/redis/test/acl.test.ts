// The rights that the documentation names are enough, on every server of this machine, and without rights on channels only notices
// are missing.
import { setTimeout as delay } from "node:timers/promises"
import {
  askServer,
  hasRedis,
  type LocalCluster,
  type LocalRedis,
  localCluster,
  redisPrograms,
  startServer,
} from "@countersign/testkit"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type CacheEvent, redisStore, TokenCache } from "../src/index.ts"
import { grantDocumented } from "./documented-rights.ts"
import { type Connected, type SupportedClient, supportedClients } from "./supported-clients.ts"

const LOGIN = { username: "countersign", password: "secret" }

describe.skipIf(!hasRedis())("a user with few rights", () => {
  describe.each(redisPrograms())("on %s", (_name, program) => {
    let server: LocalRedis
    let cluster: LocalCluster
    const closing: (() => unknown)[] = []
    beforeAll(async () => {
      server = await startServer({ program })
      cluster = await localCluster({ program })
    }, 60_000)
    afterAll(() => Promise.all([server?.stop(), cluster?.stop()]))
    afterEach(async () => {
      for (const close of closing.splice(0).reverse()) await close()
    })

    const grant = async (give: (port: number) => Promise<unknown>): Promise<void> => {
      for (const { port } of [server, ...cluster.nodes]) {
        await askServer(port, "acl", "setuser", LOGIN.username, "reset")
        await give(port)
        await askServer(port, "acl", "log", "reset")
      }
    }
    const documented = (port: number): Promise<void> => grantDocumented(LOGIN.username, port, LOGIN.password)

    const refusals = async (): Promise<string[]> => {
      const logs = await Promise.all([server, ...cluster.nodes].map(({ port }) => askServer(port, "acl", "log")))
      const objects = logs.flatMap((log) => [...log.matchAll(/^object\n(.*)$/gm)].map(([, object = ""]) => object))
      // Clients tell their name so, and go on when it is refused. Redis 7.0 does not know the command.
      return objects.filter((object) => object !== "client|setinfo")
    }

    function process({ client, close }: Connected): { cache: TokenCache; events: CacheEvent[] } {
      closing.push(close)
      const events: CacheEvent[] = []
      const onEvent = (event: CacheEvent): void => void events.push(event)
      const cache = new TokenCache({ store: redisStore(client), storeTimeoutMs: 5_000, onEvent })
      closing.push(() => cache.close())
      return { cache, events }
    }

    describe.each(Object.entries<SupportedClient>(supportedClients))("through %s", (name, supported) => {
      describe.each(["single", "cluster"] as const)("%s", (kind) => {
        const connect = (): Promise<Connected> =>
          kind === "single" ? supported.single(server, LOGIN) : supported.cluster(cluster, LOGIN)

        async function share(isHeard: boolean): Promise<void> {
          const [one, two] = [process(await connect()), process(await connect())]
          let calls = 0
          const provider = Object.assign(
            async () => {
              calls += 1
              return { value: `token-${calls}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
            },
            { identityKey: `acl/${name}/${kind}/${crypto.randomUUID()}` },
          )
          const first = await one.cache.get(provider)
          expect(await two.cache.get(provider)).toEqual(first)
          expect(calls).toBe(1)
          if (isHeard) await delay(500)
          expect((await one.cache.get(provider, { rejected: first })).value).toBe("token-2")
          if (isHeard)
            await expect
              .poll(async () => (await two.cache.get(provider)).value, { timeout: 15_000, interval: 50 })
              .toBe("token-2")
          else expect((await two.cache.get(provider, { rejected: first })).value).toBe("token-2")
          expect(calls).toBe(2)
          expect([...one.events, ...two.events].filter(({ type }) => type === "store-failed")).toEqual([])
        }

        it("shares values and hears changes, with exactly the rights in the documentation", async () => {
          await grant(documented)
          await share(true)
          expect(await refusals()).toEqual([])
        }, 60_000)

        it("shares values without rights on channels", async () => {
          const rights = ["on", `>${LOGIN.password}`, "~countersign:*", "+@all"]
          await grant((port) => askServer(port, "acl", "setuser", LOGIN.username, ...rights))
          await share(false)
          expect((await refusals()).every((object) => object.startsWith("countersign:"))).toBe(true)
        }, 60_000)

        it("says so, and asks the store soon, where it may listen and not publish", async () => {
          await grant(async (port) => {
            await documented(port)
            await askServer(port, "acl", "setuser", LOGIN.username, "-publish", "-spublish")
          })
          const [one, two] = [process(await connect()), process(await connect())]
          let calls = 0
          const provider = Object.assign(
            async () => {
              calls += 1
              await delay(1_000)
              return { value: `token-${calls}`, issuedAt: Date.now(), expiresAt: Date.now() + 3_600_000 }
            },
            { identityKey: `mute/${name}/${kind}/${crypto.randomUUID()}` },
          )
          const first = one.cache.get(provider)
          await expect.poll(() => calls, { timeout: 10_000, interval: 10 }).toBe(1)
          const begun = performance.now()
          expect(await two.cache.get(provider)).toEqual(await first)
          // Twice the issuer's time, where half a lease would be 7.5 s.
          expect(performance.now() - begun).toBeLessThan(6_000)
          expect(calls).toBe(1)
          expect(two.events).toContainEqual({ type: "store-unheard", reason: "NOPERM publish" })
        }, 60_000)
      })
    })
  })
})
