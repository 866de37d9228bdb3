import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError, type CacheEvent, type Credentials, type Token, TokenCache } from "../../src/index.ts"
import { scriptedProvider, tokenAt, tokenIssuer } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

const down = (): AuthError => new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM does not answer.")
const refused = (): AuthError => new AuthError("AUTH_CREDENTIALS_REJECTED", "The password is wrong.", { status: 401 })

describe("reading", () => {
  it("returns the value, not a promise, once it is in memory", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock)
    const first = cache.get(provider)
    expect(first).toBeInstanceOf(Promise)
    expect(cache.get(provider)).toBeInstanceOf(Promise)
    expect(cache.get(provider)).not.toBe(undefined)
    const token = await first
    expect(token.value).toBe("token 1")
    expect(cache.get(provider)).toBe(token)
  })

  it("asks once for 10,000 concurrent cold reads", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: 50 })
    const reads = Array.from({ length: 10_000 }, async () => cache.get(provider))
    await clock.advance(50)
    const tokens = new Set(await Promise.all(reads))
    expect([...tokens].map((token) => token.value)).toEqual(["user 1"])
    expect(provider.calls.length).toBe(1)
  })

  it("shares one value among providers with one identity key", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const one = tokenIssuer(clock, { key: "user" })
    const other = tokenIssuer(clock, { key: "user" })
    const [first, second] = await Promise.all([cache.get(one), cache.get(other)])
    expect(second).toBe(first)
    expect(other.calls.length).toBe(0)
  })

  it("keeps values and refreshes of two identities apart, with keys or without", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const providers = [
      tokenIssuer(clock, { key: "a", delayMs: 10 }),
      tokenIssuer(clock, { key: "b", delayMs: 10 }),
      scriptedProvider(undefined, async () => tokenAt(clock, "without key 1")),
      scriptedProvider(undefined, async () => tokenAt(clock, "without key 2")),
    ]
    const reads = Promise.all([...providers, ...providers].map(async (provider) => cache.get(provider)))
    await clock.advance(10)
    const values = (await reads).map((token) => token.value)
    const expected = ["a 1", "b 1", "without key 1", "without key 2"]
    expect(values).toEqual([...expected, ...expected])
    expect(providers.map((provider) => provider.calls.length)).toEqual([1, 1, 1, 1])
  })

  it("keeps a value without an end", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Credentials>("static", async () => ({ accessKeyId: "AK", secretAccessKey: "SK" }))
    const credentials = await cache.get(provider)
    await clock.advance(10_000 * HOUR)
    expect(cache.get(provider)).toBe(credentials)
  })
})

describe("an aborted caller", () => {
  it("gets the reason of its signal, while the others get the value", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { delayMs: 100 })
    const starter = new AbortController()
    const aborted = Promise.resolve(cache.get(provider, { signal: starter.signal }))
    const patient = cache.get(provider, { signal: new AbortController().signal })
    const reason = new Error("enough")
    starter.abort(reason)
    await expect(aborted).rejects.toBe(reason)
    await clock.advance(100)
    expect((await patient).value).toBe("token 1")
    expect(provider.calls[0]?.signal?.aborted).toBe(false)
    expect(provider.calls.length).toBe(1)
  })

  it("makes no call if its signal is already aborted, but gets a value in memory", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user" })
    await expect(cache.get(provider, { signal: AbortSignal.abort("gone") })).rejects.toBe("gone")
    expect(provider.calls.length).toBe(0)
    expect(cache.size).toBe(0)
    const token = await cache.get(provider)
    expect(cache.get(provider, { signal: AbortSignal.abort("gone") })).toBe(token)
  })
})

describe("refreshing ahead", () => {
  it("serves the old value past the soft expiry while one caller renews it", async () => {
    const clock = fakeClock()
    const events: CacheEvent[] = []
    const cache = new TokenCache({ clock, onEvent: (event) => events.push(event), random: () => 0 })
    const provider = tokenIssuer(clock, { key: "user", lifetimeMs: 15 * MINUTE, delayMs: 100 })
    await Promise.all([cache.get(provider), clock.advance(100)])
    // The lifetime counts from the question, since the issuer may have answered at once.
    await clock.advance(13.5 * MINUTE - 101)
    expect(cache.get(provider)).toMatchObject({ value: "user 1" })
    expect(provider.calls.length).toBe(1)
    await clock.advance(1)
    for (let caller = 0; caller < 100; caller++) expect(cache.get(provider)).toMatchObject({ value: "user 1" })
    await clock.advance(100)
    expect(cache.get(provider)).toMatchObject({ value: "user 2" })
    expect(provider.calls.length).toBe(2)
    expect(events.filter(({ type }) => type === "served-stale").length).toBe(100)
    expect(events.filter(({ type }) => type === "acquired").length).toBe(2)
  })

  it("keeps a valid value through an outage, and tries again after the back-off", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = scriptedProvider("user", async (call) => {
      if (call === 1) return tokenAt(clock, "old")
      throw down()
    })
    await cache.get(provider)
    await clock.advance(23 * HOUR)
    for (let second = 0; second < 59 * 60; second++) {
      expect(await cache.get(provider)).toMatchObject({ value: "old" })
      await clock.advance(SECOND)
    }
    // 1, 2, 4, 8, 16 and then every 30 seconds.
    expect(provider.calls.length).toBeGreaterThan(59 * 2)
    expect(provider.calls.length).toBeLessThan(59 * 2 + 8)
    await clock.advance(MINUTE - 1)
    expect(await cache.get(provider)).toMatchObject({ value: "old" })
    await clock.advance(1)
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
  })
})

describe("a rejected value", () => {
  it("is replaced by one refresh, however many callers were refused", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: 20 })
    const [old] = await Promise.all([cache.get(provider), clock.advance(20)])
    const renewals = Promise.all(Array.from({ length: 200 }, async () => cache.get(provider, { rejected: { ...old } })))
    await clock.advance(20)
    expect(new Set((await renewals).map((token) => token.value))).toEqual(new Set(["user 2"]))
    expect(provider.calls.length).toBe(2)
    expect(provider.calls[1]?.rejected).toEqual(old)
  })

  it("causes no refresh when a newer value is in memory", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user" })
    const old = await cache.get(provider)
    const current = await cache.get(provider, { rejected: old })
    expect(cache.get(provider, { rejected: old })).toBe(current)
    expect(provider.calls.length).toBe(2)
  })

  it("is not served during the pending refresh", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: 20 })
    const [old] = await Promise.all([cache.get(provider), clock.advance(20)])
    const renewal = cache.get(provider, { rejected: old })
    const other = cache.get(provider)
    await clock.advance(20)
    expect((await renewal).value).toBe("user 2")
    expect((await other).value).toBe("user 2")
  })

  it("is renewed again when an earlier refresh brings it back", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const fixed = tokenAt(clock, "same")
    const provider = scriptedProvider<Token>("user", async (_call, context) => {
      await clock.sleep(10)
      return context?.rejected === undefined ? fixed : tokenAt(clock, "other")
    })
    await Promise.all([cache.get(provider), clock.advance(10)])
    const unaware = cache.refresh(provider)
    const renewals = Promise.all([1, 2, 3].map(async () => cache.get(provider, { rejected: fixed })))
    await clock.advance(20)
    expect((await unaware).value).toBe("same")
    expect((await renewals).map((token) => token.value)).toEqual(["other", "other", "other"])
    expect(provider.calls.length).toBe(3)
  })

  it("stays for others when IAM is down, and is dropped when IAM refuses the identity", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    let failure = down()
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call === 1) return tokenAt(clock, "first")
      throw failure
    })
    const first = await cache.get(provider)
    await expect(cache.get(provider, { rejected: first })).rejects.toBe(failure)
    expect(cache.get(provider)).toBe(first)
    await clock.advance(SECOND)
    failure = refused()
    await expect(cache.get(provider, { rejected: first })).rejects.toBe(failure)
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    expect(provider.calls.length).toBe(3)
  })

  it("stays dropped when the back-off is reset and an outage follows", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const answers = [async () => tokenAt(clock, "old"), () => Promise.reject(refused()), () => Promise.reject(down())]
    const provider = scriptedProvider("user", async (call) => (answers[call - 1] as () => Promise<Token>)())
    const old = await cache.get(provider)
    await expect(cache.get(provider, { rejected: old })).rejects.toMatchObject({ status: 401 })
    await cache.resetBackoff(provider)
    await expect(cache.refresh(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
    await expect(async () => cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
    expect(provider.calls.length).toBe(3)
  })

  it("is compared by its access key", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Credentials>("agency", async (call) => ({
      accessKeyId: "AK",
      secretAccessKey: "SK",
      securityToken: `security token ${call}`,
      expiresAt: clock.now() + HOUR,
    }))
    const old = await cache.get(provider)
    const current = await cache.get(provider, { rejected: old })
    expect(current.securityToken).toBe("security token 2")
    expect(cache.get(provider, { rejected: { ...old } })).toBe(current)
  })
})

describe("providers that build on other providers", () => {
  it("fetch the shared token once", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const partner = tokenIssuer(clock, { key: "partner", delayMs: 10 })
    const customers = Array.from({ length: 1_000 }, (_, index) =>
      scriptedProvider<Token>(`customer ${index}`, async (_call, context) => {
        const via = await context?.resolve?.(partner, { signal: context.signal })
        return tokenAt(clock, `customer ${index} by ${via?.value}`)
      }),
    )
    const reads = Promise.all(customers.map(async (customer) => cache.get(customer)))
    await clock.advance(10)
    expect((await reads)[999]?.value).toBe("customer 999 by partner 1")
    expect(partner.calls.length).toBe(1)
  })

  it("throw when they ask for their own value", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const inner = tokenIssuer(clock, { key: "same" })
    const outer = scriptedProvider<Token>("same", async (_call, context) => {
      await context?.resolve?.(inner)
      return tokenAt(clock, "never")
    })
    await expect(cache.get(outer)).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })

  it("can be tried again as soon as the other provider recovers", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    let isWrong = true
    const partner = scriptedProvider<Token>("partner", async () => {
      if (isWrong) throw refused()
      return tokenAt(clock, "partner")
    })
    const customer = scriptedProvider<Token>("customer", async (_call, context) => {
      await context?.resolve?.(partner)
      return tokenAt(clock, "customer")
    })
    await expect(cache.get(customer)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    await expect(cache.get(customer)).rejects.toMatchObject({ retryAfterMs: expect.any(Number) })
    expect(partner.calls.length).toBe(1)
    isWrong = false
    await cache.resetBackoff(partner)
    expect((await cache.get(customer)).value).toBe("customer")
  })
})

describe("the value of a provider", () => {
  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "token"],
    ["a token without its text", { value: undefined, expiresAt: 1 }],
    ["a token with an empty text", { value: "" }],
    ["an access key with only one half", { accessKeyId: "AK", secretAccessKey: undefined }],
    ["an expiry that is no number", { value: "token", expiresAt: Number.NaN }],
    ["an expiry as text", { value: "token", expiresAt: "2026-01-01" }],
  ])("is refused when it is %s", async (_name, value) => {
    const cache = new TokenCache({ clock: fakeClock() })
    await expect(cache.get(Object.assign(async () => value as Token))).rejects.toMatchObject({
      code: "AUTH_TOKEN_RESPONSE_INVALID",
    })
  })

  it("is not kept when it has no secret", async () => {
    const cache = new TokenCache({ backoff: false })
    const provider = scriptedProvider<Token>(undefined, (call) =>
      call === 1 ? ({ value: undefined } as unknown as Token) : { value: "token", issuedAt: 0, expiresAt: 1e15 },
    )
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_RESPONSE_INVALID" })
    expect(await cache.get(provider)).toMatchObject({ value: "token" })
  })

  it("must come within the time limit, which aborts the provider's signal", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, refreshTimeoutMs: 5 * SECOND })
    let answer = (_token: Token): void => undefined
    const provider = scriptedProvider<Token>("slow", async (call) =>
      call > 1 ? tokenAt(clock, "newer") : new Promise((resolve) => (answer = resolve)),
    )
    const read = Promise.resolve(cache.get(provider))
    const failed = expect(read).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
    await clock.advance(5 * SECOND)
    await failed
    expect(provider.calls[0]?.signal?.aborted).toBe(true)
    await clock.advance(2 * SECOND)
    const newer = await cache.get(provider)
    answer(tokenAt(clock, "older"))
    await clock.advance(0)
    expect(cache.get(provider)).toBe(newer)
  })
})
