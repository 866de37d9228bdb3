import { describe, expect, it } from "vitest"
import { parseAuthorization } from "../../src/signing/authorization.ts"

const HEX = "7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe"

describe("an Authorization header", () => {
  it("names algorithm, key, signed headers and signature", () => {
    expect(parseAuthorization(`SDK-HMAC-SM3 Access=AK, SignedHeaders=host;x-sdk-date, Signature=${HEX}`)).toEqual({
      algorithm: "SDK-HMAC-SM3",
      scoped: false,
      accessKeyId: "AK",
      day: undefined,
      region: undefined,
      service: undefined,
      signedHeaders: ["host", "x-sdk-date"],
      signature: HEX,
    })
  })

  it("names the scope of a derived key", () => {
    const header = `V11-HMAC-SHA256 Credential=AK/20191115/cn-north-4/iotdm, SignedHeaders=x-sdk-date, Signature=${HEX}`
    expect(parseAuthorization(header)).toMatchObject({
      accessKeyId: "AK",
      day: "20191115",
      region: "cn-north-4",
      service: "iotdm",
    })
  })

  it.each([
    "",
    "Bearer token",
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX.slice(1)}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX.toUpperCase()}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX} `,
    `SDK-HMAC-SHA256 Access=AK, Signature=${HEX}, SignedHeaders=host`,
    `SDK-HMAC-SHA256 Access=, SignedHeaders=host, Signature=${HEX}`,
    `SDK-HMAC-SHA256 Access=A K, SignedHeaders=host, Signature=${HEX}`,
    `SDK-HMAC-SHA256 Credential=AK/20191115/r/s, SignedHeaders=host, Signature=${HEX}`,
    `V11-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX}`,
    `V11-HMAC-SHA256 Credential=AK/20191115/r, SignedHeaders=host, Signature=${HEX}`,
    `SDK-HMAC-SHA1 Access=AK, SignedHeaders=host, Signature=${HEX}`,
    `toString Access=AK, SignedHeaders=host, Signature=${HEX}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX}, SDK-HMAC-SHA256 Access=AK`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, Signature=${HEX}, Signature=${HEX}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host;Signature=${HEX}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host,  Signature=${HEX}`,
    `SDK-HMAC-SHA256 Access=AK, SignedHeaders=host, signature=${HEX}`,
    `Signature=${HEX}`,
  ])("is not %j", (header) => {
    expect(parseAuthorization(header)).toBeUndefined()
  })
})
