import fc from "fast-check"
import { expect, it } from "vitest"
import { sign } from "../../src/signing/signer.ts"
import { verify } from "../../src/signing/verify.ts"

/** Characters that a URL may hold anywhere. Control characters cannot be sent. */
const anything = fc.string({ unit: "binary", maxLength: 30 }).filter((text) => !/\p{Cc}/u.test(text))
const headerName = fc.oneof(
  fc.constantFrom("host", "x-domain-id", "x-project-id", "Content-Type", "X-Stage"),
  fc.string({ unit: fc.constantFrom(..."abcXYZ-_019"), minLength: 1, maxLength: 12 }),
)
const headers = fc.uniqueArray(fc.tuple(headerName, anything), {
  selector: ([name]) => name.toLowerCase(),
  maxLength: 6,
})

const arbitrary = fc.record({
  method: fc.constantFrom("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "PROPFIND"),
  host: fc.webAuthority({ withPort: true, withIPv4: true, withIPv6: true, withUserInfo: true }),
  path: anything.map((text) => `/${text}`),
  query: fc.option(anything, { nil: undefined }),
  headers,
  body: fc.oneof(fc.constant(null), fc.string({ unit: "binary" }), fc.uint8Array()),
  accessKeyId: fc.string({ unit: fc.constantFrom(..."ABC123"), minLength: 1, maxLength: 40 }),
  secretAccessKey: fc.string({ unit: fc.constantFrom(..."abc+/=é你"), minLength: 1, maxLength: 100 }),
  securityToken: fc.option(fc.base64String({ minLength: 4 }), { nil: undefined }),
  date: fc.date({ min: new Date(0), max: new Date("9999-12-31"), noInvalidDate: true }),
  algorithm: fc.constantFrom("SDK-HMAC-SHA256", "SDK-HMAC-SM3", "V11-HMAC-SHA256"),
  payloadHash: fc.constantFrom(undefined, "UNSIGNED-PAYLOAD"),
  signsAll: fc.boolean(),
})

it("verify accepts every signature of sign: any URL, headers, body, key and algorithm", async () => {
  await fc.assert(
    fc.asyncProperty(arbitrary, async (given) => {
      const { method, host, path, query, headers, body, accessKeyId, secretAccessKey, securityToken, date } = given
      const url = `https://${host}${path}${query === undefined ? "" : `?${query}`}`
      const credentials = { accessKeyId, secretAccessKey, securityToken }
      const signature = sign({ method, url, headers, body }, credentials, {
        date,
        algorithm: given.algorithm,
        payloadHash: given.payloadHash,
        signedHeaders: given.signsAll ? headers.map(([name]) => name) : undefined,
        region: "cn-north-4",
        service: "iotdm",
      })
      const sent: [string, string][] = [...headers, ...Object.entries(signature)]
      const options = {
        secretFor: async () => credentials,
        now: () => date.getTime(),
        allowUnsignedHost: given.signsAll,
        allowUnsignedPayload: given.payloadHash === "UNSIGNED-PAYLOAD",
      }
      const verdict = await verify({ method, url, headers: sent, body }, options)
      expect(verdict).toMatchObject({ ok: true, accessKeyId, signedAt: Math.floor(date.getTime() / 1000) * 1000 })
      const other = { ...options, secretFor: async () => ({ ...credentials, secretAccessKey: `${secretAccessKey}x` }) }
      expect(await verify({ method, url, headers: sent, body }, other)).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    }),
    { numRuns: 500 },
  )
})
