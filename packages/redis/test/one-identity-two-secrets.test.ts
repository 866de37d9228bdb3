import { hasRedis, type LocalRedis, localRedis, type RecordingServer, recordingServer } from "@countersign/testkit"
import { createClient } from "redis"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  type CacheStore,
  encryptedStore,
  passwordToken,
  redisStore,
  TokenCache,
  type TokenProvider,
} from "../src/index.ts"

const RIGHT = "correct-horse"
const HOUR = 3_600_000

describe.skipIf(!hasRedis())("one identity with two secrets, in processes that share a Redis", () => {
  let redis: LocalRedis
  let iam: RecordingServer
  let client: ReturnType<typeof createClient>
  let asked: string[]

  beforeEach(async () => {
    redis = await localRedis()
    client = createClient({ url: redis.url })
    await client.connect()
    asked = []
    iam = await recordingServer((arrival) => {
      const { password } = JSON.parse(String(arrival.body)).auth.identity.password.user
      asked.push(password)
      if (password !== RIGHT) return { status: 401, body: JSON.stringify({ error_code: "IAM.0062", error_msg: "no" }) }
      const isoAfter = (ms: number): string => new Date(Date.now() + ms).toISOString().replace("Z", "000Z")
      return {
        status: 201,
        headers: { "x-subject-token": `token-${asked.length}` },
        body: JSON.stringify({ token: { issued_at: isoAfter(0), expires_at: isoAfter(24 * HOUR) } }),
      }
    })
  })
  afterEach(async () => {
    await client.close()
    await iam.close()
    await redis.stop()
  })

  const alice = (password: string | (() => string)): TokenProvider =>
    passwordToken({ user: "alice", password, domain: "d", scope: { domain: "d" }, iamEndpoint: iam.url })

  const key = { id: "k1", key: crypto.getRandomValues(new Uint8Array(32)) }
  it.each<[string, () => CacheStore]>([
    ["plain", () => redisStore(client)],
    ["encrypted", () => encryptedStore(redisStore(client), { keys: [key] })],
  ])("each finds what its own secret got, and no secret is in Redis: %s", async (_name, makeStore) => {
    const caches = Array.from({ length: 6 }, () => new TokenCache({ store: makeStore() }))
    const read = async (index: number, provider: TokenProvider): Promise<string> => {
      const cache = caches[index]
      if (cache === undefined) throw new Error("There is no such cache.")
      return (await cache.get(provider)).value
    }
    await expect(read(0, alice("guessed-one"))).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(await read(1, alice(RIGHT))).toBe("token-2")
    expect(
      await read(
        2,
        alice(() => RIGHT),
      ),
    ).toBe("token-2")
    await expect(read(3, alice("guessed-one"))).rejects.toThrow("next is due")
    await expect(
      read(
        4,
        alice(() => "guessed-two"),
      ),
    ).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(await read(5, alice(RIGHT))).toBe("token-2")
    expect(asked).toEqual(["guessed-one", RIGHT, "guessed-two"])
    const keys = await client.keys("*")
    const records = await Promise.all(keys.map((name) => client.hGetAll(name)))
    expect(records.filter(({ failure }) => failure !== undefined)).toHaveLength(2)
    for (const text of [...keys, ...records.flatMap((record) => Object.values(record))])
      expect(text).not.toMatch(/correct-horse|guessed/)
    for (const cache of caches) await cache.close()
  })
})
