import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError, type Token, TokenCache } from "../../src/index.ts"
import { scriptedProvider, tokenAt, tokenIssuer } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND

describe("invalidate", () => {
  it.each([
    ["its provider", true],
    ["its key", false],
  ])("forgets the value of an identity, given as %s", async (_name, byProvider) => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user" })
    const other = tokenIssuer(clock, { key: "other" })
    await Promise.all([cache.get(provider), cache.get(other)])
    await cache.invalidate(byProvider ? provider : "user")
    expect((await cache.get(provider)).value).toBe("user 2")
    expect(cache.get(other)).toMatchObject({ value: "other 1" })
  })

  it("finds identities without a key by their provider", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock)
    await cache.get(provider)
    await cache.invalidate(provider)
    expect((await cache.get(provider)).value).toBe("token 2")
  })

  it("ignores an unknown identity", async () => {
    const cache = new TokenCache()
    await cache.invalidate("nobody")
    await cache.invalidate(tokenIssuer(fakeClock()))
    expect(cache.size).toBe(0)
  })

  it.each([
    ["for the first time", 0],
    ["after a failure", 1],
  ])("gives the result of a pending refresh, %s, only to callers that wait for it", async (_name, failures) => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call <= failures) throw new AuthError("AUTH_TOKEN_REQUEST_FAILED", "down")
      if (call === failures + 1) await clock.sleep(SECOND)
      return tokenAt(clock, `token ${call - failures}`)
    })
    if (failures > 0) await expect(cache.get(provider)).rejects.toThrow("down")
    await clock.advance(2 * SECOND)
    const waiting = cache.get(provider)
    await clock.advance(100)
    await cache.invalidate(provider)
    expect((await cache.get(provider)).value).toBe("token 2")
    await clock.advance(SECOND)
    expect((await waiting).value).toBe("token 1")
    expect(cache.get(provider)).toMatchObject({ value: "token 2" })
  })
})

describe("clear", () => {
  it("forgets all values and failures, with keys or without", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const failing = scriptedProvider<Token>("failing", async () => {
      throw new AuthError("AUTH_CREDENTIALS_REJECTED", "no")
    })
    const providers = [tokenIssuer(clock, { key: "user" }), tokenIssuer(clock)]
    await Promise.all(providers.map((provider) => cache.get(provider)))
    await expect(cache.get(failing)).rejects.toThrow()
    cache.clear()
    expect(cache.size).toBe(0)
    await Promise.all(providers.map((provider) => cache.get(provider)))
    await expect(cache.get(failing)).rejects.toThrow()
    expect([...providers, failing].map((provider) => provider.calls.length)).toEqual([2, 2, 2])
  })

  it("forgets the value and the failure of one identity", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    let isWrong = false
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (isWrong) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "no")
      return tokenAt(clock, `token ${call}`)
    })
    await cache.get(provider)
    isWrong = true
    await expect(cache.refresh(provider)).rejects.toThrow()
    isWrong = false
    cache.clear("user")
    expect((await cache.get(provider)).value).toBe("token 3")
  })

  it("drops the result of a pending refresh", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const providers = [tokenIssuer(clock, { key: "user", delayMs: SECOND }), tokenIssuer(clock, { delayMs: SECOND })]
    for (const provider of providers) {
      const waiting = cache.get(provider)
      await clock.advance(100)
      cache.clear()
      await clock.advance(SECOND)
      expect((await waiting).value).toMatch(/ 1$/)
      const again = cache.get(provider)
      expect(again).toBeInstanceOf(Promise)
      await clock.advance(SECOND)
      expect((await again).value).toMatch(/ 2$/)
    }
  })
})

describe("refresh", () => {
  it("renews a fresh value once for all callers, while the old value stays in use", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: SECOND })
    await Promise.all([cache.get(provider), clock.advance(SECOND)])
    const refreshes = Promise.all([cache.refresh(provider), cache.refresh<Token>("user"), cache.refresh(provider)])
    expect(cache.get(provider)).toMatchObject({ value: "user 1" })
    await clock.advance(SECOND)
    expect((await refreshes).map((token) => token.value)).toEqual(["user 2", "user 2", "user 2"])
    expect(cache.get(provider)).toMatchObject({ value: "user 2" })
  })

  it("keeps the old value when it fails, and throws the reason", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call > 1) throw new AuthError("AUTH_CREDENTIALS_REJECTED", "Wrong password.")
      return tokenAt(clock, "old")
    })
    await cache.get(provider)
    await expect(cache.refresh("user")).rejects.toThrow("Wrong password.")
    expect(cache.get(provider)).toMatchObject({ value: "old" })
  })

  it("can be aborted by its caller", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: SECOND })
    const controller = new AbortController()
    const refresh = cache.refresh(provider, { signal: controller.signal })
    controller.abort(new Error("enough"))
    await expect(refresh).rejects.toThrow("enough")
    await clock.advance(SECOND)
    expect(cache.get(provider)).toMatchObject({ value: "user 1" })
  })

  it("refuses an unknown key", async () => {
    await expect(new TokenCache().refresh("nobody")).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
      message: expect.stringContaining("nobody"),
    })
  })
})

describe("the limit of entries", () => {
  it("drops the least recently used identity", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, maxEntries: 3 })
    const issuers = new Map(["a", "b", "c", "d", "e"].map((key) => [key, tokenIssuer(clock, { key })]))
    const read = async (...keys: string[]): Promise<void> => {
      for (const key of keys) {
        const issuer = issuers.get(key)
        if (issuer !== undefined) await cache.get(issuer)
      }
    }
    const callsOf = (): number[] => [...issuers.values()].map((issuer) => issuer.calls.length)
    await read("a", "b", "c")
    await read("b", "a")
    await read("d")
    expect(cache.size).toBe(3)
    await read("a", "b", "d")
    expect(callsOf()).toEqual([1, 1, 1, 1, 0])
    await read("c")
    expect(callsOf()).toEqual([1, 1, 2, 1, 0])
    await read("e", "b", "a")
    expect(callsOf()).toEqual([2, 2, 2, 1, 1])
  })

  it("does not end pending refreshes, however many there are", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, maxEntries: 10 })
    const issuers = Array.from({ length: 1_000 }, (_, index) =>
      tokenIssuer(clock, { key: `${index}`, delayMs: SECOND }),
    )
    const reads = Promise.all([...issuers, ...issuers].map(async (issuer) => cache.get(issuer)))
    await clock.advance(MINUTE)
    await reads
    expect(issuers.every((issuer) => issuer.calls.length === 1)).toBe(true)
    expect(cache.size).toBe(10)
  })
})

describe("the options", () => {
  it.each([
    ["maxEntries", 0],
    ["maxEntries", Number.NaN],
    ["refreshAheadMs", -1],
    ["expiryMarginMs", -1],
    ["refreshTimeoutMs", 0],
    ["refreshTimeoutMs", 2 ** 31],
    ["storeTimeoutMs", 0],
    ["leaseMs", Number.POSITIVE_INFINITY],
    ["leaseMs", "1000"],
    ["random", 0.5],
    ["onEvent", "log"],
    ["clock", { now: 0 }],
    ["clock", null],
  ])("are refused with %s %j", (name, value) => {
    expect(() => new TokenCache({ [name]: value })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION", message: expect.stringContaining(name) }),
    )
  })

  it("treat undefined as the default", async () => {
    const cache = new TokenCache({ maxEntries: undefined, backoff: undefined, clock: undefined, store: undefined })
    expect(await cache.get(async () => ({ expiresAt: Date.now() + MINUTE }))).toMatchObject({})
  })

  it.each([[undefined], [null], ["key"], [{}]])("are a provider first, not %j", async (provider) => {
    const cache = new TokenCache()
    await expect((async () => cache.get(provider as never))()).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})
