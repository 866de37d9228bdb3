import { describe, expect, it } from "vitest"
import { type Credentials, TokenCache } from "../../src/index.ts"
import { scriptedProvider } from "./scripted-provider.ts"
import { steppedClock } from "./stepped-clock.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const DAY = 24 * 60 * MINUTE

describe("30 days with keys of 15 minutes", () => {
  it("need a refresh per 92.5 % of a lifetime, within 10 % of one per lifetime, and never serve an expired key", async () => {
    const clock = steppedClock()
    const cache = new TokenCache({ clock })
    const provider = scriptedProvider<Credentials>("agency", async (call) => ({
      accessKeyId: `AK${call}`,
      secretAccessKey: "SK",
      expiresAt: clock.now() + 15 * MINUTE,
    }))
    let waits = 0
    for (let at = 0; at < 30 * DAY; at += 5 * SECOND) {
      const read = cache.get(provider)
      if (read instanceof Promise) waits += 1
      const { expiresAt = 0 } = await read
      if (expiresAt <= clock.now()) expect.fail(`a dead key at ${clock.now()}`)
      await clock.step(5 * SECOND)
    }
    const refreshes = provider.calls.length
    const lifetimes = (30 * DAY) / (15 * MINUTE)
    // The next read comes up to 5 s after the soft expiry.
    const ideal = (30 * DAY) / (15 * MINUTE * 0.925 + 2.5 * SECOND)
    expect(Math.abs(refreshes / ideal - 1)).toBeLessThan(0.01)
    expect(Math.abs(refreshes / lifetimes - 1)).toBeLessThan(0.1)
    // Only the first read.
    expect(waits).toBe(1)
  })
})
