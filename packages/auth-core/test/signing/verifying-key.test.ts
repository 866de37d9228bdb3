import { expect, it } from "vitest"
import { parseAuthorization } from "../../src/signing/authorization.ts"
import { canonicalRequest, sign } from "../../src/signing/signer.ts"
import { createVerifyingKey } from "../../src/signing/verifying-key.ts"
import { vectors } from "./vectors.ts"

it("accepts the canonical request of every vector and no other, with one key for all vectors of an access key", () => {
  const keys = new Map<string, ReturnType<typeof createVerifyingKey>>()
  for (const { credentials, authorization, canonicalRequest, sentHeaders } of vectors) {
    const { accessKeyId, secretAccessKey } = credentials
    const key = keys.get(accessKeyId + secretAccessKey) ?? createVerifyingKey(accessKeyId, secretAccessKey)
    keys.set(accessKeyId + secretAccessKey, key)
    const claimed = parseAuthorization(authorization)
    if (claimed === undefined) throw new Error(authorization)
    const date = sentHeaders["X-Sdk-Date"] ?? ""
    const isSigned = (text: string) => key.hasSigned(claimed, date, text, claimed.signature)
    expect([isSigned(canonicalRequest), isSigned(`${canonicalRequest} `)]).toEqual([true, false])
  }
  expect(keys.size).toBeLessThan(vectors.length)
})

it("derives another key for each region and service, more of them than it remembers", () => {
  const key = createVerifyingKey("AK", "sk")
  const request = { method: "GET", url: "https://a.example.com/", headers: { "x-sdk-date": "20191115T033655Z" } }
  const text = canonicalRequest(request)
  for (let index = 0; index < 100; index++) {
    const options = { algorithm: "V11-HMAC-SHA256", region: `r${index}`, service: "ecs" } as const
    const { authorization = "" } = sign(request, { accessKeyId: "AK", secretAccessKey: "sk" }, options)
    const claimed = parseAuthorization(authorization)
    if (claimed === undefined) throw new Error("not parsed")
    const isSigned = (other: object) =>
      key.hasSigned({ ...claimed, ...other }, "20191115T033655Z", text, claimed.signature)
    expect([isSigned({}), isSigned({ region: "r" }), isSigned({ service: "evs" })]).toEqual([true, false, false])
  }
})
