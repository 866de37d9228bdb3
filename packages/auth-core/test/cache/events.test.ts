import { inspect } from "node:util"
import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError, type CacheEvent, type Credentials, memoryStore, TokenCache } from "../../src/index.ts"
import { scriptedProvider } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

describe("the events of a cache", () => {
  it("report everything that happens, with the identity and the durations", async () => {
    const clock = fakeClock()
    const events: CacheEvent[] = []
    const cache = new TokenCache({ clock, random: () => 0, onEvent: (event) => events.push(event) })
    let failure: AuthError | undefined
    const provider = scriptedProvider<Credentials>("agency", async (call) => {
      await clock.sleep(50)
      if (failure !== undefined) throw failure
      return { accessKeyId: `AK${call}`, secretAccessKey: "SK", expiresAt: clock.now() + HOUR }
    })
    const told = async (work: () => unknown): Promise<CacheEvent[]> => {
      events.length = 0
      const done = Promise.resolve(work()).catch(() => undefined)
      await clock.advance(50)
      await done
      return [...events]
    }
    const identity = "agency"
    expect(await told(() => cache.get(provider))).toEqual([
      { type: "acquired", identity, source: "provider", durationMs: 50, expiresInMs: HOUR },
    ])
    expect(await told(() => cache.get(provider))).toEqual([])

    await clock.advance(54 * MINUTE - 50)
    failure = new AuthError("AUTH_TOKEN_REQUEST_FAILED", "down")
    expect(await told(() => cache.get(provider))).toEqual([
      { type: "served-stale", identity, expiresInMs: 6 * MINUTE },
      { type: "refresh-failed", identity, durationMs: 50, code: "AUTH_TOKEN_REQUEST_FAILED", retryAfterMs: SECOND },
    ])

    await clock.advance(6 * MINUTE)
    failure = new AuthError("AUTH_CREDENTIALS_REJECTED", "refused")
    expect(await told(() => cache.get(provider))).toEqual([
      { type: "refresh-failed", identity, durationMs: 50, code: "AUTH_CREDENTIALS_REJECTED", retryAfterMs: MINUTE },
    ])
    expect(await told(() => cache.get(provider))).toEqual([
      { type: "backed-off", identity, code: "AUTH_CREDENTIALS_REJECTED", retryAfterMs: MINUTE },
    ])

    failure = undefined
    await clock.advance(MINUTE)
    await told(() => cache.get(provider))
    const current = cache.get(provider)
    expect(await told(() => cache.get(provider, { rejected: current as Credentials }))).toEqual([
      { type: "invalidated", identity, reason: "rejected" },
      { type: "acquired", identity, source: "provider", durationMs: 50, expiresInMs: HOUR },
    ])
    expect(await told(() => cache.invalidate("agency"))).toEqual([
      { type: "invalidated", identity, reason: "requested" },
    ])
  })

  it("say where a value came from", async () => {
    const clock = fakeClock()
    const store = memoryStore({ clock })
    const sources: unknown[] = []
    const onEvent = (event: CacheEvent): void => {
      if (event.type === "acquired") sources.push(event.source)
    }
    for (let process = 0; process < 2; process++) {
      const provider = scriptedProvider("user", async () => ({ value: "token", expiresAt: clock.now() + HOUR }))
      await clock.until(new TokenCache({ clock, store, onEvent }).get(provider))
    }
    expect(sources).toEqual(["provider", "store"])
  })

  it.each<[string, () => unknown]>([
    [
      "throws",
      () => {
        throw new Error("listener")
      },
    ],
    ["rejects", async () => Promise.reject(new Error("listener"))],
  ])("do not fail a request when the listener %s", async (_name, onEvent) => {
    const cache = new TokenCache({ clock: fakeClock(), onEvent })
    const provider = async (): Promise<Credentials> => ({ accessKeyId: "AK", secretAccessKey: "SK" })
    expect(await cache.get(provider)).toMatchObject({ accessKeyId: "AK" })
  })
})

describe("secrets", () => {
  it("do not show in events, in errors of the cache, or when the cache is printed", async () => {
    const clock = fakeClock()
    const shown: unknown[] = []
    const cache = new TokenCache({ clock, random: () => 0, onEvent: (event) => shown.push(event) })
    const secrets = ["MIIsecret-token", "secret-access-key", "secret-security-token"]
    const token = scriptedProvider("user", async (call) => {
      if (call === 2) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "refused")
      return { value: secrets[0], expiresAt: clock.now() + HOUR }
    })
    const key = scriptedProvider<Credentials>("agency", async () => ({
      accessKeyId: "AK",
      secretAccessKey: secrets[1] ?? "",
      securityToken: secrets[2],
      expiresAt: clock.now() + HOUR,
    }))
    const current = await cache.get(token)
    await cache.get(key)
    await cache.invalidate(key)
    await cache.get(key)
    for (let read = 0; read < 2; read++) {
      shown.push(await Promise.resolve(cache.get(token, { rejected: current })).catch((error: unknown) => error))
    }
    shown.push(
      await Promise.resolve(cache.get(async () => "MIIsecret-token" as never)).catch((error: unknown) => error),
      cache,
    )
    const text = inspect(shown, { depth: 20, showHidden: true }) + JSON.stringify(shown)
    expect(text).toContain("refused")
    for (const secret of secrets) expect(text).not.toContain(secret)
  })
})
