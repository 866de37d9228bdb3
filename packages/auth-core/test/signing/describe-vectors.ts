import { describe, expect, it } from "vitest"
import { hashHex } from "#digest"
import { algorithmOf } from "../../src/signing/keyed-algorithm.ts"
import type { VerifyResult } from "../../src/signing/received-signature.ts"
import { parseSdkDate } from "../../src/signing/server-time.ts"
import { canonicalRequest, sign } from "../../src/signing/signer.ts"
import { stringToSignStart } from "../../src/signing/string-to-sign.ts"
import { type VerifyOptions, verify } from "../../src/signing/verify.ts"
import { oneByteChanged } from "./one-byte-changed.ts"
import { type Vector, vectors } from "./vectors.ts"

/**
 * The tests of every vector, for any digest.
 *
 * @param everyChange which of the changes by one byte are tried: 1 for all
 */
export function describeVectors(digest: string, everyChange: number): void {
  describe(`the vectors, on the digest of ${digest}`, () => {
    it("are 531", () => {
      expect(vectors).toHaveLength(531)
    })

    it.each(vectors)("$name: canonical request, string to sign and signature are the agreed ones", (vector) => {
      const { request, credentials, options, algorithm } = vector
      const canonical = canonicalRequest(request, options)
      expect(canonical).toBe(vector.canonicalRequest)
      const { hash, createKey } = algorithmOf({ algorithm })
      const key = createKey({ ...credentials, ...options, hash })(dateOf(vector))
      const stringToSign = stringToSignStart(algorithm, dateOf(vector), key) + hashHex(hash, canonical)
      expect(stringToSign).toBe(vector.stringToSign)
      expect(key.sign(stringToSign)).toBe(vector.signature)
      expect(sign(request, credentials, options)).toMatchObject({
        "x-sdk-date": dateOf(vector),
        authorization: vector.authorization,
      })
    })

    it("are accepted", async () => {
      for (const vector of vectors) {
        expect(await verdict(vector), vector.name).toEqual({
          ok: true,
          accessKeyId: vector.credentials.accessKeyId,
          signedHeaders: vector.signedHeaders.split(";"),
          signedAt: parseSdkDate(dateOf(vector)),
          signature: vector.signature,
        })
      }
    })

    it("are refused by default where they leave out Host, which are 4, or the payload, which are 24", async () => {
      const refusals: string[] = []
      for (const vector of vectors) {
        const result = await verdict(vector, {})
        if (!result.ok) refusals.push(result.code)
      }
      expect(refusals.filter((code) => code === "HOST_UNSIGNED")).toHaveLength(4)
      expect(refusals.filter((code) => code === "PAYLOAD_UNSIGNED")).toHaveLength(24)
      expect(refusals).toHaveLength(28)
    })

    it("are refused with any one byte changed", async () => {
      const accepted: string[] = []
      let changes = 0
      for (const vector of vectors) {
        for (const [what, changed] of oneByteChanged(vector)) {
          changes++
          if (changes % everyChange > 0) continue
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

const lacksHost = ({ signedHeaders }: Vector): boolean => !signedHeaders.split(";").includes("host")
const lacksPayload = ({ canonicalRequest }: Vector): boolean => canonicalRequest.endsWith("\nUNSIGNED-PAYLOAD")

/** Verifies at the time of the signature, even if the date was changed. Admits unsigned parts if the vector has them. */
function verdict(
  vector: Vector,
  allowed: Pick<VerifyOptions, "allowUnsignedHost" | "allowUnsignedPayload"> = {
    allowUnsignedHost: lacksHost(vector),
    allowUnsignedPayload: lacksPayload(vector),
  },
): Promise<VerifyResult> {
  const { request, credentials, authorization } = vector
  const headers: [string, string][] = [...request.headers, ["Authorization", authorization]]
  return verify(
    { ...request, headers },
    {
      secretFor: async (accessKeyId) => (accessKeyId === credentials.accessKeyId ? credentials : undefined),
      now: () => parseSdkDate(dateOf(vector)) ?? 0,
      ...allowed,
    },
  )
}
