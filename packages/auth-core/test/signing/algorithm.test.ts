import { hkdfSync } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createHmac } from "#digest"
import { algorithmOf } from "../../src/signing/keyed-algorithm.ts"
import { createSigner } from "../../src/signing/signer.ts"
import { failureOf } from "../failure-of.ts"

const { createKey: hmacKey } = algorithmOf({ algorithm: "SDK-HMAC-SHA256" })
const { createKey: derivedKey } = algorithmOf({ algorithm: "V11-HMAC-SHA256" })
const material = { hash: "sha256", accessKeyId: "AK", secretAccessKey: "SK" } as const
const iotdm = { region: "cn-north-4", service: "iotdm" }

describe("an HMAC key", () => {
  it("is the SK, without a scope", () => {
    const key = hmacKey({ ...material, ...iotdm })("20191115T033655Z")
    expect(key).toMatchObject({ identity: "Access=AK", scopeLine: "" })
    expect(key.sign("text")).toBe(createHmac("sha256", "SK")("text"))
  })
})

describe("a derived key", () => {
  it("is named by the day, the region and the service", () => {
    expect(derivedKey({ ...material, ...iotdm })("20191115T033655Z")).toMatchObject({
      identity: "Credential=AK/20191115/cn-north-4/iotdm",
      scopeLine: "20191115/cn-north-4/iotdm\n",
    })
  })

  it.each([
    [undefined, "iotdm"],
    ["", "iotdm"],
    ["cn-north-4", undefined],
    ["cn-north-4", "iot/da"],
    ["cn north 4", "iotdm"],
    ["cn-north-4", "iotda,"],
  ])("needs a region and a service, unlike %j and %j", (region, service) => {
    const options = { algorithm: "V11-HMAC-SHA256", region, service } as const
    expect(failureOf(() => createSigner(material, options))).toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })

  it("is HKDF's output, used as hex text", () => {
    const word = fc.string({ minLength: 1, maxLength: 100 })
    const part = fc.stringMatching(/^[\w.-]{1,20}$/)
    fc.assert(
      fc.property(word, word, part, part, (accessKeyId, secretAccessKey, region, service) => {
        const okm = hkdfSync("sha256", secretAccessKey, accessKeyId, `20191115/${region}/${service}`, 32)
        const expected = createHmac("sha256", Buffer.from(okm).toString("hex"))("message")
        const key = derivedKey({ hash: "sha256", accessKeyId, secretAccessKey, region, service })("20191115T033655Z")
        expect(key.sign("message")).toBe(expected)
      }),
    )
  })

  it("is derived once a day", () => {
    const keyOf = derivedKey({ ...material, ...iotdm })
    const first = keyOf("20191115T033655Z")
    expect(keyOf("20191115T235959Z")).toBe(first)
    expect(keyOf("20191116T000000Z").sign("message")).not.toBe(first.sign("message"))
    expect(keyOf("20191115T033655Z").sign("message")).toBe(first.sign("message"))
  })
})
