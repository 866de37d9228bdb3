import { hkdfSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createHmac } from "#digest"
import { credentialScope, keyDeriver } from "../../src/signing/algorithm.ts"
import { failureOf } from "../failure-of.ts"

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("the credential scope", () => {
  it("is the day, the region and the service", () => {
    expect(credentialScope("cn-north-4", "iotda")("20191115T033655Z")).toBe("20191115/cn-north-4/iotda")
  })

  it.each([
    [undefined, "iotda"],
    ["", "iotda"],
    ["cn-north-4", undefined],
    ["cn-north-4", "iot/da"],
    ["cn north 4", "iotda"],
    ["cn-north-4", "iotda,"],
  ])("needs a region and a service, unlike %j and %j", (region, service) => {
    expect(failureOf(() => credentialScope(region, service))).toMatchObject({
      code: "AUTH_INVALID_OPTION",
    })
  })
})

describe("the derived key", () => {
  it("is HKDF's output, used as hex text", () => {
    const word = fc.string({ minLength: 1, maxLength: 100 })
    fc.assert(
      fc.property(word, word, word, (accessKeyId, secretAccessKey, scope) => {
        const okm = hkdfSync("sha256", secretAccessKey, accessKeyId, scope, 32)
        const expected = createHmac("sha256", utf8(Buffer.from(okm).toString("hex")))("message")
        expect(keyDeriver(accessKeyId, secretAccessKey)(scope)("message")).toBe(expected)
      }),
    )
  })

  it("is derived once a scope", () => {
    const keyOf = keyDeriver("ak", "sk")
    const first = keyOf("20191115/cn-north-4/iotda")
    expect(keyOf("20191115/cn-north-4/iotda")).toBe(first)
    expect(keyOf("20191116/cn-north-4/iotda")).not.toBe(first)
    expect(keyOf("20191115/cn-north-4/iotda")("m")).toBe(first("m"))
  })
})
