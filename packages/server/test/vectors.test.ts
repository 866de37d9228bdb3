import { expect, it } from "vitest"
import { type Vector, vectors } from "../../auth-core/test/signing/vectors.ts"
import { createVerifier, type Verdict } from "../src/index.ts"

const secrets = new Map(vectors.map(({ credentials }) => [credentials.accessKeyId, credentials]))

const verifier = createVerifier({
  keys: (accessKeyId) => secrets.get(accessKeyId),
  algorithms: ["SDK-HMAC-SHA256", "SDK-HMAC-SM3", "V11-HMAC-SHA256"],
  regions: "any",
  services: "any",
  maxSkewMs: Number.POSITIVE_INFINITY,
})

function judged({ credentials, authorization, ...vector }: Vector): Verdict | Promise<Verdict> {
  // Some vectors share an AK and differ in its secret.
  const isUsual = secrets.get(credentials.accessKeyId)?.secretAccessKey === credentials.secretAccessKey
  const one = isUsual && secrets.get(credentials.accessKeyId)?.securityToken === credentials.securityToken
  const own = one ? verifier : createVerifier({ ...anyAge, keys: () => credentials })
  const { request, signedHeaders, canonicalRequest } = vector
  const headers: [string, string][] = [...request.headers, ["Authorization", authorization]]
  return own
    .with({
      allowUnsignedHost: !signedHeaders.split(";").includes("host"),
      allowUnsignedPayload: canonicalRequest.endsWith("\nUNSIGNED-PAYLOAD"),
    })
    .verify({ ...request, headers })
}

const anyAge = {
  algorithms: ["SDK-HMAC-SHA256", "SDK-HMAC-SM3", "V11-HMAC-SHA256"] as const,
  regions: "any",
  services: "any",
  maxSkewMs: Number.POSITIVE_INFINITY,
} as const

it.each(vectors)("accepts at once, with the key at hand: $name", (vector) => {
  expect(judged(vector)).toMatchObject({ ok: true, auth: { accessKeyId: vector.credentials.accessKeyId } })
})

it.each(vectors)("refuses with another signature: $name", (vector) => {
  const [last = ""] = vector.authorization.slice(-1)
  const authorization = vector.authorization.slice(0, -1) + (last === "0" ? "1" : "0")
  expect(judged({ ...vector, authorization })).toMatchObject({ ok: false, code: "SIGNATURE_MISMATCH", status: 401 })
})

it("has every vector", () => expect(vectors).toHaveLength(531))
