import { expect, it, vi } from "vitest"
import { verify } from "../../src/signing/verify.ts"

// The `#digest` of runtimes without node:crypto. It has no SM3 until an entry adds it.
vi.mock("#digest", () => import("../../src/digest/portable.ts"))

it("calls a malformed signature malformed, whatever the hash", async () => {
  const authorization = "SDK-HMAC-SM3 Access=AK, SignedHeaders=host;x-sdk-date, Signature=0"
  const headers = { host: "a.example.com", "x-sdk-date": "20191115T033655Z", authorization }
  const request = { method: "GET", url: "https://a.example.com/", headers }
  expect(await verify(request, { secretFor: () => undefined })).toMatchObject({ code: "SIGNATURE_MALFORMED" })
})

it.each([undefined, "{}"])("refuses a signature whose hash the runtime lacks: body %j", async (body) => {
  const authorization = `SDK-HMAC-SM3 Access=AK, SignedHeaders=host;x-sdk-date, Signature=${"0".repeat(64)}`
  const headers = { host: "a.example.com", "x-sdk-date": "20191115T033655Z", authorization }
  const verdict = await verify(
    { method: "POST", url: "https://a.example.com/", headers, body },
    { secretFor: () => ({ secretAccessKey: "sk" }), now: () => Date.UTC(2019, 10, 15, 3, 36, 55) },
  )
  expect(verdict).toMatchObject({ ok: false, code: "ALGORITHM_UNSUPPORTED", message: expect.stringContaining("sm3") })
})
