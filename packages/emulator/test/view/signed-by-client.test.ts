import { request } from "node:http"
import { sign } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import type { RequestDetail } from "../../src/view/record.ts"
import { independentHeaders } from "../independent-signature.ts"
import { ask, askSigned, runningEmulator } from "../running-emulator.ts"

interface Sent {
  method?: string
  path?: string
  body?: string
  headers?: Record<string, string>
}

/** Signs one request and sends another. Returns the check. */
async function check(signed: Sent, sent: Sent, secretAccessKey?: string): Promise<RequestDetail["check"]> {
  const { url, accounts } = await runningEmulator({ ui: true })
  const { credentials } = accounts.partner.user
  const { method = "GET", path = "/v1/x", body, headers = {} } = signed
  const signature = sign(
    { method, url: url + path, headers, body: body ?? null },
    secretAccessKey === undefined ? credentials : { ...credentials, secretAccessKey },
    { signedHeaders: ["host", "x-sdk-date", ...Object.keys(headers)] },
  )
  await send(
    url + (sent.path ?? path),
    sent.method ?? method,
    { ...headers, ...signature, ...sent.headers },
    sent.body ?? body,
  )
  return ((await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail).check
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

  it.each(["SDK-HMAC-SM3", "V11-HMAC-SHA256"] as const)("is understood under %s too", async (algorithm) => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const { credentials } = accounts.partner.user
    await askSigned(`${url}/v1/x`, credentials, {
      method: "POST",
      body: "",
      sent: "hello",
      algorithm,
      region: "cn-north-4",
      service: "iotdm",
    })
    const { check: found } = (await ask(`${url}/-/requests/1`)).body as unknown as RequestDetail
    expect(found.differences).toEqual([{ part: "body", words: "an empty body was signed" }])
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

  it.each(["SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3"] as const)(
    "shows the request that arrived under %s, whose signatures no trial repeats",
    async (algorithm) => {
      const { url, accounts } = await runningEmulator({ ui: true })
      const { credentials } = accounts.partner.user
      expect((await askSigned(`${url}/v1/x`, credentials, { algorithm })).status).toBe(200)
      expect((await askSigned(`${url}/v1/x`, credentials, { method: "POST", sent: "hello", algorithm })).status).toBe(
        401,
      )
      for (const [id, state] of [
        [1, "passed"],
        [2, "failed"],
      ] as const) {
        const { check: found } = (await ask(`${url}/-/requests/${id}`)).body as unknown as RequestDetail
        expect(found.steps[0]).toEqual({
          name: "Authorization",
          state: "passed",
          detail: `${algorithm} over host, x-sdk-date`,
        })
        expect(found.steps.at(-1)).toMatchObject({ name: "Signature", state })
        expect(found.canonicalRequest).toContain("\n/v1/x/\n")
        expect(found).not.toHaveProperty("differences")
      }
    },
  )

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
