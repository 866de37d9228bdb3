import { type FakeClock, fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError, type Credentials, type Token, TokenCache } from "../../src/index.ts"
import { type ScriptedProvider, scriptedProvider, tokenIssuer } from "./scripted-provider.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Issues keys of 15 minutes by a right clock, whatever the local clock shows. */
function keyIssuer(clock: FakeClock, aheadMs: number, tells: boolean): ScriptedProvider<Credentials> {
  return scriptedProvider<Credentials>("agency", async (call, context) => {
    const issuerNow = clock.now() - aheadMs
    if (tells) context?.reportIssuerTime?.(issuerNow)
    return { accessKeyId: `AK${call}`, secretAccessKey: "SK", securityToken: "ST", expiresAt: issuerNow + 15 * MINUTE }
  })
}

describe("a wall clock that jumps", () => {
  it("backwards does not extend the life of a value", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    const provider = tokenIssuer(clock, { lifetimeMs: 15 * MINUTE })
    await cache.get(provider)
    clock.jump(-20 * MINUTE)
    await clock.advance(13 * MINUTE)
    expect(cache.get(provider)).toMatchObject({ value: "token 1" })
    expect(provider.calls).toHaveLength(1)
    await clock.advance(2 * MINUTE)
    expect((await cache.get(provider)).value).toBe("token 2")
  })

  it("forwards causes one renewal, and no request fails if the renewal fails", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock, random: () => 0 })
    let isDown = false
    const provider = scriptedProvider<Token>("user", async (call) => {
      if (isDown) throw new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM does not answer.")
      return { value: `token ${call}`, issuedAt: clock.now(), expiresAt: clock.now() + 15 * MINUTE }
    })
    await cache.get(provider)
    clock.jump(20 * MINUTE)
    expect((await cache.get(provider)).value).toBe("token 2")
    expect(cache.get(provider)).toMatchObject({ value: "token 2" })

    isDown = true
    clock.jump(20 * MINUTE)
    for (let minute = 0; minute < 15; minute++) {
      expect((await cache.get(provider)).value).toBe("token 2")
      await clock.advance(MINUTE)
    }
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED" })
  })

  it("forwards by the time that a machine slept does not revive expired values", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = tokenIssuer(clock, { lifetimeMs: HOUR })
    await cache.get(provider)
    // The monotonic clock stood still.
    clock.jump(8 * HOUR)
    expect((await cache.get(provider)).value).toBe("token 2")
    expect(provider.calls).toHaveLength(2)
  })
})

describe("a wall clock that is 20 minutes off", () => {
  const served = async (cache: TokenCache, clock: FakeClock, provider: ScriptedProvider<Credentials>, ms: number) => {
    const ids = new Set<string>()
    for (let at = 0; at < ms; at += 30 * SECOND) {
      ids.add((await cache.get(provider)).accessKeyId)
      await clock.advance(30 * SECOND)
    }
    return ids.size
  }

  it.each([
    ["ahead", 20 * MINUTE],
    ["behind", -20 * MINUTE],
  ])(
    "%s renews keys of 15 minutes as often as a right one, where the issuer's clock is told",
    async (_name, aheadMs) => {
      const clock = fakeClock()
      const cache = new TokenCache({ clock })
      const provider = keyIssuer(clock, aheadMs, true)
      // One in 13.5 to 14.25 minutes.
      const renewals = await served(cache, clock, provider, 2 * HOUR)
      expect(renewals).toBeGreaterThanOrEqual(8)
      expect(renewals).toBeLessThanOrEqual(10)
    },
  )

  it("ahead does not cause a call for each request when the issuer's clock is unknown", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = keyIssuer(clock, 20 * MINUTE, false)
    expect(await served(cache, clock, provider, HOUR)).toBeLessThanOrEqual(61)
    expect(provider.calls.length).toBeLessThanOrEqual(61)
  })
})
