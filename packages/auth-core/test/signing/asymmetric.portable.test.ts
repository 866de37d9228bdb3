import { readFileSync } from "node:fs"
import { expect, it, vi } from "vitest"
import "../../src/p256.ts"
import "../../src/sm2.ts"
import { parseAuthorization } from "../../src/signing/authorization.ts"
import { sign } from "../../src/signing/signer.ts"
import { verify } from "../../src/signing/verify.ts"

// The `#digest` of runtimes without node:crypto, and the newest release of the curves.
vi.mock("#digest", () => import("../../src/digest/portable.ts"))
vi.mock("@noble/curves/nist.js", () => import("noble-curves-2/nist.js"))

const file = new URL("../vectors/asymmetric.json", import.meta.url)
const { keys, requests } = JSON.parse(readFileSync(file, "utf8")) as {
  keys: { accessKeyId: string; secretAccessKey: string }[]
  requests: {
    algorithm: "SDK-ECDSA-P256-SHA256" | "SDK-SM2-SM3"
    method: string
    url: string
    headers: Record<string, string>
    payloadHash: string
    authorization: string
    rfc6979?: string
  }[]
}
const [{ accessKeyId = "", secretAccessKey = "" } = {}] = keys

it.each(requests)("signs and verifies $algorithm $method in browsers and workers", async (vector) => {
  const { algorithm, method, url, payloadHash, rfc6979 } = vector
  const key = { accessKeyId, secretAccessKey }
  const signedHeaders = parseAuthorization(vector.authorization)?.signedHeaders
  const { authorization = "" } = sign(vector, key, { algorithm, signedHeaders, payloadHash })
  if (rfc6979 !== undefined) expect(authorization.endsWith(`Signature=${rfc6979}`)).toBe(true)

  const headers = sign({ method, url, body: "text" }, key, { algorithm })
  const secretFor = (): typeof key => key
  expect(await verify({ method, url, headers, body: "text" }, { secretFor })).toMatchObject({ ok: true })
  expect(await verify({ method, url, headers, body: "texts" }, { secretFor })).toMatchObject({ ok: false })
})
