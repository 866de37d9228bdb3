import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createSignatureReader } from "../../src/signing/received-signature.ts"
import { parseSdkDate } from "../../src/signing/server-time.ts"
import { type SignOptions, sign } from "../../src/signing/signer.ts"
import { createVerifyingKey } from "../../src/signing/verifying-key.ts"

const credentials = { accessKeyId: "AK", secretAccessKey: "sk" }
const keys = [createVerifyingKey("AK", "sk")]
const url = "https://a.example.com/v1?b=1"
const DATE = "20191115T033655Z"

function signed(options: SignOptions = {}, headers: Record<string, string> = {}) {
  const request = { method: "GET", url, headers: { "x-sdk-date": DATE, ...headers } }
  const all: Record<string, string> = { ...request.headers, ...sign(request, credentials, options) }
  return { ...request, headers: all }
}

const FORMS: readonly SignOptions[] = [
  {},
  { algorithm: "SDK-HMAC-SM3" },
  { algorithm: "V11-HMAC-SHA256", region: "r1", service: "ecs" },
  { scoped: true, region: "r1", service: "ecs" },
  { signedHeaders: ["host", "x-nonce"] },
]
const requests = FORMS.map((form) => signed(form, { "x-nonce": "1" }))

type Reader = ReturnType<typeof createSignatureReader>

/** The verdict on a request, and what its signature says. */
function verdictOf(read: Reader, request: ReturnType<typeof signed>, scoped = true) {
  const received = read(request, scoped)
  if (received.ok === false) return received
  const { algorithm, accessKeyId, region, service, signedHeaders, signedAt, signature, isHostSigned } = received
  const refusal = received.refuseSignature(keys, received.hashOf(undefined))
  return { refusal, algorithm, accessKeyId, region, service, signedHeaders, signedAt, signature, isHostSigned }
}

/** A text with a piece of it replaced. */
function changed(text: string): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.string({ maxLength: 3 }),
    fc.constantFrom("Signature=", ", Signature=", "AK", "f", "F", ";"),
  )
  return fc
    .tuple(fc.nat(text.length), fc.nat(3), piece)
    .map(([at, length, given]) => text.slice(0, at) + given + text.slice(at + length))
}

describe("a reader that knows its clients", () => {
  it("reads no unsigned header that an earlier request signed", () => {
    const warm = createSignatureReader()
    const [request] = requests
    if (request === undefined) throw new Error("There is no request.")
    const noted = { ...request, headers: { ...request.headers, "x-note": "1" } }
    const { headers } = noted
    const signedNote = {
      ...noted,
      headers: { ...headers, ...sign(noted, credentials, { signedHeaders: ["host", "x-note", "x-sdk-date"] }) },
    }
    expect(verdictOf(warm, signedNote as typeof request)).toHaveProperty("refusal", undefined)
    const malformed = { ...request, headers: { ...request.headers, "x-note": "a\r\n b" } }
    for (const read of [warm, createSignatureReader()])
      expect(verdictOf(read, malformed)).toHaveProperty("refusal", undefined)
  })

  it("answers as one that knows nobody, whatever is changed", () => {
    const warm = createSignatureReader()
    for (const request of [...requests, ...requests])
      expect(verdictOf(warm, request)).toHaveProperty("refusal", undefined)
    const change = fc.constantFrom(...requests).chain((request) => {
      const { authorization = "" } = request.headers
      return fc.record({
        request: fc.constant(request),
        authorization: fc.oneof(fc.constant(authorization), changed(authorization)),
        date: fc.oneof(fc.constant(DATE), changed(DATE)),
        before: fc.constantFrom(...requests),
        scoped: fc.boolean(),
      })
    })
    fc.assert(
      fc.property(change, ({ request, authorization, date, before, scoped }) => {
        // The client of the last right signature is found in another way.
        verdictOf(warm, before)
        const sent = { ...request, headers: { ...request.headers, authorization, "x-sdk-date": date } }
        expect(verdictOf(warm, sent, scoped)).toEqual(verdictOf(createSignatureReader(), sent, scoped))
      }),
      { numRuns: 2_000 },
    )
  })

  it("reads each date as the signer does", () => {
    const read = createSignatureReader()
    const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), minLength: 2, maxLength: 2 })
    const time = fc
      .tuple(
        fc.constantFrom("20191115", "20200229", "20190229", "00000101", "99991231", "20191301"),
        digits,
        digits,
        digits,
      )
      .map(([day, hour, minute, second]) => `${day}T${hour}${minute}${second}Z`)
    fc.assert(
      fc.property(fc.oneof(time, changed(DATE)), (date) => {
        const { headers, ...request } = signed()
        const received = read({ ...request, headers: { ...headers, "x-sdk-date": date } })
        const found = received.ok === undefined ? received.signedAt : undefined
        expect(found).toBe(/[\r\n]/.test(date) ? undefined : parseSdkDate(date.trim()))
      }),
      { numRuns: 2_000 },
    )
  })
})
