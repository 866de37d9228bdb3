import { expect, it } from "vitest"
import { sign } from "../../src/signing/signer.ts"
import { describeVectors } from "./describe-vectors.ts"
import { workedExample } from "./vectors.ts"

it("the worked example of the signing guide gives the published signature", () => {
  const { request, credentials, options } = workedExample
  expect(sign(request, credentials, options)).toEqual({
    "x-sdk-date": "20191115T033655Z",
    authorization:
      "SDK-HMAC-SHA256 Access=QTWAOYTTINDUT2QVKYUC, SignedHeaders=content-type;host;x-sdk-date, Signature=7be6668032f70418fcc22abc52071e57aff61b84a1d2381bb430d6870f4f6ebe",
  })
})

describeVectors("Node", 1)
