import { inspect } from "node:util"
import { fakeClock } from "@countersign/testkit"
import { afterEach, describe, expect, it, vi } from "vitest"
import { MAX_SIGNED_BODY_BYTES } from "../../src/cloud/body-size.ts"
import type { Credentials } from "../../src/identity/credentials.ts"
import {
  canonicalRequest,
  createSigner,
  type SignableRequest,
  type SignOptions,
  sign,
} from "../../src/signing/signer.ts"
import { failureOf } from "../failure-of.ts"

const credentials: Credentials = { accessKeyId: "AKEXAMPLE", secretAccessKey: "sk/Example+0123" }
const date = new Date("2019-11-15T03:36:55Z")
const request: SignableRequest = {
  method: "GET",
  url: "https://vpc.cn-north-4.myhuaweicloud.com/v1/vpcs?limit=2",
  headers: { accept: "*/*", "content-type": "application/json", "user-agent": "test" },
}

/** The signed headers that a signature names. */
function signedBy(headers: Record<string, string>): string | undefined {
  return /SignedHeaders=([^,]+)/.exec(headers.authorization ?? "")?.[1]
}

function payloadOf(canonical: string): string | undefined {
  return canonical.split("\n").at(-1)
}

afterEach(() => {
  vi.useRealTimers()
})

describe("the headers to set", () => {
  it("are the date and the signature, by lower-case name", () => {
    const headers = sign(request, credentials, { date })
    expect(Object.keys(headers).sort()).toEqual(["authorization", "x-sdk-date"])
    expect(headers["x-sdk-date"]).toBe("20191115T033655Z")
    expect(headers.authorization).toMatch(
      /^SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host;x-sdk-date, Signature=[\da-f]{64}$/,
    )
  })

  it("include the security token of temporary credentials, signed", () => {
    const headers = sign(request, { ...credentials, securityToken: "a-token" }, { date })
    expect(headers["x-security-token"]).toBe("a-token")
    expect(signedBy(headers)).toBe("host;x-sdk-date;x-security-token")
  })

  it("include UNSIGNED-PAYLOAD as the content hash header, signed", () => {
    const options: SignOptions = { date, payloadHash: "UNSIGNED-PAYLOAD" }
    const sha256 = sign({ ...request, body: "x" }, credentials, options)
    expect(sha256["x-sdk-content-sha256"]).toBe("UNSIGNED-PAYLOAD")
    expect(signedBy(sha256)).toBe("host;x-sdk-content-sha256;x-sdk-date")
    const sm3 = sign(request, credentials, { ...options, algorithm: "SDK-HMAC-SM3" })
    expect(sm3["x-sdk-content-sm3"]).toBe("UNSIGNED-PAYLOAD")
    expect(signedBy(sm3)).toBe("host;x-sdk-content-sm3;x-sdk-date")
    expect(payloadOf(canonicalRequest({ ...request, body: "x" }, options))).toBe("UNSIGNED-PAYLOAD")
  })

  it("name the scope of a derived key", () => {
    const options: SignOptions = { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm", date }
    expect(sign(request, credentials, options).authorization).toMatch(
      /^V11-HMAC-SHA256 Credential=AKEXAMPLE\/20191115\/cn-north-4\/iotdm, SignedHeaders=host;x-sdk-date, /,
    )
  })
})

describe("the date", () => {
  it("is the given date, else the request's own, else now", () => {
    const own = { ...request, headers: { "X-Sdk-Date": "20200102T030405Z" } }
    expect(sign(own, credentials, { date })["x-sdk-date"]).toBe("20191115T033655Z")
    expect(sign(own, credentials)["x-sdk-date"]).toBe("20200102T030405Z")
    vi.useFakeTimers({ now: new Date("2021-02-03T04:05:06.789Z") })
    expect(sign(request, credentials)["x-sdk-date"]).toBe("20210203T040506Z")
  })
})

describe("the signed headers", () => {
  const full = {
    ...request,
    headers: {
      ...request.headers,
      "X-Project-Id": "p",
      "X-Domain-Id": "d",
      "X-Security-Token": "t",
      "X-Sdk-Content-Sha256": "UNSIGNED-PAYLOAD",
      "X-Sdk-Content-Sm3": "UNSIGNED-PAYLOAD",
      "X-Stage": "RELEASE",
    },
  }

  it("are those that identify caller and payload, if the request has them", () => {
    expect(signedBy(sign(full, credentials, { date }))).toBe(
      "host;x-domain-id;x-project-id;x-sdk-content-sha256;x-sdk-date;x-security-token",
    )
    expect(signedBy(sign(full, credentials, { date, algorithm: "SDK-HMAC-SM3" }))).toBe(
      "host;x-domain-id;x-project-id;x-sdk-content-sm3;x-sdk-date;x-security-token",
    )
  })

  it("are the chosen ones, in byte order, and always the date", () => {
    expect(signedBy(sign(request, credentials, { signedHeaders: ["User-Agent", "host", "ACCEPT"] }))).toBe(
      "accept;host;user-agent;x-sdk-date",
    )
    expect(signedBy(sign(request, credentials, { signedHeaders: [] }))).toBe("x-sdk-date")
  })

  it("are chosen for each request, whatever another request with the same key chose", () => {
    const signer = createSigner(credentials)
    const chosen = ["host", "accept"]
    const signed = () => signedBy(signer.sign(request, { signedHeaders: chosen }))
    expect(signed()).toBe("accept;host;x-sdk-date")
    chosen[1] = "user-agent"
    expect(signed()).toBe("host;user-agent;x-sdk-date")
    chosen.pop()
    expect(signed()).toBe("host;x-sdk-date")
    expect(signedBy(signer.sign(request))).toBe("host;x-sdk-date")
    expect(signed()).toBe("host;x-sdk-date")
  })

  it("always include the headers that the signature adds, and an UNSIGNED-PAYLOAD of the request", () => {
    const temporary = { ...credentials, securityToken: "a-token" }
    const unsigned = sign(request, temporary, { signedHeaders: ["host"], payloadHash: "UNSIGNED-PAYLOAD" })
    expect(signedBy(unsigned)).toBe("host;x-sdk-content-sha256;x-sdk-date;x-security-token")
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    expect(signedBy(sign({ ...request, headers }, credentials, { signedHeaders: ["host"] }))).toBe(
      "host;x-sdk-content-sha256;x-sdk-date",
    )
  })

  it("include the host that the request names, else the host of its URL", () => {
    const url = "https://user:pw@VPC.example.com:8443/v1"
    expect(canonicalRequest({ method: "GET", url }, { date })).toContain("\nhost:vpc.example.com:8443\n")
    expect(canonicalRequest({ method: "GET", url, headers: { Host: "Other" } }, { date })).toContain("\nhost:Other\n")
  })
})

describe("the payload", () => {
  const known = "a".repeat(64)

  it("is the given hash", () => {
    expect(payloadOf(canonicalRequest({ ...request, body: "x" }, { payloadHash: known }))).toBe(known)
    expect(sign({ ...request, body: "x" }, credentials, { payloadHash: known })).not.toHaveProperty(
      "x-sdk-content-sha256",
    )
  })

  it("is the value of the content hash header, since the gateway uses that", () => {
    const headers = { "x-sdk-content-sha256": "b".repeat(64) }
    expect(payloadOf(canonicalRequest({ ...request, headers, body: "x" }, { payloadHash: known }))).toBe("b".repeat(64))
  })

  it("may have any size when it stays unsigned", () => {
    const body = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    expect(sign({ ...request, body }, credentials, { payloadHash: "UNSIGNED-PAYLOAD" })).toHaveProperty("authorization")
  })
})

describe("a prepared signer", () => {
  it("gives the same headers as sign", () => {
    for (const options of [
      {},
      { algorithm: "SDK-HMAC-SM3" },
      { algorithm: "V11-HMAC-SHA256", region: "globe", service: "iotdm" },
    ] as const) {
      expect(createSigner(credentials, options).sign(request, { date })).toEqual(
        sign(request, credentials, { ...options, date }),
      )
    }
  })

  it("derives a new key when the day changes", () => {
    const options = { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" } as const
    const signer = createSigner(credentials, options)
    for (const day of [date, new Date("2019-11-16T00:00:00Z"), date]) {
      expect(signer.sign(request, { date: day })).toEqual(sign(request, { ...credentials }, { ...options, date: day }))
    }
  })

  it("does not show its secret in inspect or JSON", () => {
    const signer = createSigner(credentials)
    expect(inspect(signer, { depth: 10, showHidden: true }) + JSON.stringify(signer)).not.toContain("sk/Example")
  })
})

describe("credentials that change", () => {
  it("are used with their current values", () => {
    const changing = { ...credentials }
    const before = sign(request, changing, { date })
    expect(sign(request, changing, { date })).toEqual(before)
    changing.secretAccessKey = "another"
    const after = sign(request, changing, { date })
    expect(after).not.toEqual(before)
    expect(after).toEqual(sign(request, { ...changing }, { date }))
    changing.securityToken = "a-token"
    expect(sign(request, changing, { date })["x-security-token"]).toBe("a-token")
    const sm3 = sign(request, changing, { date, algorithm: "SDK-HMAC-SM3" })
    expect(sm3.authorization).toMatch(/^SDK-HMAC-SM3 /)
  })
})

describe("bad credentials", () => {
  it.each([
    ["no AK", { accessKeyId: undefined }],
    ["a blank AK", { accessKeyId: " " }],
    ["an AK with a space", { accessKeyId: "AK EXAMPLE" }],
    ["an AK with a line break at its end", { accessKeyId: "AKEXAMPLE\n" }],
    ["an AK with a control character", { accessKeyId: "AK\0EXAMPLE" }],
    ["an AK that is no text", { accessKeyId: 1 }],
    ["no SK", { secretAccessKey: undefined }],
    ["a blank SK", { secretAccessKey: "\t" }],
    ["an empty security token", { securityToken: "" }],
    ["a security token with a line break", { securityToken: "a\r\nb" }],
    ["an expiry that is no time", { expiresAt: Number.NaN }],
  ])("are refused: %s", (_, part) => {
    const bad = { ...credentials, ...part } as Credentials
    const failure = failureOf(() => sign(request, bad))
    expect(failure).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS" })
    expect(failureOf(() => createSigner(bad))).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS" })
    expect(inspect(failure)).not.toContain(credentials.secretAccessKey)
  })

  it.each([undefined, null, "AK", 1])("are refused: %j", (bad) => {
    expect(failureOf(() => sign(request, bad as unknown as Credentials))).toMatchObject({
      code: "AUTH_INVALID_CREDENTIALS",
    })
  })

  it("are refused once they have expired, by the time of the signature", () => {
    const expiresAt = date.getTime() + 1_000
    expect(sign(request, { ...credentials, expiresAt }, { date })).toHaveProperty("authorization")
    for (const late of [expiresAt, expiresAt + 1]) {
      const failure = failureOf(() => sign(request, { ...credentials, expiresAt }, { date: new Date(late) }))
      expect(failure).toMatchObject({ code: "AUTH_CREDENTIALS_EXPIRED" })
      expect(String(failure)).toContain("2019-11-15T03:36:56.000Z")
    }
    const clock = fakeClock()
    expect(
      failureOf(() => sign(request, { ...credentials, expiresAt: clock.now() - 1 }, { date: new Date(clock.now()) })),
    ).toMatchObject({ code: "AUTH_CREDENTIALS_EXPIRED" })
  })
})

describe("a bad request", () => {
  it.each([
    ["a relative URL", { url: "/v1/vpcs" }],
    ["no URL", { url: undefined }],
    ["a line break in the path", { url: "https://a.example.com/v1\r\nX: y" }],
    ["a line break in the query", { url: "https://a.example.com/v1?a=\n" }],
    ["no method", { method: undefined }],
    ["an empty method", { method: "" }],
    ["a method with a space", { method: "GET /" }],
    ["a method with a line break", { method: "GET\n" }],
    ["a line break in a signed header", { headers: { "x-project-id": "a\r\nb: c" } }],
    ["a line feed at the end of a signed header", { headers: [["X-Domain-Id", "a\n"]] }],
    ["a line break in the host", { headers: { Host: "a\nb" } }],
    ["an x-sdk-date that is none", { headers: { "x-sdk-date": "2019-11-15T03:36:55Z" } }],
    [
      "two x-sdk-dates",
      {
        headers: [
          ["x-sdk-date", "20191115T033655Z"],
          ["X-Sdk-Date", "20191115T033655Z"],
        ],
      },
    ],
  ])("is refused: %s", (_, part) => {
    const bad = { ...request, ...part } as SignableRequest
    expect(failureOf(() => sign(bad, credentials))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
    expect(failureOf(() => canonicalRequest(bad))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
  })

  it("is refused when it lacks a header to sign", () => {
    const failure = failureOf(() => sign(request, credentials, { signedHeaders: ["host", "X-Stage"] }))
    expect(failure).toMatchObject({ code: "AUTH_INVALID_REQUEST", message: expect.stringContaining("x-stage") })
  })

  it("is refused with more than 12 MB of body, hashed or not", () => {
    const body = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    for (const payloadHash of [undefined, "a".repeat(64)]) {
      expect(failureOf(() => sign({ ...request, body }, credentials, { payloadHash }))).toMatchObject({
        code: "AUTH_BODY_TOO_LARGE",
      })
    }
  })

  it("is refused with a body that is neither text nor bytes", () => {
    const body = { a: 1 } as unknown as string
    expect(failureOf(() => sign({ ...request, body }, credentials))).toMatchObject({ code: "AUTH_BODY_UNSIGNABLE" })
  })
})

describe("bad options", () => {
  it.each([
    ["an unknown algorithm", { algorithm: "AWS4-HMAC-SHA256" }],
    ["the name of what every object has", { algorithm: "constructor" }],
    ["an invalid date", { date: new Date(Number.NaN) }],
    ["a date that is a text", { date: "20191115T033655Z" }],
    ["a date that is a number", { date: 1_573_789_015_000 }],
    ["V11 without region", { algorithm: "V11-HMAC-SHA256", service: "iotdm" }],
    ["V11 without service", { algorithm: "V11-HMAC-SHA256", region: "cn-north-4" }],
    ["a payload hash that is none", { payloadHash: "abc" }],
    ["a payload hash in upper case", { payloadHash: "A".repeat(64) }],
    ["signed headers that are no list", { signedHeaders: "host" }],
    ["a signed header that is no name", { signedHeaders: ["host;x"] }],
    ["a signature that signs itself", { signedHeaders: ["Authorization"] }],
  ])("are refused: %s", (_, options) => {
    expect(failureOf(() => sign(request, credentials, options as SignOptions))).toMatchObject({
      code: "AUTH_INVALID_OPTION",
    })
  })
})

describe("an argument of the caller", () => {
  it("is not changed", () => {
    const given = {
      ...request,
      headers: Object.freeze({ "X-Project-Id": " p " }),
      url: Object.freeze(new URL(String(request.url))),
    }
    const options = Object.freeze({ date, signedHeaders: Object.freeze(["x-project-id", "host"]) })
    sign(Object.freeze(given), Object.freeze({ ...credentials }), options)
    expect(options.signedHeaders).toEqual(["x-project-id", "host"])
  })
})
