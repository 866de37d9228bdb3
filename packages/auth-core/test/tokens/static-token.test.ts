import { inspect } from "node:util"
import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { TokenCache } from "../../src/cache/token-cache.ts"
import type { Token } from "../../src/identity/credentials.ts"
import { staticToken } from "../../src/tokens/static-token.ts"
import { rejectionOf, thrownBy } from "../iam/local-iam.ts"

describe("a static token", () => {
  it("is given until its end", async () => {
    const clock = fakeClock()
    const token = { value: "MIIstatic", issuedAt: clock.now(), expiresAt: clock.now() + 1000 }
    const provider = staticToken(token, { clock })
    token.value = "changed later"
    expect((await provider()).value).toBe("MIIstatic")
    await clock.advance(1000)
    expect(await rejectionOf(provider(), "MIIstatic")).toMatchObject({ code: "AUTH_CREDENTIALS_EXPIRED" })
  })

  it("is given for ever if only its text is known", async () => {
    const clock = fakeClock()
    const cache = new TokenCache({ clock })
    const provider = staticToken("MIItext", { clock })
    const token = { value: "MIItext", issuedAt: 0, expiresAt: Number.POSITIVE_INFINITY }
    expect(await cache.get(provider)).toEqual(token)
    await clock.advance(365 * 24 * 3_600_000)
    expect(await cache.get(provider)).toEqual(token)
    expect(inspect(await cache.get(provider))).not.toContain("MIItext")
  })

  it.each([
    undefined,
    "",
    "MIItext\n",
    42,
    {},
    { value: "MIIsecret", issuedAt: 0, expiresAt: Number.NaN },
    { value: "", issuedAt: 0, expiresAt: 1 },
    { value: "MII\r\n", issuedAt: 0, expiresAt: 1 },
    { value: "MIIsecret", issuedAt: 0, expiresAt: "2026-01-01" },
    { value: "MIIsecret", issuedAt: Number.NaN, expiresAt: 1 },
  ])("cannot be %o", (token) => {
    expect(thrownBy(() => staticToken(token as Token), "MIIs", "MIIt")).toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})
