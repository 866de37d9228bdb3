import { shown } from "@countersign/testkit"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { explain } from "../../src/explain.ts"
import { canonicalRequest, sign } from "../../src/signing/signer.ts"

const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const KEY_FAULTS = /^(?:wrong-secret-key|secret-key-|security-token-missing|wrong-credential-scope|clock-skew)/

const REQUEST = {
  method: "POST",
  url: "https://x.example.com/v1/a%20b/c?limit=10&tag=x&tag=y",
  body: '{"a":[1,2],"b":"c"}',
  headers: { "content-type": "application/json", "x-project-id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9" },
}
const NAMES = ["content-type", "host", "x-project-id", "x-sdk-date"]
const { authorization = "", ...added } = sign(REQUEST, KEY, { signedHeaders: NAMES, date: new Date(0) })
const unsignedHeaders = { ...REQUEST.headers, ...added }
const signed = { ...REQUEST, headers: { ...unsignedHeaders, authorization } }
const TEXT = canonicalRequest({ ...signed, headers: unsignedHeaders }, { signedHeaders: NAMES }).replaceAll("\n", "|")

function refusal(canonical: string) {
  const error_msg = `Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:${canonical}`
  return { status: 401, body: JSON.stringify({ error_code: "APIGW.0301", error_msg }) }
}

describe("explain with any input", () => {
  it("does not blame the key when a single character differs", () => {
    const characters = fc.constantFrom(..."abcxyzABC019%/.-_=&:;| ")
    fc.assert(
      fc.property(fc.nat(TEXT.length - 1), characters, (at, character) => {
        const changed = TEXT.slice(0, at) + character + TEXT.slice(at + 1)
        fc.pre(changed !== TEXT)
        const { cause } = explain(refusal(changed), { request: signed, credentials: KEY })
        expect(cause).not.toMatch(KEY_FAULTS)
      }),
      { numRuns: 400 },
    )
  })

  it("does not blame the key when a part is lost", () => {
    fc.assert(
      fc.property(fc.nat(TEXT.length - 1), fc.integer({ min: 1, max: 40 }), (at, length) => {
        const changed = TEXT.slice(0, at) + TEXT.slice(at + length)
        // A text without the blank line is the same text in another form.
        fc.pre(changed !== TEXT.replace("||", "|"))
        const { cause } = explain(refusal(changed), { request: signed })
        expect(cause).not.toMatch(KEY_FAULTS)
      }),
      { numRuns: 400 },
    )
  })

  it("never throws on a text", () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string().map((text) => `canonicalRequest:${text}`),
      fc.json(),
    )
    fc.assert(
      fc.property(texts, fc.option(fc.integer({ min: 100, max: 599 }), { nil: undefined }), (body, status) => {
        const explanation = explain(status === undefined ? body : { status, body }, { request: signed })
        expect(String(explanation)).toContain("fix")
      }),
      { numRuns: 400 },
    )
  })

  it("never throws on a value", async () => {
    await fc.assert(
      fc.asyncProperty(fc.anything({ withNullPrototype: true, withTypedArray: true }), async (value) => {
        expect(String(await explain(value))).toContain("fix")
        expect(String(await explain({ status: 401, headers: value, body: value }))).toContain("fix")
        expect(String(await explain({ response: value, request: value, config: value, options: value }))).toContain(
          "fix",
        )
      }),
      { numRuns: 500 },
    )
  })

  it("never throws on a value that throws", async () => {
    const hostile = new Proxy(
      {},
      {
        get() {
          throw new Error("no")
        },
        has: () => true,
      },
    )
    for (const value of [hostile, { response: hostile }, { status: 401, headers: hostile, body: hostile }]) {
      expect(String(await explain(value))).toContain("fix")
    }
  })

  const throwing = (): never => {
    throw new Error("no")
  }
  const traps = { get: throwing, has: throwing, ownKeys: throwing, getPrototypeOf: throwing }
  const hostile = new Proxy({}, traps)

  it.each<[string, unknown]>([
    ["a Proxy", hostile],
    ["a Proxy of bytes", { status: 401, body: new Proxy(new Uint8Array(1), {}) }],
    ["a symbol for its status", { status: Symbol("401") }],
    ["a status that throws", { status: { toString: throwing } }],
    [
      "a cause that is itself",
      Object.defineProperty(new Error("x"), "cause", {
        get(this: Error) {
          return this
        },
      }),
    ],
    ["a body whose text is none", { status: 401, body: { text: () => 5 } }],
    ["a body whose text is a promise of none", { status: 401, body: { text: async () => undefined } }],
    ["a body that throws", { status: 401, body: { text: throwing } }],
    ["a body that rejects", { status: 401, body: { text: () => Promise.reject(new Error("no")) } }],
    [
      "a body whose pieces are none",
      {
        status: 401,
        body: {
          text: throwing,
          async *[Symbol.asyncIterator]() {
            yield 5
          },
        },
      },
    ],
    [
      "a body that is cyclic",
      Object.defineProperty({ status: 401 }, "body", {
        get(this: object) {
          return this
        },
      }),
    ],
  ])("never throws on %s", async (_, value) => {
    expect(String(await explain(value))).toContain("fix")
  })

  it.each<[string, unknown]>([
    ["null", null],
    ["a number", 5],
    ["a text", "x"],
    ["a Proxy", hostile],
    ["no request", { request: null }],
    ["a Proxy for a request", { request: hostile }],
    ["a request of other types", { request: { method: 5, url: {}, headers: 5, body: Symbol("x") } }],
    [
      "headers of other types",
      { request: { method: "GET", url: "https://a/", headers: { a: null, b: {}, c: Symbol("c") } } },
    ],
    ["a Proxy for headers", { request: { method: "GET", url: "https://a/", headers: hostile } }],
    ["a Proxy for a body", { request: { method: "POST", url: "https://a/", body: new Proxy(new Uint8Array(9), {}) } }],
    ["no credentials", { credentials: null }],
    ["credentials of other types", { credentials: { secretAccessKey: 5, securityToken: {} } }],
    ["an auth that throws", { auth: { refusedRequest: throwing } }],
    ["an auth that keeps a number", { auth: { refusedRequest: () => 5 } }],
    ["a Proxy for an auth", { auth: hostile }],
    ["a time that is none", { receivedAt: "x" }],
    ["deep JSON", { request: { ...signed, body: `${"[".repeat(20_000)}${"]".repeat(20_000)}` } }],
  ])("never throws with %s in its context", async (_, context) => {
    const body = JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: `verify aksk signature fail, canonicalRequest: ${TEXT}`,
      request_id: "r1",
    })
    const unknown = JSON.stringify({ error_code: "APIGW.0301", error_msg: "ak X not exist", request_id: "r1" })
    for (const refused of [{ status: 401, body }, { status: 401, body: unknown }, new Error("x"), body]) {
      expect(String(await explain(refused, context as never))).toContain("fix")
    }
  })

  it("shows no secret, wherever it occurs", () => {
    const secret = fc.stringMatching(/^[A-Za-z0-9+/]{24,400}$/)
    fc.assert(
      fc.property(secret, fc.nat(5), fc.boolean(), (value, place, isShown) => {
        const credentials = { ...KEY, securityToken: value }
        const headers = {
          "x-security-token": value,
          "x-auth-token": value,
          authorization: `Bearer ${value}`,
          cookie: value,
        }
        const request = {
          ...REQUEST,
          url: `${REQUEST.url}&access_token=${value}`,
          headers: { ...REQUEST.headers, ...headers },
        }
        const canonical = `GET|/v1/|access_token=${value}|host:h|x-security-token:${value}||host;x-security-token|${"0".repeat(64)}`
        const messages = [
          `decrypt token fail: ${value}`,
          `verify aksk signature fail, canonicalRequest:${canonical}`,
          `ak ${KEY.accessKeyId} not exist, token ${value}`,
          `${value}`,
          JSON.stringify(headers),
          `verify aksk signature fail ${KEY.secretAccessKey}`,
        ]
        const body = JSON.stringify({ error_code: "APIGW.0301", error_msg: messages[place], request_id: value })
        const explanation = explain({ status: 401, body }, isShown ? { request, credentials } : { request })
        const text = shown(explanation) + explanation
        expect(text).not.toContain(value)
        if (isShown || place !== 5) expect(text).not.toContain(KEY.secretAccessKey)
      }),
      { numRuns: 300 },
    )
  })
})
