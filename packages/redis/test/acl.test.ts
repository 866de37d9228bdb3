// The rights that the documentation names are enough, on every server of this machine, and without rights on channels only notices
// are missing.
import { readFileSync } from "node:fs"
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
import { type Connected, type SupportedClient, supportedClients } from "./supported-clients.ts"

const PAGE = readFileSync(new URL("../../../docs/packages/redis.md", import.meta.url), "utf8")
const LOGIN = { username: "countersign", password: "secret" }

/** The arguments of the command in the documentation, for the password of the test. */
function rightsOf(readme: string): string[] {
  const block = /^```text\n(ACL SETUSER countersign [^`]*)```/m.exec(readme)?.[1]
  if (block === undefined) throw new Error("docs/packages/redis.md has no ACL SETUSER.")
  return block.replaceAll("\\\n", " ").replace("PASSWORD", LOGIN.password).trim().split(/\s+/).slice(3)
}

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

    const grant = async (rights: readonly string[]): Promise<void> => {
      for (const { port } of [server, ...cluster.nodes]) {
        expect(await askServer(port, "acl", "setuser", LOGIN.username, "reset", ...rights)).toBe("OK")
        await askServer(port, "acl", "log", "reset")
      }
    }

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
          await grant(["on", `>${LOGIN.password}`, ...rightsOf(PAGE).filter((right) => !/^on$|^>/.test(right))])
          await share(true)
          expect(await refusals()).toEqual([])
        }, 60_000)

        it("shares values without rights on channels", async () => {
          await grant(["on", `>${LOGIN.password}`, "~countersign:*", "+@all"])
          await share(false)
          expect((await refusals()).every((object) => object.startsWith("countersign:"))).toBe(true)
        }, 60_000)
      })
    })
  })
})
