import { describe, expect, it } from "vitest"
import { hashHex } from "#digest"
import { traitsOf } from "../../src/signing/algorithm.ts"
import { canonicalRequest } from "../../src/signing/canonical-request.ts"
import { parseSdkDate } from "../../src/signing/parse-sdk-date.ts"
import { sign } from "../../src/signing/sign.ts"
import { stringToSign } from "../../src/signing/string-to-sign.ts"
import { type VerifyResult, verify } from "../../src/signing/verify.ts"
import { oneByteChanged } from "./one-byte-changed.ts"
import { type Vector, vectors } from "./vectors.ts"

/** What holds for every vector, whichever digest is at work. */
export function describeVectors(digest: string): void {
  describe(`the vectors, on the digest of ${digest}`, () => {
    it("are 531", () => {
      expect(vectors).toHaveLength(531)
    })

    it.each(vectors)("$name: canonical request, string to sign and signature are the agreed ones", (vector) => {
      const { request, credentials, options, algorithm } = vector
      const canonical = canonicalRequest(request, options)
      expect(canonical).toBe(vector.canonicalRequest)
      const hash = hashHex(traitsOf(algorithm).hash, canonical)
      expect(stringToSign(algorithm, dateOf(vector), scopeOf(vector)) + hash).toBe(vector.stringToSign)
      expect(sign(request, credentials, options)).toMatchObject({
        "x-sdk-date": dateOf(vector),
        authorization: vector.authorization,
      })
    })

    it("are accepted", async () => {
      for (const vector of vectors) {
        const { accessKeyId } = vector.credentials
        expect(await verdict(vector), vector.name).toEqual({ ok: true, accessKeyId })
      }
    })

    it("are refused with any one byte changed", async () => {
      const accepted: string[] = []
      let changes = 0
      for (const vector of vectors) {
        for (const [what, changed] of oneByteChanged(vector)) {
          changes++
          if ((await verdict(changed)).ok) accepted.push(`${vector.name}: ${what}`)
        }
      }
      expect(accepted).toEqual([])
      expect(changes).toBeGreaterThan(100_000)
    }, 60_000)
  })
}

function dateOf({ sentHeaders }: Vector): string {
  return sentHeaders["X-Sdk-Date"] ?? ""
}

function scopeOf(vector: Vector): string | undefined {
  const { region, service } = vector.options
  return region === undefined ? undefined : `${dateOf(vector).slice(0, 8)}/${region}/${service}`
}

/** At the time of the signature, whatever the date was changed to. */
function verdict(vector: Vector): Promise<VerifyResult> {
  const { request, credentials, authorization } = vector
  const headers: [string, string][] = [...request.headers, ["Authorization", authorization]]
  return verify(
    { ...request, headers },
    {
      secretFor: async (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined),
      now: () => parseSdkDate(dateOf(vector)) ?? 0,
      maxSkewMs: Number.POSITIVE_INFINITY,
    },
  )
}
