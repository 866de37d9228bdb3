import { describe, expect, it } from "vitest"
import { hasOwnSecrets, staysAtOrigin } from "../../src/engine/send-secrets.ts"

/** Headers that callers set by hand, in addition to those of this library. */
const SECRET = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "host",
  "x-auth-token",
  "x-subject-token",
  "x-security-token",
  "x-service-token",
  "x-storage-token",
  "x-metadata-token",
  "x-obs-security-token",
  "x-auth-key",
  "x-apig-appcode",
  "x-hw-appkey",
  "x-sdk-date",
  "x-sdk-content-sha256",
  "x-sdk-anything",
]
/** Headers that must follow the redirect. */
const HARMLESS = [
  "accept",
  "x-project-id",
  "x-domain-id",
  "x-language",
  "x-request-id",
  "x-metadata-token-ttl-seconds",
  "x-idempotency-key",
  "x-api-key",
  "x-token",
  "x-csrf-token",
  "x-xsrf-token",
  "token",
  "x-sdk-",
  "x-authorization-mode",
]

describe("a header", () => {
  it.each(SECRET)("%s stays behind", (name) => expect(staysAtOrigin(name)).toBe(true))

  it.each(HARMLESS)("%s follows the redirect", (name) => expect(staysAtOrigin(name)).toBe(false))
})

it("headers hold secrets if clients would send one of them after a redirect", () => {
  expect(hasOwnSecrets({ accept: "*/*", "x-subject-token": "t" })).toBe(true)
  expect(hasOwnSecrets({ authorization: "a", cookie: "c", host: "h", "x-mine": "1" })).toBe(false)
  expect(hasOwnSecrets({})).toBe(false)
})
