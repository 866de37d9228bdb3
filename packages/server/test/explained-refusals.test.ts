import { type Cause, explain } from "@countersign/auth-core/explain"
import { describe, expect, it } from "vitest"
import { createRefusals, type RefusalCode, type RefusalFormat } from "../src/refusal.ts"

/** The cause that `explain` finds, by code. */
const CAUSES: Readonly<Record<RefusalCode, Cause>> = {
  SIGNATURE_MISSING: "credentials-not-sent",
  CREDENTIALS_MISSING: "credentials-not-sent",
  SIGNATURE_MALFORMED: "credentials-refused",
  REQUEST_AMBIGUOUS: "bad-request",
  ALGORITHM_UNSUPPORTED: "wrong-algorithm",
  ALGORITHM_NOT_ALLOWED: "wrong-algorithm",
  SCOPE_NOT_ALLOWED: "wrong-credential-scope",
  HOST_UNSIGNED: "signed-headers-changed",
  SIGNATURE_EXPIRED: "clock-skew",
  ACCESS_KEY_UNKNOWN: "access-key-unknown",
  ACCESS_KEY_EXPIRED: "access-key-unknown",
  ACCESS_KEY_LOCKED: "access-key-locked",
  SECURITY_TOKEN_INVALID: "security-token-missing",
  PAYLOAD_UNSIGNED: "payload-unsigned",
  PAYLOAD_MISMATCH: "body-changed",
  BODY_TOO_LARGE: "body-too-large",
  SIGNATURE_REPLAYED: "signature-stale",
  SIGNATURE_MISMATCH: "signature-mismatch",
  TOKEN_INVALID: "token-invalid",
  TOKEN_EXPIRED: "token-expired",
  TOKEN_FORBIDDEN: "permission-denied",
  KEY_SOURCE_FAILED: "service-unavailable",
  TOKEN_SOURCE_FAILED: "service-unavailable",
  REPLAY_STORE_FAILED: "service-unavailable",
  TOKEN_POLICY_FAILED: "service-unavailable",
  LOCK_OUT_FAILED: "service-unavailable",
}

describe.each<RefusalFormat>(["gateway", "problem"])("the reason of a refusal in the form %s", (format) => {
  const refuse = createRefusals(format, "SDK-HMAC-SHA256")

  it.each(Object.entries(CAUSES) as [RefusalCode, Cause][])("is known to explain: %s", (code, cause) => {
    const { status, headers, body } = refuse({ code, message: "the words of this refusal" })
    expect(explain({ status, headers, body })).toMatchObject({
      cause,
      refusal: { status, errorMessage: expect.stringContaining("the words of this refusal") },
    })
    expect(explain(body)).toMatchObject({ cause })
  })

  it("is compared with the request where the service shows what it computed", () => {
    const canonicalRequest = "PUT\n/v1/\n\nhost:a.example.com\nx-sdk-date:20191115T033655Z\n\nhost;x-sdk-date\nabc"
    const { status, headers, body } = refuse({
      code: "SIGNATURE_MISMATCH",
      message: "verify aksk signature fail",
      canonicalRequest,
    })
    const request = { method: "POST", url: "https://a.example.com/v1", headers: { "x-sdk-date": "20191115T033655Z" } }
    expect(explain({ status, headers, body }, { request })).toMatchObject({ cause: "method-changed" })
  })
})
