import { createHash, createHmac } from "node:crypto"
import { freePort } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { AuthError } from "../../src/errors/auth-error.ts"
import { type ExplainContext, type ExplainedRequest, explain } from "../../src/explain.ts"
import { canonicalRequest, sign } from "../../src/signing/signer.ts"

const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const DATE = new Date("2026-11-29T10:00:00Z")
const DATE_HEADER = DATE.toUTCString()

type SignOptions = Parameters<typeof sign>[2]

function signed(given: ExplainedRequest, options: SignOptions = {}, key = KEY): ExplainedRequest {
  const headers = { ...(given.headers as Record<string, string>) }
  return { ...given, headers: { ...headers, ...sign({ ...given, headers }, key, { date: DATE, ...options }) } }
}

/** A gateway's refusal with a canonical request. */
function refusal(shown: string, headers: Record<string, string> = { date: DATE_HEADER }) {
  const error_msg = `Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:${shown.replaceAll("\n", "|")}`
  return { status: 401, headers, body: JSON.stringify({ error_code: "APIGW.0301", error_msg, request_id: "r1" }) }
}

/** The gateway's canonical request of the same request. */
function received(request: ExplainedRequest, options: SignOptions = {}): string {
  const headers = request.headers as Record<string, string>
  const names = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? "")?.[1]?.split(";") ?? []
  const { authorization: _, ...others } = headers
  return canonicalRequest({ ...request, headers: others }, { signedHeaders: names, ...options })
}

const GET = { method: "GET", url: "https://vpc.cn-north-4.myhuaweicloud.com/v1/vpcs?limit=10&name=a%20b" }

describe("when both sides agree, the key is wrong", () => {
  const request = signed(GET)
  const answer = refusal(received(request))

  it("possibly, if nobody knows whether the request was changed after it was signed", () => {
    const explanation = explain(answer, { request })
    expect(explanation).toMatchObject({ cause: "wrong-secret-key", confidence: "possible" })
    expect(explanation.summary).toBe("Either the secret key is wrong, or the request was changed after it was signed.")
  })

  it("likely, if the auth kept the request, or the canonical request was logged", () => {
    const auth = { refusedRequest: () => request }
    for (const context of [{ auth }, { request, canonicalRequest: received(request) }]) {
      const explanation = explain(answer, context)
      expect(explanation).toMatchObject({ cause: "wrong-secret-key", confidence: "likely" })
      expect(String(explanation)).not.toContain("another library")
    }
  })

  it("certainly, if the secret key made that signature", () => {
    const explanation = explain(answer, { request, credentials: KEY })
    expect(explanation).toMatchObject({ cause: "wrong-secret-key", where: "secret key", confidence: "certain" })
  })

  it("not, if the secret key did not make that signature", () => {
    const credentials = { ...KEY, secretAccessKey: "another-secret-key-of-forty-characters-x" }
    expect(explain(answer, { request, credentials })).toMatchObject({
      cause: "signature-mismatch",
      confidence: "possible",
    })
  })

  it.each([" ", "\n", "\r\n", "\t", "\ufeff", "\u200b"])(
    "white space %j after the secret key is recognised",
    (space) => {
      const credentials = { ...KEY, secretAccessKey: KEY.secretAccessKey + space }
      expect(explain(answer, { request, credentials }).cause).toBe("secret-key-whitespace")
    },
  )

  it.each(['"', "'", "`"])("quotes %s around the secret key are recognised", (quote) => {
    const credentials = { ...KEY, secretAccessKey: quote + KEY.secretAccessKey + quote }
    expect(explain(answer, { request, credentials }).cause).toBe("secret-key-quotes")
  })

  it("a temporary key without its token is recognised", () => {
    const credentials = { ...KEY, securityToken: "a".repeat(400) }
    expect(explain(answer, { request, credentials }).cause).toBe("security-token-missing")
  })

  it("a signature that is too old for the server's Date is recognised", () => {
    const late = refusal(received(request), { date: new Date(DATE.getTime() + 20 * 60_000).toUTCString() })
    expect(explain(late, { request })).toMatchObject({ cause: "clock-skew", where: "clock", confidence: "likely" })
  })

  it.each([
    ["iotda", "cn-north-4", "cn-north-4/iotdm"],
    ["iotdm", "cn-north-1", "cn-north-4/iotdm"],
  ])("a key derived for %s in %s is recognised", (service, region, expected) => {
    const options = { algorithm: "V11-HMAC-SHA256", region, service } as const
    const scoped = signed({ method: "GET", url: "https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com/v5/x" }, options)
    const explanation = explain(refusal(received(scoped, { algorithm: "V11-HMAC-SHA256" })), { request: scoped })
    expect(explanation).toMatchObject({ cause: "wrong-credential-scope", expected, received: `${region}/${service}` })
  })

  it("the usual algorithm at an IoTDA instance is recognised", () => {
    const plain = signed({ method: "GET", url: "https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com/v5/x" })
    expect(explain(refusal(received(plain)), { request: plain }).cause).toBe("wrong-algorithm")
  })
})

describe("a signature of another library", () => {
  const post: ExplainedRequest = { method: "POST", url: "https://x.example.com/v1/urn%3Afss?b=2&a=1%201", body: "{}" }
  /** Signs like a faulty signer. */
  function signedBy(change: (lines: string[]) => string[]): ExplainedRequest {
    const proper = signed(post)
    const text = change(received(proper).split("\n")).join("\n")
    return {
      ...proper,
      headers: { ...(proper.headers as Record<string, string>), authorization: authorizationOf(text) },
    }
  }

  it.each([
    ["path-trailing-slash", (lines: string[]) => lines.with(1, (lines[1] ?? "").replace(/\/$/, ""))],
    ["path-encoded-twice", (lines: string[]) => lines.with(1, (lines[1] ?? "").replaceAll("%", "%25"))],
    ["query-reordered", (lines: string[]) => lines.with(2, "b=2&a=1%201")],
    ["query-encoded-otherwise", (lines: string[]) => lines.with(2, (lines[2] ?? "").replaceAll("%20", "+"))],
    ["payload-unsigned", (lines: string[]) => lines.with(-1, "UNSIGNED-PAYLOAD")],
  ] as const)("is explained by %s, given the secret key", (cause, change) => {
    const request = signedBy(change)
    const explanation = explain(refusal(received(request)), { request, credentials: KEY })
    expect(explanation).toMatchObject({ cause, confidence: "certain" })
  })

  it.each([
    ["query-reordered", (text: string) => text.replace("a=1%201&b=2", "b=2&a=1%201")],
    ["path-trailing-slash", (text: string) => text.replace("fss/", "fss")],
    ["header-changed", (text: string) => text.replace("20261129T100000Z", "20261129T100001Z")],
  ])("is explained by %s, given the canonical request that it logged", (cause, change) => {
    const text = received(signed(post))
    expect(explain(refusal(text), { canonicalRequest: change(text) })).toMatchObject({ cause, confidence: "certain" })
  })

  function authorizationOf(text: string): string {
    const date = "20261129T100000Z"
    const hash = createHash("sha256").update(text).digest("hex")
    const signature = createHmac("sha256", KEY.secretAccessKey)
      .update(`SDK-HMAC-SHA256\n${date}\n${hash}`)
      .digest("hex")
    return `SDK-HMAC-SHA256 Access=${KEY.accessKeyId}, SignedHeaders=host;x-sdk-date, Signature=${signature}`
  }
})

describe("a part that cannot be compared leaves the cause open", () => {
  const request = signed({ method: "POST", url: "https://x.example.com/v1/x?code=abc", body: "text" })
  const text = received(request)

  it.each<[string, string, ExplainContext]>([
    ["no request is known", text, {}],
    ["the body is not known", text, { request: { ...request, body: undefined } }],
    ["the gateway masks a parameter", text.replace("code=abc", "code=[secret]"), { request }],
    ["the gateway's text is cut", text.slice(0, -50), { request }],
    ["the gateway's text has another form", "GET /v1/x", { request }],
    ["a signed header is not known", text, { request: { ...request, headers: {} } }],
    ["the request cannot be signed", text, { request: { ...request, url: "ftp://x" } }],
    ["the canonical request that was given is none", text, { request, canonicalRequest: "signed" }],
  ])("%s", (_, shown, context) => {
    const explanation = explain(refusal(shown), context)
    expect(explanation).toMatchObject({ cause: "signature-mismatch", confidence: "possible" })
    expect(explanation.evidence).not.toEqual([])
  })

  it("a header that names the hash of the body hides whether the body changed", () => {
    const hashed = signed({ ...GET, headers: { "x-sdk-content-sha256": "0".repeat(64) } })
    expect(explain(refusal(received(hashed)), { request: { ...hashed, body: undefined } }).cause).not.toBe(
      "wrong-secret-key",
    )
    expect(explain(refusal(received(hashed)), { request: { ...hashed, body: "text" } }).cause).toBe("body-changed")
  })
})

describe("times", () => {
  const expired = (signature: string, server: string) => ({
    status: 401,
    body: JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: `Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:${signature},server time:${server}`,
    }),
  })
  const answer = expired("20211217T064303Z", "20211217T065804Z")

  it.each([Number.NaN, 1e300, "2026"])("a clock of %s is none", (receivedAt) => {
    const context = { receivedAt: receivedAt as number }
    expect(explain(answer, context)).toMatchObject({ cause: "clock-skew", confidence: "likely" })
  })

  it("a clock that is behind is reported with its offset", () => {
    const explanation = explain(answer, { receivedAt: Date.UTC(2021, 11, 17, 6, 43, 3) })
    expect(explanation).toMatchObject({ cause: "clock-skew", confidence: "certain", retryable: true, locks: false })
    expect(explanation.evidence[0]).toBe("This machine's clock is 15 min 1 s behind the server's.")
  })

  it("a time that is not the one that was sent was changed on its way", () => {
    const request = { method: "GET", url: "https://api.example.com/", headers: { "x-sdk-date": "20211217T065800Z" } }
    expect(explain(answer, { request })).toMatchObject({
      cause: "header-changed",
      where: "header x-sdk-date",
      expected: "2021-12-17T06:58:00.000Z",
      received: "2021-12-17T06:43:03.000Z",
    })
    const same = { ...request, headers: { "x-sdk-date": "20211217T064303Z" } }
    expect(explain(answer, { request: same })).toMatchObject({ cause: "clock-skew" })
  })

  it.each([
    ['{"error":{"code":401,"message":"The X-Auth-Token is invalid!","title":"Unauthorized"}}', "token-invalid"],
    ['{"error":{"code":401,"message":"The account is locked.","title":"Unauthorized"}}', "account-locked"],
    ['{"error":{"code":404,"message":"Could not find project: p.","title":"Not Found"}}', "project-missing"],
    ['{"error_code":"APIGW.0201","error_msg":"Request entity too large."}', "body-too-large"],
    ['{"error_code":"APIGW.0201","error_msg":"Backend timeout."}', "service-unavailable"],
  ])("a pasted body without its status says as much: %s", (body, cause) => {
    expect(explain(body)).toMatchObject({ cause })
  })

  it("an old signature under a right clock has another cause", () => {
    const explanation = explain(answer, { receivedAt: Date.UTC(2021, 11, 17, 6, 58, 3) })
    expect(explanation).toMatchObject({ cause: "signature-stale", where: "request", confidence: "certain" })
  })

  it("plain data says nothing about this machine's clock", () => {
    expect(explain(answer)).toMatchObject({
      cause: "clock-skew",
      confidence: "likely",
      expected: "2021-12-17T06:58:04.000Z",
      received: "2021-12-17T06:43:03.000Z",
    })
  })

  it("a lock ends five minutes after the answer", () => {
    const body = JSON.stringify({
      error_code: "APIGW.0301",
      error_msg: "AK access failed to reach the limit,forbidden",
    })
    const explanation = explain({ status: 401, headers: { date: DATE_HEADER }, body })
    expect(explanation).toMatchObject({
      cause: "access-key-locked",
      lockedUntil: DATE.getTime() + 300_000,
      locks: "access-key",
    })
    expect(String(explanation)).toContain("locked until 2026-11-29T10:05:00.000Z")
  })

  it("Retry-After is reported", () => {
    expect(explain({ status: 429, headers: { "Retry-After": "7" } })).toMatchObject({
      retryable: true,
      retryAfterMs: 7_000,
    })
  })
})

describe("an unknown access key", () => {
  const unknown = (key: string) =>
    explain({
      status: 401,
      body: JSON.stringify({ error_code: "APIGW.0301", error_msg: `Get secretKey failed,ak:${key},err:ak not exist` }),
    })

  it.each([
    ["LTAI4FxxxxxxxxxxxxxxxxxG", "access-key-of-other-cloud", "Alibaba"],
    ["AKIAIOSFODNN7EXAMPLE", "access-key-of-other-cloud", "AWS"],
    ["AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA", "access-key-of-other-cloud", "Tencent"],
    ["4f5f626b-073f-402f-a1e0-e52171c6100c", "access-key-unknown", "AppKey"],
    ["someone@example.com", "access-key-unknown", "name of a user"],
    ["QTWAOYTTINDUT2QVKYUC", "access-key-unknown", "form of an access key"],
  ])("%s is %s", (key, cause, words) => {
    const explanation = unknown(key)
    expect(explanation.cause).toBe(cause)
    expect(String(explanation)).toContain(words)
    expect(JSON.stringify(explanation)).not.toContain(key)
  })

  it("may lack its security token", () => {
    const body = JSON.stringify({ error_code: "APIGW.0301", error_msg: "ak QTWAOYTTINDUT2QVKYUC not exist" })
    const request = signed(GET)
    const context = { request, credentials: { ...KEY, securityToken: "t".repeat(300) } }
    expect(explain({ status: 401, body }, context).cause).toBe("security-token-missing")
  })
})

describe("the values that clients give", () => {
  const body = JSON.stringify({ error_code: "APIGW.0308", error_msg: "The throttling threshold has been reached" })

  it.each<[string, unknown]>([
    ["a Response", new Response(body, { status: 429 })],
    ["an error of ky 1", Object.assign(new Error("ky"), { response: new Response(body, { status: 429 }) })],
    ["an error of ky 2", { response: readResponse(), data: JSON.parse(body) }],
    [
      "an error of axios",
      { isAxiosError: true, config: {}, response: { status: 429, headers: {}, data: JSON.parse(body) } },
    ],
    ["an error of axios with text", { config: {}, response: { status: 429, headers: {}, data: body } }],
    ["an error of axios with bytes", { config: {}, response: { status: 429, headers: {}, data: Buffer.from(body) } }],
    ["an error of axios with a Blob", { config: {}, response: { status: 429, headers: {}, data: new Blob([body]) } }],
    ["an error of got", { response: { statusCode: 429, headers: {}, body } }],
    ["an error of got with an object", { response: { statusCode: 429, headers: {}, body: JSON.parse(body) } }],
    ["an answer of undici", { statusCode: 429, headers: {}, body: { text: async () => body } }],
    ["an error of undici", { name: "ResponseError", statusCode: 429, headers: null, body: JSON.parse(body) }],
    ["an AuthError", new AuthError("AUTH_THROTTLED", "x", { status: 429, errorCode: "APIGW.0308" })],
    [
      "an AuthError in an error",
      Object.assign(new Error("x"), { cause: new AuthError("AUTH_THROTTLED", "x", { status: 429 }) }),
    ],
    ["plain data", { status: 429, body }],
    ["bytes", { status: 429, body: new TextEncoder().encode(body) }],
    ["a pasted body", body],
  ])("%s", async (_, refused) => {
    expect(await explain(refused)).toMatchObject({ cause: "throttled" })
  })

  it("a Response stays readable", async () => {
    const response = new Response(body, { status: 429 })
    await explain(response)
    expect(await response.text()).toBe(body)
  })

  it.each([
    ["was read", async (response: Response) => void (await response.text())],
    ["is being read", async (response: Response) => void response.body?.getReader()],
  ])("a Response that %s is explained by its status, in a promise too", async (_, read) => {
    const response = new Response(body, { status: 429 })
    await read(response)
    const explaining = explain(response)
    expect(explaining).toBeInstanceOf(Promise)
    expect(await explaining).toMatchObject({ cause: "throttled", refusal: { status: 429, errorCode: undefined } })
  })

  it("an error before sending has the same message", () => {
    const error = new AuthError("AUTH_INSECURE_URL", "A secret would cross the network in clear: use https.")
    expect(explain(error)).toMatchObject({ cause: "not-sent", refusal: { errorMessage: error.message } })
  })

  it("a pause of this library says how long it lasts", () => {
    const error = new AuthError("AUTH_CREDENTIALS_REJECTED", "The key is not sent.", { retryAfterMs: 60_000 })
    expect(explain(error)).toMatchObject({ cause: "not-sent", retryable: true, retryAfterMs: 60_000 })
  })

  it("a failed connection is not a refusal", async () => {
    const failure = await fetch(`http://127.0.0.1:${await freePort()}/`).catch((error: unknown) => error)
    expect(await explain(failure)).toMatchObject({ cause: "no-answer", where: "network", confidence: "certain" })
  })

  it("a port that fetch refuses is not asked", async () => {
    const failure = await fetch("http://127.0.0.1:1/").catch((error: unknown) => error)
    expect(await explain(failure)).toMatchObject({ cause: "not-sent", where: "request", retryable: false })
  })

  it("an SK in the place of the AK is not shown", () => {
    const mixedUp = "0386031ef204c784057432abe8ceeb21cd41cd7b"
    const error_msg = `Incorrect IAM authentication information: Get secretKey failed,ak:${mixedUp},err:ak not exist`
    const explanation = explain({ status: 401, body: JSON.stringify({ error_code: "APIGW.0301", error_msg }) })
    expect(explanation).toMatchObject({
      cause: "access-key-unknown",
      evidence: ["It is too long for an access key: AK and SK may be mixed up."],
    })
    expect(JSON.stringify(explanation)).not.toMatch(/0386|cd7b/)
  })

  it.each([
    ["an abort", new DOMException("This operation was aborted", "AbortError")],
    ["an abort of axios", Object.assign(new Error("canceled"), { name: "CanceledError", code: "ERR_CANCELED" })],
    ["an abort of undici", Object.assign(new Error("aborted"), { name: "AbortError", code: "UND_ERR_ABORTED" })],
  ])("%s is no fault of the network", (_, error) => {
    expect(explain(error)).toMatchObject({
      cause: "no-answer",
      where: "request",
      confidence: "certain",
      evidence: ["The program ended the request."],
    })
  })

  it("a proxy that refuses is no abort", () => {
    const refused = new Error("Proxy response (403) !== 200 when HTTP Tunneling")
    const cause = Object.assign(refused, { name: "AbortError", code: "UND_ERR_ABORTED" })
    for (const error of [cause, new TypeError("fetch failed", { cause })]) {
      expect(explain(error)).toMatchObject({ cause: "no-answer", where: "network", confidence: "certain" })
    }
  })

  it("a timeout is one, whether it has a code or a name", () => {
    const evidence = ["The time for an answer was over."]
    for (const error of [
      new DOMException("The operation was aborted due to timeout", "TimeoutError"),
      Object.assign(new Error("timeout"), { code: "ETIMEDOUT" }),
    ]) {
      expect(explain(error)).toMatchObject({ cause: "no-answer", where: "network", confidence: "certain", evidence })
    }
  })

  const caused = (cause: unknown, message = "fetch failed") => new TypeError(message, { cause })
  const coded = (code: string, name = "Error") => Object.assign(new Error("m"), { code, name })
  it.each<[string, unknown]>([
    ["of fetch in Node", caused(coded("ECONNREFUSED"))],
    ["of two addresses", caused(new AggregateError([coded("EHOSTUNREACH"), coded("ENETUNREACH")]))],
    ["of TLS", caused(coded("DEPTH_ZERO_SELF_SIGNED_CERT"))],
    ["of another name", caused(coded("ERR_TLS_CERT_ALTNAME_INVALID"))],
    ["of an old certificate", caused(coded("CERT_HAS_EXPIRED"))],
    ["of undici", coded("UND_ERR_HEADERS_TIMEOUT")],
    ["of undici's parser", coded("HPE_INVALID_CONSTANT")],
    ["of Chrome", new TypeError("Failed to fetch")],
    ["of Chrome with a host", new TypeError("Failed to fetch (example.com)")],
    ["of Firefox", new TypeError("NetworkError when attempting to fetch resource.")],
    ["of Safari", new TypeError("Load failed")],
    ["of Deno", new TypeError("error sending request for url (https://example.com/): dns error")],
    ["of a mock of fetch", new TypeError("fetch failed")],
    ["of axios in a browser", coded("ERR_NETWORK", "AxiosError")],
    ["of axios after a time", coded("ECONNABORTED", "AxiosError")],
    ["of got", Object.assign(coded("ENOTFOUND", "RequestError"), { cause: coded("ENOTFOUND") })],
    ["of got's time", coded("ETIMEDOUT", "TimeoutError")],
    ["of ky", Object.assign(new Error("m", { cause: new TypeError("Failed to fetch") }), { name: "NetworkError" })],
    ["of ky's time", Object.assign(new Error("Request timed out"), { name: "TimeoutError" })],
  ])("an error %s is one of the network", (_, error) => {
    expect(explain(error)).toMatchObject({ cause: "no-answer", where: "network", retryable: true })
  })

  it.each<[string, unknown]>([
    ["undefined", undefined],
    ["null", null],
    ["an empty object", {}],
    ["a number", 42],
    ["an error", new Error("x")],
    ["a TypeError", new TypeError("x is not a function")],
    ["an error of a file", coded("ENOENT")],
    ["an error with a network's word in it", coded("MY_CERT_CODE_TIMEOUT")],
    ["a wrong option of undici", coded("UND_ERR_INVALID_ARG")],
    ["a wrong option of fetch", caused(new Error("unknown scheme"))],
    ["a hook of got", coded("ERR_GOT_REQUEST_ERROR", "RequestError")],
    ["a wrong option of axios", coded("ERR_BAD_OPTION", "AxiosError")],
  ])("%s is none of the network", (_, error) => {
    expect(explain(error)).toMatchObject({ cause: "unknown", confidence: "possible", retryable: false })
  })

  it("credentials that are missing do not come by waiting", () => {
    const error = new AuthError("AUTH_CREDENTIALS_MISSING", "No source has one.", { retryAfterMs: 2_000 })
    expect(explain(error)).toMatchObject({ cause: "not-sent", retryable: false, retryAfterMs: undefined })
  })

  it.each([
    ["PAP5.0001", "access denied: User is not authorized to perform iam:agencies:listAgencies", "permission-denied"],
    ["PAP5.0001", "access denied: User is not authorized to perform iam:mfa:listDevices", "permission-denied"],
    ["PAP5.0001", "access denied: User is not authorized to perform sts:agencies:assume", "agency-not-granted"],
    ["IAM.0003", "Policy doesn't allow iam:agencies:createAgency to be performed.", "permission-denied"],
    ["IAM.0003", "Policy doesn't allow iam:tokens:assume to be performed.", "agency-not-granted"],
    ["CCE.01403008", "The user may not create agencies.", "permission-denied"],
    ["404", "Could not find agency: partner-agency.", "agency-not-granted"],
  ])("%s takes no action for its subject: %s", (error_code, error_msg, cause) => {
    const status = error_code === "404" ? 404 : 403
    expect(explain({ status, body: JSON.stringify({ error_code, error_msg }) })).toMatchObject({ cause })
  })

  it.each(["0103", "0104", "0105", "0106", "0705"])("APIGW.%s is the publisher's to correct", (code) => {
    const body = JSON.stringify({ error_code: `APIGW.${code}`, error_msg: "it does not exist" })
    expect(explain({ status: 400, body })).toMatchObject({ cause: "api-misconfigured", retryable: false })
  })

  it("a status may be text, as in some logs", () => {
    const body = JSON.stringify({ error_msg: "verify aksk signature fail" })
    expect(explain({ status: "401", body })).toMatchObject({ cause: "signature-mismatch", refusal: { status: 401 } })
    expect(explain({ status: "failed" })).toMatchObject({ cause: "unknown" })
  })

  it("the same list of headers is read in each form", () => {
    const wait = { "retry-after": "3" }
    for (const headers of [
      wait,
      new Headers(wait),
      Object.entries(wait),
      ["Retry-After", "3"],
      { "retry-after": ["3"] },
    ]) {
      expect(explain({ status: 429, headers })).toMatchObject({ retryAfterMs: 3_000 })
    }
  })

  function readResponse(): Response {
    const response = new Response(body, { status: 429 })
    void response.text()
    return response
  }
})

describe("an answer of another service", () => {
  it("IAM in place of a service is a wrong endpoint", () => {
    const body = JSON.stringify({ error: { code: 401, message: "Unauthorized.", title: "Unauthorized" } })
    const at = (url: string) => explain({ status: 401, body }, { request: { url } })
    expect(at("https://iam.myhuaweicloud.com/v1/vpcs").cause).toBe("wrong-endpoint")
    expect(at("https://iam.myhuaweicloud.com/v3/auth/tokens").cause).toBe("identity-refused")
  })

  it.each([
    [{ errorCode: "APIGW.0308", errorMessage: "slow" }, "throttled"],
    [
      { forbidden: { message: "Policy doesn't allow ecs:servers:list to be performed.", code: 403 } },
      "permission-denied",
    ],
    [{ NeutronError: { type: "x", message: "Policy doesn't allow vpc:vpcs:list", detail: "" } }, "permission-denied"],
  ])("reads %j", (body, cause) => {
    expect(explain({ status: cause === "throttled" ? 429 : 403, body: JSON.stringify(body) }).cause).toBe(cause)
  })

  it("permission names the action", () => {
    const body = JSON.stringify({
      error_code: "PAP5.0001",
      error_msg: "access denied: not authorized to perform: ecs:cloudServers:list",
    })
    expect(explain({ status: 403, body }).expected).toBe("permission for ecs:cloudServers:list")
  })

  it.each([
    ["Incorrect IAM authentication information: decrypt token fail", "token-invalid"],
    [
      "calc aksk signature fail:signature expired, signature time:20211217T064303Z,server time:20211217T065804Z",
      "clock-skew",
    ],
    ["The token must be updated.", "token-expired"],
    ["verify aksk signature fail", "signature-mismatch"],
  ])("a pasted message is recognised without its code: %s", (message, cause) => {
    expect(explain(message).cause).toBe(cause)
  })

  it("a pasted message with a canonical request is compared", () => {
    const request = signed({ method: "GET", url: "https://x.example.com/v1/a" })
    const message = `verify aksk signature fail, canonicalRequest:${received(request).replaceAll("\n", "|").replace("/a/", "/b/a/")}`
    expect(explain(message, { request })).toMatchObject({ cause: "unknown-difference", where: "path" })
  })

  it.each([
    ["ERROR 401 X-Auth-Token: MIIabcDEF123 GET /v1/x", "X-Auth-Token: [secret: 12 characters] GET /v1/x"],
    [`sent {"X-Auth-Token":"MIIabcDEF123","a":1}`, `sent {"X-Auth-Token":[secret: 12 characters],"a":1}`],
    [String.raw`"{\"X-Auth-Token\":\"MIIabcDEF123\"}"`, String.raw`"{\"X-Auth-Token\":[secret: 12 characters]}"`],
    ["headers={'X-Auth-Token': 'MIIabcDEF123'}", "headers={'X-Auth-Token': [secret: 12 characters]}"],
    ["authorization: Basic dXNlcjpodW50ZXIy", "authorization: [secret: 22 characters]"],
    ["Cookie: sid=a; b=c", "Cookie: [secret: 10 characters]"],
    ["HUAWEICLOUD_SDK_SK=MIIabcDEF123 node x", "HUAWEICLOUD_SDK_SK=[secret: 12 characters] node x"],
    [`"password": "hunter 2", x`, `"password": [secret: 8 characters], x`],
    ["GET https://h/v1?token=MIIabcDEF123&a=1", "GET https://h/v1?token=[secret: 12 characters]&a=1"],
    ["the key MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc", "the key [secret: 40 characters, SHA-256 …9dcad066]"],
    ["Bearer eyJhbGciOi.eyJzdWIi.c2ln", "Bearer [secret: 24 characters]"],
    ["token: expired", "token: expired"],
    ["the password must be changed", "the password must be changed"],
    ["Signature=[secret: 64 characters]", "Signature=[secret: 64 characters]"],
    ["request 0123456789abcdef0123456789abcdef01234567", "request 0123456789abcdef0123456789abcdef01234567"],
  ])("masks what a pasted line tells: %s", (line, shown) => {
    expect(explain(line).refusal.errorMessage).toContain(shown)
  })

  it("reads a long line in time", () => {
    const started = performance.now()
    for (const part of ["-a", "a_", "token", `"\\`, "x:", "A0a"]) explain(part.repeat(20_000))
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it("a long message is cut behind its secrets, not within one", () => {
    const secretAccessKey = "s".repeat(40)
    const body = JSON.stringify({ error_code: "APIGW.0301", error_msg: `${"x ".repeat(240)}${secretAccessKey}` })
    expect(JSON.stringify(explain({ status: 401, body }, { credentials: { secretAccessKey } }))).not.toContain("sss")
  })

  it.each([
    [{ server: "nginx" }, 1],
    [{ server: "api-gateway" }, 0],
    [{ server: "nginx", "x-request-id": "0123456789abcdef" }, 0],
  ])("an answer with the headers %j may come from elsewhere", (headers, count) => {
    expect(explain({ status: 401, headers }).evidence).toHaveLength(count)
  })

  it.each<[string, unknown]>([
    ["a Response", new Response('{"users":[]}', { status: 200 })],
    ["an answer of axios", { status: 201, data: { id: 1 }, headers: {}, config: {}, request: {} }],
    ["an answer with words of a refusal", { status: 200, body: "the security token and the token must be updated" }],
    ["an empty answer", new Response(null, { status: 204 })],
    ["an answer with a code", { status: 200, body: '{"code":0,"message":"ok"}' }],
  ])("nothing was refused by %s", async (_, accepted) => {
    const explanation = await explain(accepted)
    expect(explanation).toMatchObject({ cause: "not-refused", confidence: "certain", retryable: false })
    expect(String(explanation)).toContain("Nothing was refused.")
  })

  it.each([
    ["an error", '{"error_code":"APIGW.0308","error_msg":"slow"}', "throttled"],
    ["the page of a proxy", "<!doctype html><title>Log in</title>", "not-huawei-cloud"],
  ])("a success may hold %s", (_, body, cause) => {
    expect(explain({ status: 200, body }).cause).toBe(cause)
  })

  it("an unknown answer is called unknown", () => {
    expect(explain({ status: 418, body: "{}" })).toMatchObject({ cause: "unknown", confidence: "possible" })
  })
})

it("the text for people has the cause, the cure, the danger, and both sides", () => {
  const request = signed({ method: "GET", url: "https://x.example.com/v1/urn%3Afss" })
  const explanation = explain(refusal(received(request).replace("%3A", "%253A")), { request })
  expect(String(explanation)).toMatchInlineSnapshot(`
    "One side percent-encoded the path once more than the other. (path-encoded-twice, certain)
      where     path
      expected  /v1/urn%3Afss/
      received  /v1/urn%253Afss/
      fix       Pass the path encoded once, and let nothing encode it again: neither a client that takes it for raw text, nor a proxy.
      retry     no, more than 5 failures in a row lock the access key for 5 minutes
      answer    HTTP 401, APIGW.0301, "Incorrect IAM authentication information: verify aksk signature fail", request id r1
      source    observed: huaweicloud-sdk-nodejs-v3 issue 2 (2021); OCR FAQ 0063

      signed (-) and received (+):
        GET
      - /v1/urn%3Afss/
      + /v1/urn%253Afss/
        
        host: x.example.com
        x-sdk-date: 20261129T100000Z
        host;x-sdk-date
        e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
  `)
})
