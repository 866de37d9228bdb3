import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import type { Attempt, Authentication, Rejection } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { TokenCache } from "../../src/cache/token-cache.ts"
import type { Token } from "../../src/identity/credentials.ts"
import type { TokenProvider } from "../../src/identity/provider.ts"
import { staticToken } from "../../src/tokens/static-token.ts"

const HOUR = 3_600_000
const attempt: Attempt = { method: "GET", url: "https://h/", headers: {}, body: null }
const rejection: Rejection = { status: 401, origin: "https://h", replayed: false }

function numbered(clock = fakeClock()): { provider: TokenProvider; calls: () => number } {
  let calls = 0
  return {
    provider: async () => {
      calls += 1
      return { value: `token-${calls}`, issuedAt: clock.now(), expiresAt: clock.now() + 24 * HOUR }
    },
    calls: () => calls,
  }
}

describe("a fixed token", () => {
  const token: Token = { value: "MIIabc", issuedAt: 0, expiresAt: Date.now() + HOUR }

  it("is sent as X-Auth-Token, and needs no promise", () => {
    expect(tokenAuth(token).authenticate(attempt)).toMatchObject({ headers: { "x-auth-token": "MIIabc" } })
  })

  it("may be its text alone, which is used until it is refused", async () => {
    const auth = tokenAuth("MIIabc", { clock: fakeClock(8.64e15) })
    const authentication = auth.authenticate(attempt) as Authentication
    expect(authentication).toMatchObject({ headers: { "x-auth-token": "MIIabc" } })
    expect(await auth.judge(authentication, rejection)).toBe(false)
    expect(() => tokenAuth("two words")).toThrow(expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }))
  })

  it("may come as text from a provider, without an end", async () => {
    const auth = tokenAuth(staticToken("MIIabc"), { clock: fakeClock(8.64e15) })
    expect(await auth.authenticate(attempt)).toMatchObject({ headers: { "x-auth-token": "MIIabc" } })
    expect(await auth.judge(await auth.authenticate(attempt), rejection)).toBe(false)
  })

  it("leaves bodies of any size unread", () => {
    expect(tokenAuth(token).bodyLimit({})).toBeUndefined()
  })

  it("is an error after it has expired, before anything is sent", () => {
    const clock = fakeClock(token.expiresAt)
    expect(() => tokenAuth(token, { clock }).authenticate(attempt)).toThrow(
      expect.objectContaining({ code: "AUTH_CREDENTIALS_EXPIRED" }),
    )
  })

  it.each(["tomorrow", Number.NaN, null])("with the end %j is refused at once", (expiresAt) => {
    expect(() => tokenAuth({ ...token, expiresAt: expiresAt as number })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }),
    )
  })

  it("cannot be renewed after a refusal", async () => {
    const auth = tokenAuth(token)
    expect(await auth.judge(auth.authenticate(attempt) as Authentication, rejection)).toBe(false)
  })

  it.each(["", "two words", "line\nbreak", "ümlaut", undefined, 7])(
    "with the value %j is refused at once, without showing it",
    (value) => {
      const make = (): unknown => tokenAuth({ ...token, value: value as string })
      expect(make).toThrow(expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }))
      if (typeof value === "string" && value !== "") expect(make).not.toThrow(value)
    },
  )
})

describe("tokens of a provider", () => {
  it("are fetched once, and then need no promise", async () => {
    const { provider, calls } = numbered()
    const auth = tokenAuth(provider)
    await Promise.all([auth.authenticate(attempt), auth.authenticate(attempt)])
    expect(auth.authenticate(attempt)).toMatchObject({ headers: { "x-auth-token": "token-1" } })
    expect(calls()).toBe(1)
  })

  it("are shared by auths that share a cache", async () => {
    const { provider, calls } = numbered()
    const cache = new TokenCache()
    await tokenAuth(provider, { cache }).authenticate(attempt)
    await tokenAuth(provider, { cache }).authenticate(attempt)
    expect(calls()).toBe(1)
  })

  it("are renewed once for all callers after a refusal", async () => {
    const { provider, calls } = numbered()
    const auth = tokenAuth(provider)
    const used = await auth.authenticate(attempt)
    expect(await Promise.all(Array.from({ length: 200 }, () => auth.judge(used, rejection)))).not.toContain(false)
    expect(calls()).toBe(2)
    expect(auth.authenticate(attempt)).toMatchObject({ headers: { "x-auth-token": "token-2" } })
  })

  it("are not renewed when a newer one came before the refusal", async () => {
    const { provider, calls } = numbered()
    const auth = tokenAuth(provider)
    const used = await auth.authenticate(attempt)
    await auth.judge(used, rejection)
    expect(await auth.judge(used, rejection)).toBe("credential-renewed")
    expect(calls()).toBe(2)
  })

  it("are not renewed for a 403", async () => {
    const { provider, calls } = numbered()
    const auth = tokenAuth(provider)
    expect(await auth.judge(await auth.authenticate(attempt), { ...rejection, status: 403 })).toBe(false)
    expect(calls()).toBe(1)
  })

  it("are not renewed without limit for a service that refuses every token", async () => {
    const clock = fakeClock()
    const { provider, calls } = numbered(clock)
    const auth = tokenAuth(provider, { clock })
    for (let second = 0; second < 600; second++) {
      const first = await auth.authenticate(attempt)
      if (await auth.judge(first, rejection))
        await auth.judge(await auth.authenticate(attempt), { ...rejection, replayed: true })
      await clock.advance(1_000)
    }
    expect(calls()).toBeLessThan(20)
  })

  it("can have a cache with its own options: without back-off every call asks IAM", async () => {
    let calls = 0
    const failing: TokenProvider = async () => {
      calls += 1
      throw new Error("down")
    }
    const auth = tokenAuth(failing, { cache: { backoff: false } })
    for (let call = 0; call < 3; call++) await Promise.resolve(auth.authenticate(attempt)).catch(() => undefined)
    expect(calls).toBe(3)
  })

  it("fail with IAM's own error", async () => {
    const failure = new Error("IAM is down")
    const auth = tokenAuth(() => Promise.reject(failure))
    await expect(auth.authenticate(attempt)).rejects.toMatchObject({ cause: failure })
  })
})

it.each([null, 7, "redis"])("an invalid cache is refused with an AuthError: %j", async (cache) => {
  const auth = tokenAuth(async () => ({ value: "t", issuedAt: 0, expiresAt: 1e15 }), { cache: cache as never })
  await expect((async () => auth.authenticate(attempt))()).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
})
