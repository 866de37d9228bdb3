import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import type { Credentials } from "../../src/identity/credentials.ts"
import { rejectionOf, thrownBy } from "../iam/local-iam.ts"

describe("static credentials", () => {
  it("keep their values when the object changes later", async () => {
    const credentials = { accessKeyId: "AK", secretAccessKey: "SK" }
    const provider = staticCredentials(credentials)
    credentials.secretAccessKey = "changed"
    expect(await provider()).toEqual({ accessKeyId: "AK", secretAccessKey: "SK" })
    expect(await provider({ rejected: credentials })).toEqual({ accessKeyId: "AK", secretAccessKey: "SK" })
  })

  it("end at their expiry", async () => {
    const clock = fakeClock()
    const temporary = {
      accessKeyId: "AK",
      secretAccessKey: "SK-secret",
      securityToken: "token",
      expiresAt: clock.now() + 1,
    }
    const provider = staticCredentials(temporary, { clock })
    expect(await provider()).toEqual(temporary)
    await clock.advance(1)
    const error = await rejectionOf(provider(), "SK-secret")
    expect(error.code).toBe("AUTH_CREDENTIALS_EXPIRED")
    expect(error.message).toContain("AK")
  })

  it.each([
    undefined,
    {},
    { accessKeyId: "", secretAccessKey: "s3cret" },
    { accessKeyId: "A K", secretAccessKey: "s3cret" },
    { accessKeyId: "AK" },
    { accessKeyId: "AK", secretAccessKey: " s3cret" },
    { accessKeyId: "AK", secretAccessKey: "s3cret\n" },
    { accessKeyId: "AK", secretAccessKey: "s3cret", securityToken: "" },
    { accessKeyId: "AK", secretAccessKey: "s3cret", expiresAt: "2026" },
  ])("are not %o", (credentials) => {
    const error = thrownBy(() => staticCredentials(credentials as Credentials), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
  })
})
