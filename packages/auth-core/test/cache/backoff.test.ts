import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError, type BackoffOptions, type CacheEvent, type Token, TokenCache } from "../../src/index.ts"
import { scriptedProvider, tokenAt, tokenIssuer } from "./scripted-provider.ts"
import { steppedClock } from "./stepped-clock.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

const down = (): AuthError =>
  new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM does not answer.", { endpoint: "https://iam.example.com" })
const refused = (): AuthError =>
  new AuthError("AUTH_CREDENTIALS_REJECTED", "The password is wrong.", { status: 401, errorCode: "IAM.0062" })

describe("IAM down, with nothing in memory", () => {
  it("gives all waiting callers the same error, from one call", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const error = down()
    const provider = scriptedProvider<Token>("user", async () => {
      await clock.sleep(10)
      throw error
    })
    const reads = Promise.allSettled(Array.from({ length: 1_000 }, async () => cache.get(provider)))
    await clock.advance(10)
    const reasons = (await reads).map((result) => (result.status === "rejected" ? result.reason : undefined))
    expect(new Set(reasons)).toEqual(new Set([error]))
    expect(provider.calls).toHaveLength(1)
  })

  it("gives the same error at once until the next try is due, and names its time", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = scriptedProvider<Token>("user", async () => {
      throw down()
    })
    await expect(cache.get(provider)).rejects.toThrow()
    await clock.advance(400)
    await expect(cache.get(provider)).rejects.toMatchObject({
      code: "AUTH_TOKEN_REQUEST_FAILED",
      endpoint: "https://iam.example.com",
      retryAfterMs: 600,
      message: expect.stringContaining("IAM does not answer."),
    })
    expect(provider.calls).toHaveLength(1)
  })

  it("recovers within one step of the back-off", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    let isDown = true
    const provider = scriptedProvider<Token>("user", async () => {
      if (isDown) throw down()
      return tokenAt(clock, "new")
    })
    for (let second = 0; second < 600; second++) {
      await expect(cache.get(provider)).rejects.toThrow()
      await clock.advance(SECOND)
    }
    isDown = false
    // 30 s and the jitter.
    await clock.advance(36 * SECOND)
    expect((await cache.get(provider)).value).toBe("new")
  })

  it("waits longer each time, up to a limit, and starts again after a success", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    let isDown = true
    const provider = scriptedProvider<Token>("user", async () => {
      if (isDown) throw down()
      return tokenAt(clock, "token", MINUTE)
    })
    const waitAfterFailure = async (): Promise<number> => {
      await expect(cache.get(provider)).rejects.toThrow()
      const again = await Promise.resolve(cache.get(provider)).catch((error: AuthError) => error.retryAfterMs ?? -1)
      if (typeof again !== "number") throw new Error("There is a value.")
      await clock.advance(again)
      return again / SECOND
    }
    const waits: number[] = []
    for (let failure = 0; failure < 8; failure++) waits.push(await waitAfterFailure())
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30, 30])
    isDown = false
    await cache.get(provider)
    isDown = true
    await clock.advance(MINUTE)
    expect(await waitAfterFailure()).toBe(1)
  })
})

describe("a refused identity", () => {
  /** IAM's account lock after a number of failures. The counter is reset in one of the possible ways. */
  const policies = [15, 30, 60].flatMap((resetMinutes) =>
    (["since the last failure", "since the first failure", "each failure on its own"] as const).map((forgets) => ({
      resetMinutes,
      forgets,
    })),
  )

  it.each(policies)(
    "never makes five failures where they are forgotten after $resetMinutes minutes, $forgets",
    async ({ resetMinutes, forgets }) => {
      const clock = steppedClock()
      const cache = new TokenCache({ clock, maxEntries: 1 })
      const resetMs = resetMinutes * MINUTE
      let failures: number[] = []
      let most = 0
      const provider = scriptedProvider<Token>("user", async () => {
        const now = clock.monotonic()
        const [first = now] = failures
        const last = failures.at(-1) ?? now
        if (forgets === "each failure on its own") failures = failures.filter((at) => now - at < resetMs)
        else if (now - (forgets === "since the last failure" ? last : first) >= resetMs) failures = []
        failures.push(now)
        most = Math.max(most, failures.length)
        throw refused()
      })
      for (let at = 0; at < 4 * DAY; at += 30 * SECOND) {
        await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
        await clock.step(30 * SECOND)
      }
      expect(most).toBeLessThan(5)
      expect(provider.calls.length).toBeGreaterThan(60)
    },
  )

  it("says how long to wait from the first refusal on, also where each is the same error", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const error = refused()
    const provider = scriptedProvider<Token>("user", async () => {
      throw error
    })
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED", retryAfterMs: MINUTE })
    await expect(cache.get(provider)).rejects.toHaveProperty("retryAfterMs", MINUTE)
    await clock.advance(MINUTE)
    await expect(cache.get(provider)).rejects.toHaveProperty("retryAfterMs", 4 * MINUTE)
    await cache.resetBackoff(provider)
    cache.clear()
    await expect(cache.get(provider)).rejects.toHaveProperty("retryAfterMs", MINUTE)
    const asked = new AuthError("AUTH_THROTTLED", "Too many.", { retryAfterMs: 10 })
    const throttled = scriptedProvider<Token>("other", async () => Promise.reject(asked))
    await expect(cache.get(throttled)).rejects.toHaveProperty("retryAfterMs", 10)
    const off = new TokenCache({ clock, backoff: false })
    await expect(off.get(scriptedProvider("third", async () => Promise.reject(down())))).rejects.not.toHaveProperty(
      "retryAfterMs",
    )
  })

  it("waits 1, 4, 16 and then 64 minutes", async () => {
    const clock = fakeClock()
    const events: CacheEvent[] = []
    const cache = new TokenCache({ clock, random: () => 0, onEvent: (event) => events.push(event) })
    const provider = scriptedProvider<Token>("user", async () => {
      throw refused()
    })
    for (let at = 0; at < 6 * HOUR; at += MINUTE) {
      await expect(cache.get(provider)).rejects.toThrow()
      await clock.advance(MINUTE)
    }
    const waits = events.flatMap((event) =>
      event.type === "refresh-failed" ? [(event.retryAfterMs ?? 0) / MINUTE] : [],
    )
    expect(waits).toEqual([1, 4, 16, 64, 64, 64, 64, 64, 64])
  })

  it("keeps its count of refusals across outages", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const refusals: number[] = []
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call % 2 === 0) throw down()
      refusals.push(clock.monotonic())
      throw refused()
    })
    for (let at = 0; at < 2 * HOUR; at += SECOND) {
      await expect(cache.get(provider)).rejects.toThrow()
      await clock.advance(SECOND)
    }
    const gaps = refusals.slice(1).map((at, index) => Math.floor((at - (refusals[index] ?? 0)) / MINUTE))
    expect(gaps).toEqual([1, 4, 16, 64])
  })

  it("does not affect other identities", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const wrong = scriptedProvider<Token>("wrong", async () => {
      throw refused()
    })
    await expect(cache.get(wrong)).rejects.toThrow()
    expect((await cache.get(tokenIssuer(clock, { key: "right" }))).value).toBe("right 1")
  })

  it("keeps a valid value until its end when its password is changed", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call === 1) return tokenAt(clock, "old")
      throw refused()
    })
    await cache.get(provider)
    await clock.advance(23 * HOUR)
    for (let minute = 0; minute < 60; minute++) {
      expect((await cache.get(provider)).value).toBe("old")
      await clock.advance(MINUTE)
    }
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED" })
    // 0, 1, 5 and 21 minutes after the soft expiry, 84 minutes before the end.
    expect(provider.calls).toHaveLength(1 + 4)
  })
})

describe("throttling", () => {
  it("lasts as long as the issuer says", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0.5 })
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (call > 1) return tokenAt(clock, "token")
      throw new AuthError("AUTH_THROTTLED", "Too many requests.", { status: 429, retryAfterMs: 45 * SECOND })
    })
    await expect(cache.get(provider)).rejects.toThrow("Too many")
    await clock.advance(45 * SECOND - 1)
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_THROTTLED", retryAfterMs: 1 })
    await clock.advance(1)
    expect((await cache.get(provider)).value).toBe("token")
  })

  it("without a time is treated like any failure", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = scriptedProvider<Token>("user", async () => {
      throw new AuthError("AUTH_THROTTLED", "Too many requests.", { status: 429 })
    })
    await expect(cache.get(provider)).rejects.toThrow("Too many")
    await expect(cache.get(provider)).rejects.toMatchObject({ retryAfterMs: SECOND })
  })
})

describe("the back-off remembers", () => {
  it("no error of the caller", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    for (const code of [
      "AUTH_INVALID_OPTION",
      "AUTH_INVALID_CREDENTIALS",
      "AUTH_CREDENTIALS_EXPIRED",
      "AUTH_INSECURE_URL",
    ] as const) {
      const provider = scriptedProvider<Token>(code, async () => {
        throw new AuthError(code, "Wrong.")
      })
      await expect(cache.get(provider)).rejects.toThrow("Wrong.")
      await expect(cache.get(provider)).rejects.toThrow("Wrong.")
      expect(provider.calls).toHaveLength(2)
    }
    expect(cache.size).toBe(0)
  })

  it("every refusal of the issuer, also for a wrong option", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Token>("user", async () => {
      throw new AuthError("AUTH_INVALID_OPTION", "IAM answered 400.", { status: 400 })
    })
    await expect(cache.get(provider)).rejects.toThrow("400")
    await expect(cache.get(provider)).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
      retryAfterMs: expect.any(Number),
    })
    expect(provider.calls).toHaveLength(1)
  })

  it("other errors of providers, as the cause of an AuthError", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const cause = new TypeError("fetch failed")
    const provider = scriptedProvider<Token>("user", async () => {
      throw cause
    })
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED", cause })
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED", cause })
    expect(provider.calls).toHaveLength(1)
  })

  it("no aborted callers", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { key: "user", delayMs: SECOND })
    for (let caller = 0; caller < 10; caller++) {
      const controller = new AbortController()
      const read = Promise.resolve(cache.get(provider, { signal: controller.signal }))
      controller.abort()
      await expect(read).rejects.toMatchObject({ name: "AbortError" })
    }
    await clock.advance(SECOND)
    expect(cache.get(provider)).toMatchObject({ value: "user 1" })
    expect(provider.calls).toHaveLength(1)
  })

  it("a limited number of failures", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, maxEntries: 10 })
    for (let index = 0; index < 100; index++) {
      const provider = scriptedProvider<Token>(`user ${index}`, async () => {
        throw refused()
      })
      await expect(cache.get(provider)).rejects.toThrow()
    }
    expect(cache.size).toBe(10)
  })
})

describe("the back-off", () => {
  const failing = (key: string | undefined) =>
    scriptedProvider<Token>(key, async () => {
      throw refused()
    })

  it("can be switched off", async () => {
    const cache = new TokenCache({ clock: fakeClock(), backoff: false })
    const provider = failing("user")
    for (let read = 0; read < 5; read++) await expect(cache.get(provider)).rejects.toThrow()
    expect(provider.calls).toHaveLength(5)
  })

  it("can be reset for one identity, by its key or its provider, and for all", async () => {
    const cache = new TokenCache({ clock: fakeClock() })
    const providers = [failing("a"), failing("b"), failing(undefined)] as const
    const readAll = async (): Promise<number[]> => {
      for (const provider of providers) await expect(cache.get(provider)).rejects.toThrow()
      return providers.map((provider) => provider.calls.length)
    }
    expect(await readAll()).toEqual([1, 1, 1])
    expect(await readAll()).toEqual([1, 1, 1])
    await cache.resetBackoff("a")
    expect(await readAll()).toEqual([2, 1, 1])
    await cache.resetBackoff(providers[2])
    expect(await readAll()).toEqual([2, 1, 2])
    await cache.resetBackoff()
    expect(await readAll()).toEqual([3, 2, 3])
    expect(await readAll()).toEqual([3, 2, 3])
  })

  it("starts again after a reset", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = failing("user")
    await expect(cache.get(provider)).rejects.toThrow()
    await clock.advance(MINUTE)
    await expect(cache.get(provider)).rejects.toThrow()
    await cache.resetBackoff()
    await expect(cache.get(provider)).rejects.toThrow()
    await expect(cache.get(provider)).rejects.toMatchObject({ retryAfterMs: MINUTE })
  })

  it("accepts other steps", async () => {
    const clock = fakeClock()
    const backoff = { rejected: { firstMs: 10, factor: 1 }, unavailable: { longestMs: 2 * SECOND } }
    const cache = new TokenCache({ clock, random: () => 0, backoff })
    const provider = failing("user")
    for (let read = 0; read < 3; read++) {
      await expect(cache.get(provider)).rejects.toThrow()
      await clock.advance(10)
    }
    expect(provider.calls).toHaveLength(3)
  })

  it.each<[string, BackoffOptions]>([
    ["a negative wait", { rejected: { firstMs: -1 } }],
    ["a factor that shrinks", { unavailable: { factor: 0.5 } }],
    ["a wait that is no number", { rejected: { firstMs: Number.NaN } }],
    ["a bound below the first wait", { unavailable: { firstMs: 2_000, longestMs: 1_000 } }],
  ])("refuses %s", (_name, backoff) => {
    expect(() => new TokenCache({ backoff })).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })
})
