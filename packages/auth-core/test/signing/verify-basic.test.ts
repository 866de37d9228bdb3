import { describe, expect, it } from "vitest"
import { verify } from "../../src/signing/verify.ts"

const SECRET = "appSecret!@#$%:16x"
const options = {
  signType: "basic",
  secretFor: (key: string) => (key === "app_key-01" ? { secretAccessKey: SECRET } : undefined),
} as const

function asked(authorization: string | undefined): ReturnType<typeof verify> {
  const headers = authorization === undefined ? {} : { authorization }
  return verify({ method: "GET", url: "https://backend.example.com/", headers }, options) as ReturnType<typeof verify>
}

const basic = (text: string): string => `Basic ${Buffer.from(text).toString("base64")}`

describe("a signature key of the type basic", () => {
  it("is the key with its secret", async () => {
    expect(await asked(basic(`app_key-01:${SECRET}`))).toEqual({ ok: true, accessKeyId: "app_key-01" })
  })

  it.each([
    ["SIGNATURE_MISSING", undefined],
    ["SIGNATURE_MALFORMED", "Basic"],
    ["SIGNATURE_MALFORMED", "Basic !!!"],
    ["SIGNATURE_MALFORMED", "Basic A"],
    ["SIGNATURE_MALFORMED", basic("app_key-01")],
    ["SIGNATURE_MALFORMED", basic("app_key-01:")],
    ["SIGNATURE_MALFORMED", "SDK-HMAC-SHA256 Access=app_key-01, SignedHeaders=host, Signature=00"],
    ["ACCESS_KEY_UNKNOWN", basic(`other:${SECRET}`)],
    ["SIGNATURE_MISMATCH", basic(`app_key-01:${SECRET}x`)],
    ["SIGNATURE_MISMATCH", basic(`app_key-01:${SECRET.slice(1)}`)],
  ])("is refused with %s: %s", async (code, authorization) => {
    const result = await asked(authorization)
    expect(result).toMatchObject({ ok: false, code, canonicalRequest: "" })
    expect(JSON.stringify(result)).not.toContain("Secret")
  })

  it("is refused unless it is asked for", async () => {
    const { secretFor } = options
    const headers = { authorization: basic(`app_key-01:${SECRET}`) }
    expect(await verify({ method: "GET", url: "https://backend.example.com/", headers }, { secretFor })).toMatchObject({
      code: "SIGNATURE_MALFORMED",
    })
  })

  it.each(["aes", "public_key"] as const)("%s is not supported, and the error says why", async (signType) => {
    const result = verify({ method: "GET", url: "https://backend.example.com/" }, { signType })
    await expect(result).rejects.toMatchObject({
      code: "AUTH_ALGORITHM_UNSUPPORTED",
      message: expect.stringContaining("does not document"),
    })
  })

  it("has no other types", async () => {
    const given = { ...options, signType: "rsa" as "basic" }
    const request = { method: "GET", url: "https://backend.example.com/" }
    await expect(verify(request, given)).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
    await expect(verify(request, { signType: "basic" } as typeof options)).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
    })
  })
})
