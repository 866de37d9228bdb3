import type { SigningAlgorithm } from "@countersign/auth-core"
import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import { expect, it } from "vitest"
import { createVerifier } from "../src/index.ts"
import { credentials, now, type SignedRequest, signed } from "./signed-request.ts"

const keys = { AKEXAMPLE: credentials, AKOTHER: { ...credentials, accessKeyId: "AKOTHER" } }

function guarded(algorithm: SigningAlgorithm) {
  return createVerifier({
    keys: (accessKeyId) => keys[accessKeyId as keyof typeof keys],
    algorithms: [algorithm],
    now,
    replay: true,
  })
}

/** The order of P-256. @see SEC 2, section 2.4.2 */
const ORDER = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n

/** The second signature that anybody can make from one by ECDSA: r stays, s becomes n - s. */
function twinOf(request: SignedRequest): SignedRequest {
  const { authorization = "" } = request.headers
  const [signature = ""] = authorization.match(/[\da-f]+$/) ?? []
  const rEnd = 8 + Number.parseInt(signature.slice(6, 8), 16) * 2
  const s = BigInt(`0x${signature.slice(rEnd + 4)}`)
  const digits = (ORDER - s).toString(16)
  const even = digits.padStart(digits.length + (digits.length % 2), "0")
  // A DER integer that begins with a set bit would be negative.
  const twin = integer(/^[89a-f]/.test(even) ? `00${even}` : even)
  const both = signature.slice(4, rEnd) + twin
  return {
    ...request,
    headers: { ...request.headers, authorization: authorization.replace(signature, `30${lengthOf(both)}${both}`) },
  }
}

function integer(hex: string): string {
  return `02${lengthOf(hex)}${hex}`
}

function lengthOf(hex: string): string {
  return (hex.length / 2).toString(16).padStart(2, "0")
}

it("accepts either signature of a pair by ECDSA, and the second one only as a replay", () => {
  const verifier = guarded("SDK-ECDSA-P256-SHA256")
  const request = signed({}, { algorithm: "SDK-ECDSA-P256-SHA256" })
  const twin = twinOf(request)
  expect(twin.headers.authorization).not.toBe(request.headers.authorization)
  expect(guarded("SDK-ECDSA-P256-SHA256").verify(twin)).toMatchObject({ ok: true })
  expect(verifier.verify(request)).toMatchObject({ ok: true })
  expect(verifier.verify(twin)).toMatchObject({ code: "SIGNATURE_REPLAYED" })
})

it.each<SigningAlgorithm>(["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3", "SDK-HMAC-SHA256", "SDK-HMAC-SM3"])(
  "by %s: the same request signed again is a replay; another time, body, path or key is none",
  (algorithm) => {
    const verifier = guarded(algorithm)
    const of = (part: Partial<SignedRequest>, later = 0, key = credentials): SignedRequest =>
      signed(part, { algorithm, date: new Date(now() + later) }, key)
    expect(verifier.verify(of({}))).toMatchObject({ ok: true })
    expect(verifier.verify(of({}))).toMatchObject({ code: "SIGNATURE_REPLAYED" })
    for (const other of [
      of({}, 1_000),
      of({ body: "[]" }),
      of({ url: "https://a.example.com/v2?b=1" }),
      of({}, 0, keys.AKOTHER),
    ]) {
      expect(verifier.verify(other)).toMatchObject({ ok: true })
    }
  },
)
