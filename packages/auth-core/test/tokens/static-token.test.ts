import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
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

  it.each([
    undefined,
    "MIItext",
    {},
    { value: "", issuedAt: 0, expiresAt: 1 },
    { value: "MII\r\n", issuedAt: 0, expiresAt: 1 },
    { value: "MIIsecret", issuedAt: 0, expiresAt: "2026-01-01" },
    { value: "MIIsecret", issuedAt: Number.NaN, expiresAt: 1 },
  ])("cannot be %o", (token) => {
    expect(thrownBy(() => staticToken(token as Token), "MIIs", "MIIt")).toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})
