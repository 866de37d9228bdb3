import { isDeepStrictEqual } from "node:util"
import { type CacheStore, isAuthError, type Taken } from "@countersign/auth-core"
import { redisStore } from "@countersign/redis"
import { hasRedis, type LocalRedis, localRedis } from "@countersign/testkit"
import { createClient } from "redis"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { RedisServer } from "../src/store/redis-server.ts"
import { ErrorReply, type Reply } from "../src/store/replies.ts"
import { Random } from "../src/time/random.ts"

const STEPS = 300
const MOST_BEHIND_MS = 20

describe.skipIf(!hasRedis())("the model of Redis", () => {
  let redis: LocalRedis
  let client: ReturnType<typeof connect>

  beforeAll(async () => {
    redis = await localRedis()
    client = connect(redis.url)
    await client.connect()
  })

  beforeEach(async () => {
    await client.flushAll()
  })

  afterAll(async () => {
    client.destroy()
    await redis.stop()
  })

  it.each([1, 2, 3, 4, 5])("answers the production scripts as Redis does (sequence %i)", async (sequence) => {
    const twin = new Twin(client)
    await runRandomly(twin, sequence)
    expect(twin.compared).toBeGreaterThan(STEPS / 2)
  })

  it("answers as Redis does where something else has the name of a key", async () => {
    const twin = new Twin(client)
    await runRandomly(twin, 9, [() => twin.spoil()])
    expect(twin.compared).toBeGreaterThan(STEPS / 2)
    expect(twin.failures).toBe(0)
  })

  it.each(["hmget", "hget", "hset", "hdel", "pexpireat"])(
    "answers as Redis does a user who lacks %s",
    async (command) => {
      await client.aclSetUser("narrow", ["reset", "on", ">secret", "~*", "&*", "+@all"])
      const narrow = connect(redis.url, { username: "narrow", password: "secret" })
      await narrow.connect()
      const twin = new Twin(narrow)
      await runRandomly(twin, 10)
      await client.aclSetUser("narrow", `-${command}`)
      twin.model.troubles.refused = command.toUpperCase()
      await runRandomly(twin, 11)
      expect(twin.failures).toBeGreaterThan(0)
      narrow.destroy()
    },
  )

  it("answers as Redis does a user who may not publish", async () => {
    await client.aclSetUser("mute", ["reset", "on", ">secret", "~*", "+@all"])
    const mute = connect(redis.url, { username: "mute", password: "secret" })
    await mute.connect()
    const twin = new Twin(mute)
    twin.model.troubles.mayNotUseChannels = true
    await runRandomly(twin, 6)
    // The scripts do their work all the same.
    expect(twin.compared).toBeGreaterThan(STEPS / 2)
    expect(twin.failures).toBe(0)
    mute.destroy()
  })

  it("answers as a full Redis does", async () => {
    const twin = new Twin(client)
    await runRandomly(twin, 7)
    await client.configSet("maxmemory", "1")
    twin.model.troubles.isFull = true
    await runRandomly(twin, 8)
    await client.configSet("maxmemory", "0")
    expect(twin.failures).toBeGreaterThan(0)
  })
})

function connect(url: string, user: { username?: string; password?: string } = {}) {
  return createClient({ url, ...user, disableOfflineQueue: true }).on("error", () => undefined)
}

/**
 * A client that runs each script on a real server and on the model, and compares the answers. The script itself reads the
 * server's clock, which stands still while it runs, and the model is given that time.
 */
class Twin {
  #now = 0
  #moment = 0
  #lastKey: string | undefined
  compared = 0
  failures = 0
  readonly #client: ReturnType<typeof connect>
  readonly model = new RedisServer(
    () => this.#now,
    () => ++this.#moment,
  )

  constructor(client: ReturnType<typeof connect>) {
    this.#client = client
  }

  async eval(script: string, options: { keys: string[]; arguments: string[] }): Promise<unknown> {
    this.#lastKey = options.keys[0]
    const answer: unknown = await this.#client.eval(timed(script), options)
    if (!Array.isArray(answer)) throw new Error("The script returned no list.")
    const [seconds, micros, isRight, reply] = answer
    this.compared += 1
    const real = Number(isRight) === 1 ? { reply: reply ?? null } : { error: errorCodeIn(String(reply)) }
    const time = Number(seconds) * 1_000 + Number(micros) / 1_000
    const before = this.#moment
    let own = this.#own(script, options, time)
    // Keys end by the time at which the script began. That may be before TIME, by a few milliseconds on a busy machine.
    for (let earlierMs = 1; !isDeepStrictEqual(own, real) && earlierMs <= MOST_BEHIND_MS; earlierMs++) {
      this.model.keyspace.takeBack(before)
      own = this.#own(script, options, time - earlierMs)
    }
    expect(own).toEqual(real)
    if (Number(isRight) === 1) return reply
    this.failures += 1
    throw new Error(String(reply))
  }

  /** Something else takes the name of the key that was used last. */
  async spoil(): Promise<void> {
    if (this.#lastKey === undefined) return
    await this.#client.set(this.#lastKey, "text")
    this.model.keyspace.set(this.#lastKey, { value: "text", expiresAt: Number.POSITIVE_INFINITY }, ++this.#moment)
  }

  /** Notices are not compared: the real ones travel on another connection. */
  duplicate(): never {
    throw new Error("This client does not listen.")
  }

  #own(
    script: string,
    options: { keys: string[]; arguments: string[] },
    time: number,
  ): { reply: Reply } | { error: string } {
    this.#now = time
    try {
      return { reply: this.model.eval(script, options.keys, options.arguments) }
    } catch (error) {
      if (error instanceof ErrorReply) return { error: errorCodeIn(error.message) }
      throw error
    }
  }
}

/** The script, with what it returns behind the time of the server's clock. That is also its answer to TIME. */
function timed(script: string): string {
  return `local time = redis.call('TIME')
local server = redis
local function run()
  local redis = { pcall = server.pcall }
  function redis.call(name, ...)
    if name == 'TIME' then return time end
    return server.call(name, ...)
  end
  ${script}
end
local ok, reply = pcall(run)
local problem = type(reply) == 'table' and reply.err
if ok and not problem then return { time[1], time[2], 1, reply } end
return { time[1], time[2], 0, problem or reply }`
}

function errorCodeIn(message: string): string {
  return /^(?:[A-Z]+ )?[A-Za-z ]{8}/.exec(message)?.[0] ?? message
}

/** Calls a store at random, with times to live that end in the midst of it. */
async function runRandomly(
  twin: Twin,
  sequence: number,
  others: ReadonlyArray<() => Promise<unknown>> = [],
): Promise<void> {
  const random = new Random(`sequence ${sequence}`)
  const stores = Array.from({ length: 3 }, () => redisStore(twin))
  const grants: Array<Extract<Taken, { kind: "lease" }>> = []
  const versions = [""]
  const granted = (): (typeof grants)[number] | undefined => grants[random.whole(0, grants.length)]
  const calls: ReadonlyArray<(store: CacheStore, key: string) => Promise<unknown>> = [
    (store, key) => store.get(key),
    (store, key) => store.set(key, `text ${random.whole(1, 9)}`, random.whole(1, 40)),
    (store, key) => store.delete(key),
    async (store, key) => {
      const lease = { holder: `holder ${random.whole(1, 3)}`, ms: random.whole(1, 40) }
      const taken = await store.take?.(key, {
        lease: random.chance(0.2) ? undefined : lease,
        unwanted: random.pick([undefined, ...versions.slice(-3)]),
        isRefused: random.chance(0.5),
        failure: random.pick([undefined, "ignored", "forgiven"] as const),
      })
      if (taken?.kind === "lease") grants.push(taken)
      if (taken?.kind === "value") versions.push(taken.version)
    },
    async () => {
      const grant = granted()
      await grant?.lease.set("leased", grant.now + random.whole(1, 40))
    },
    async () => {
      const grant = granted()
      const until = (grant?.now ?? 0) + random.whole(1, 40)
      await grant?.lease.setFailure("failed", until, until + random.whole(1, 40))
    },
    async () => await granted()?.lease.release(),
    ...others,
  ]
  for (let step = 0; step < STEPS; step++) {
    const call = random.pick(calls)
    try {
      await call(random.pick(stores), random.pick(["a", "b", "c"]))
    } catch (error) {
      // Twins fail alike, which was compared.
      if (isAuthError(error) || !(error instanceof Error) || error.name === "AssertionError") throw error
    }
    if (random.chance(0.2)) await new Promise((resolve) => setTimeout(resolve, random.whole(1, 15)))
  }
}
