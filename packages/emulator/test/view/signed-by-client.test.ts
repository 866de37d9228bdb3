import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import { request } from "node:http"
import { type SignOptions, sign } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import type { RequestDetail } from "../../src/view/record.ts"
import { independentHeaders } from "../independent-signature.ts"
import { ask, askSigned, runningEmulator } from "../running-emulator.ts"

interface Sent {
  method?: string
  path?: string
  body?: string
  /** `undefined` drops one that was signed. */
  headers?: Record<string, string | undefined>
}

/** Signs one request and sends another. Returns the check. */
async function check(
  signed: Sent,
  sent: Sent,
  secretAccessKey?: string,
  options: SignOptions = {},
): Promise<RequestDetail["check"]> {
  return (await detail(signed, sent, secretAccessKey, options)).check
}

async function detail(
  signed: Sent,
  sent: Sent,
  secretAccessKey?: string,
  options: SignOptions = {},
): Promise<RequestDetail> {
  const { url, accounts } = await runningEmulator({ ui: true })
  const { credentials } = accounts.partner.user
  const { method = "GET", path = "/v1/x", body, headers = {} } = signed
  const signature = sign(
    { method, url: url + path, headers: defined(headers), body: body ?? null },
    secretAccessKey === undefined ? credentials : { ...credentials, secretAccessKey },
    { signedHeaders: ["host", "x-sdk-date", ...Object.keys(headers)], ...options },
  )
  await send(
    url + (sent.path ?? path),
    sent.method ?? method,
    defined({ ...headers, ...signature, ...sent.headers }),
    sent.body ?? body,
  )
  return (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
}

function defined(headers: Record<string, string | undefined>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
}

/** Uses node:http, which sends the path unchanged. */
function send(url: string, method: string, headers: Record<string, string>, body = ""): Promise<void> {
  const { hostname, port, origin } = new URL(url)
  return new Promise((resolve, reject) => {
    const length = { "content-length": String(Buffer.byteLength(body)) }
    const path = url.slice(origin.length)
    const call = request({ hostname, port, path, method, headers: { ...headers, ...length } }, (answer) => {
      answer.resume().on("end", resolve)
    })
    call.on("error", reject).end(body)
  })
}

describe("a refused signature", () => {
  it.each<[string, Sent, Sent, string, string]>([
    ["the method", { method: "PUT" }, { method: "POST" }, "method", "PUT was signed, POST arrived"],
    ["a prefix", { path: "/v1/x" }, { path: "/api/v1/x" }, "path", "the path was signed without /api at its beginning"],
    ["the query", { path: "/v1/x" }, { path: "/v1/x?a=1&b=2" }, "query", "the query was left out of the signature"],
    [
      "a parameter",
      { path: "/v1/x?b=2" },
      { path: "/v1/x?b=2&_=9" },
      "query",
      "the parameter _ was added after signing",
    ],
    [
      "encoding",
      { path: "/v1/a%2520b" },
      { path: "/v1/a%20b" },
      "path",
      "the path was percent-encoded twice before it was signed",
    ],
    [
      "a second encoding",
      { path: "/v1/urn%3Afss" },
      { path: "/v1/urn%253Afss" },
      "path",
      "the path was percent-encoded once more after it was signed",
    ],
    [
      "a second encoding of the query",
      { path: "/v1/x?urn=a%3Ab" },
      { path: "/v1/x?urn=a%253Ab" },
      "query",
      "the query was percent-encoded once more after it was signed",
    ],
    ["the host", {}, { headers: { host: "127.0.0.1" } }, "header", "host was signed as"],
    [
      "a header",
      { headers: { "content-type": "application/json" } },
      { headers: { "content-type": "application/json; charset=utf-8" } },
      "header",
      "content-type was signed as application/json",
    ],
    ["an empty body", { method: "POST" }, { body: "hello" }, "body", "an empty body was signed"],
    [
      "an object",
      { method: "POST", body: "[object Object]" },
      { body: '{"a":1}' },
      "body",
      "the text [object Object] was signed in place of the body",
    ],
    [
      "white space",
      { method: "POST", body: '{"a":1}' },
      { body: '{ "a": 1 }' },
      "body",
      "the same JSON was signed with",
    ],
    [
      "a line break",
      { method: "POST", body: "hello" },
      { body: "hello\n" },
      "body",
      "without the line break at its end",
    ],
  ])("names %s as what changed, and shows what was signed", async (_, signed, sent, part, words) => {
    const { differences, canonicalRequest, signedCanonicalRequest } = await check(signed, sent)
    expect(differences).toEqual([{ part, words: expect.stringContaining(words) }])
    expect(signedCanonicalRequest?.split("\n")).not.toEqual(canonicalRequest?.split("\n"))
  })

  it("names two changes of one request", async () => {
    const { differences } = await check({ method: "POST" }, { path: "/api/v1/x", body: "hello" })
    expect(differences?.map(({ part }) => part)).toEqual(["path", "body"])
  })

  it.each<[string, Sent, Sent, string | undefined, object]>([
    ["an unknown SK", {}, {}, "wrong", { cause: "wrong-secret-key", confidence: "likely", where: "secret key" }],
    [
      "an unknown SK, of a body that is not kept",
      { method: "POST", body: "x".repeat(20 * 1024) },
      {},
      "wrong",
      {
        cause: "wrong-secret-key",
        confidence: "possible",
        evidence: [expect.any(String), expect.stringContaining("too long")],
      },
    ],
    [
      "a dropped header",
      { headers: { "x-a": "1" } },
      { headers: { "x-a": undefined } },
      undefined,
      { cause: "header-dropped", where: "header x-a", confidence: "likely" },
    ],
    [
      "another body than the one that the content hash names",
      { method: "POST", headers: { "x-sdk-content-sha256": "0".repeat(64) } },
      { body: "hello" },
      undefined,
      { cause: "body-changed", where: "body", confidence: "certain", evidence: [expect.stringContaining("2cf24dba")] },
    ],
    [
      "a malformed header",
      {},
      { headers: { authorization: "SDK-HMAC-SHA256 Access=AK" } },
      undefined,
      { cause: "credentials-refused", evidence: ["The header does not have the form of a signature."] },
    ],
  ])("is explained: %s", async (_, signed, sent, secretAccessKey, expected) => {
    const { explanation } = await detail(signed, sent, secretAccessKey)
    expect(explanation).toMatchObject(expected)
    expect(JSON.stringify(explanation)).not.toContain("is not known")
  })

  it("is explained as certainly another SK if it fits one that the emulator knows", async () => {
    const { accounts } = await runningEmulator()
    const { secretAccessKey } = accounts.partner.plainUser.credentials
    const { explanation, check: found } = await detail({}, {}, secretAccessKey)
    expect(explanation).toMatchObject({ cause: "wrong-secret-key", confidence: "certain" })
    expect(explanation?.evidence).toEqual([
      "The request arrived as it was signed, but it was signed with the SK of partner-viewer.",
    ])
    expect(found.steps.at(-1)?.detail).not.toMatch(/below|above/)
  })

  it("names another user's SK", async () => {
    const { accounts } = await runningEmulator()
    const { differences, canonicalRequest, signedCanonicalRequest } = await check(
      {},
      {},
      accounts.partner.plainUser.credentials.secretAccessKey,
    )
    expect(differences).toEqual([{ part: "key", words: "it was signed with the SK of partner-viewer" }])
    expect(signedCanonicalRequest).toBe(canonicalRequest)
  })

  it("names the SK of a key that was rotated", async () => {
    const { url, accounts, faults } = await runningEmulator({ ui: true })
    const { accessKeyId, secretAccessKey } = accounts.partner.user.credentials
    const rotated = faults.rotateKey(accessKeyId)
    await askSigned(`${url}/v1/x`, { accessKeyId: rotated.accessKeyId, secretAccessKey })
    const { check: found } = (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
    expect(found.differences).toEqual([
      { part: "key", words: "it was signed with the SK of a former key of partner-operator" },
    ])
  })

  it.each(["SK\n", " SK", '"SK"'])("names an SK that was read as %j", async (form) => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const { accessKeyId, secretAccessKey } = accounts.partner.user.credentials
    const key = { accessKeyId, secretAccessKey: form.replace("SK", secretAccessKey) }
    const lines = independentHeaders({ host: new URL(url).host, target: "/v1/x" }, key)
    const headers = Object.fromEntries(lines.map((line) => line.split(": ", 2)))
    await ask(`${url}/v1/x`, { headers })
    const { check: found } = (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
    expect(found.differences).toEqual([
      { part: "key", words: "it was signed with this key's SK, but with white space, quotes or in lower case" },
    ])
  })

  it("leaves the signed request out if the change is unknown", async () => {
    const found = await check({ method: "POST", body: "one" }, { body: "two" })
    expect(found.canonicalRequest).toContain("POST\n/v1/x/\n")
    expect(found).not.toHaveProperty("differences")
  })

  describe.each<[string, SignOptions]>([
    ["SDK-HMAC-SM3", { algorithm: "SDK-HMAC-SM3" }],
    ["V11-HMAC-SHA256", { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" }],
    ["SDK-ECDSA-P256-SHA256", { algorithm: "SDK-ECDSA-P256-SHA256" }],
    ["SDK-SM2-SM3", { algorithm: "SDK-SM2-SM3" }],
    ["SDK-HMAC-SHA256 in the scoped form", { scoped: true, region: "eu-de", service: "ecs" }],
    ["SDK-HMAC-SHA256 in the scoped form", { scoped: true }],
  ])("under %s", (name, options) => {
    const checkOf = async (tampered: object, by: "user" | "plainUser" = "user"): Promise<RequestDetail["check"]> => {
      const { url, accounts } = await runningEmulator({ ui: true })
      const { accessKeyId } = accounts.partner.user.credentials
      const { secretAccessKey } = accounts.partner[by].credentials
      await askSigned(`${url}/v1/x?b=2&a=1`, { accessKeyId, secretAccessKey }, { ...options, ...tampered })
      return ((await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail).check
    }

    it("names the body as what changed", async () => {
      const { differences, signedCanonicalRequest } = await checkOf({ method: "PUT", body: "", sent: "hello" })
      expect(differences).toEqual([{ part: "body", words: "an empty body was signed" }])
      expect(signedCanonicalRequest).toContain("PUT\n/v1/x/\na=1&b=2\n")
    })

    it("names another user's SK", async () => {
      const { differences } = await checkOf({ method: "POST" }, "plainUser")
      expect(differences).toEqual([{ part: "key", words: "it was signed with the SK of partner-viewer" }])
    })

    it("passes each step of a good signature", async () => {
      const { steps, canonicalRequest } = await checkOf({ method: "POST", body: "hello" })
      expect(steps.map(({ state }) => state)).toEqual(Array.from({ length: 6 }, () => "passed"))
      expect(steps[0]?.detail).toBe(`${name} over host, x-sdk-date`)
      expect(canonicalRequest).toContain("POST\n/v1/x/\na=1&b=2\n")
    })

    it("gives up on an unknown change, fast", async () => {
      const start = performance.now()
      expect(await checkOf({ method: "POST", body: "one", sent: "two" })).not.toHaveProperty("differences")
      expect(performance.now() - start).toBeLessThan(10_000)
    })
  })

  it.each<[string, Sent, Sent, string, string]>([
    ["the query", { path: "/v1/x" }, { path: "/v1/x?a=1%202" }, "query", "the query was left out of the signature"],
    [
      "a parameter",
      { path: "/v1/x?a=1" },
      { path: "/v1/x?a=1&_=9" },
      "query",
      "the parameter _ was added after signing",
    ],
    ["the body", { path: "/v1/x?a=1" }, { body: "hello" }, "body", "an empty body was signed"],
    ["a lost body", { path: "/v1/x?a=1", body: "{}" }, { body: "" }, "body", "the body {} was signed"],
    ["the method", { path: "/v1/x?a=1" }, { method: "PUT" }, "method", "POST was signed, PUT arrived"],
  ])("names %s of a POST whose query is signed as its payload", async (_, signed, sent, part, words) => {
    const { differences } = await check({ method: "POST", ...signed }, sent, undefined, { scoped: true })
    expect(differences).toEqual([{ part, words }])
  })

  it("is understood in the scoped form of SDK-HMAC-SHA256 too", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    await askSigned(`${url}/v1/x?a=1&a=2`, accounts.partner.user.credentials, {
      method: "PUT",
      body: "",
      sent: "hello",
      scoped: true,
      region: "eu-de",
      service: "ecs",
    })
    const { check: found } = (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
    expect(found.differences).toEqual([{ part: "body", words: "an empty body was signed" }])
    expect(found.canonicalRequest).toContain("\na=1\n")
  })

  it("shows no canonical request whose body hash is unknown", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const large = "x".repeat(20 * 1024)
    const options = { method: "POST", body: large, algorithm: "SDK-HMAC-SM3" } as const
    expect((await askSigned(`${url}/v1/x`, accounts.partner.user.credentials, options)).status).toBe(200)
    const { check: found } = (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
    expect(found.steps.map(({ state }) => state)).not.toContain("failed")
    expect(found).not.toHaveProperty("canonicalRequest")
  })

  it("masks credentials on both sides", async () => {
    const { canonicalRequest, signedCanonicalRequest } = await check(
      { path: "/v1/x?token=secret-1", headers: { "x-api-key": "secret-2" } },
      { method: "POST" },
    )
    for (const text of [canonicalRequest, signedCanonicalRequest]) {
      expect(text).toContain("\ntoken=[secret]\n")
      expect(text).toContain("\nx-api-key:[secret]\n")
      expect(text).not.toMatch(/secret-\d/)
    }
  })
})
