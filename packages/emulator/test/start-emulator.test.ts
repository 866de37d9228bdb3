import { agencyToken, akskAuth, passwordToken, type SignableRequest, sign, tokenAuth } from "@countersign/auth-core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"

let emulator: Emulator
beforeEach(async () => {
  emulator = await startEmulator()
})
afterEach(() => emulator.close())

const MINUTE = 60_000

async function partnerToken(): Promise<string> {
  const { partner } = emulator.accounts
  const { name, password } = partner.user
  const token = await passwordToken({
    iamEndpoint: emulator.url,
    user: name,
    password,
    domain: partner.domain.name,
    scope: { domain: partner.domain.name },
  })()
  return token.value
}

function signed(
  request: Partial<SignableRequest> & { path?: string } = {},
  options = {},
  key = emulator.accounts.partner.user.credentials,
): RequestInit & { url: string } {
  const { path = "/v1/things", method = "GET", body = null } = request
  const url = emulator.url + path
  const headers = sign(
    { method, url, body, ...(request.headers === undefined ? {} : { headers: request.headers }) },
    key,
    options,
  )
  return {
    url,
    method,
    headers: { ...(request.headers as Record<string, string>), ...headers },
    body: body as BodyInit | null,
  }
}

async function call({
  url,
  ...init
}: RequestInit & { url: string }): Promise<{ status: number; body: Record<string, unknown>; headers: Headers }> {
  const response = await fetch(url, init)
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  }
}

describe("the gateway, asked with a token", () => {
  it("lets a valid one in and says who called", async () => {
    const { status, body } = await call({
      url: `${emulator.url}/v1/x?b=1`,
      headers: { "x-auth-token": await partnerToken() },
    })
    expect(status).toBe(200)
    expect(body).toMatchObject({
      target: "/v1/x?b=1",
      caller: { scheme: "token", domain: "partner-account", user: "partner-operator" },
    })
  })

  it.each([
    ["none", undefined, "x-auth-token not found"],
    ["an unknown one", "MIInonsense", "decrypt token fail"],
  ])("refuses %s in the gateway's words", async (_, token, message) => {
    const { status, body, headers } = await call({
      url: `${emulator.url}/v1/x`,
      headers: token === undefined ? {} : { "x-auth-token": token },
    })
    expect(status).toBe(401)
    expect(body).toEqual({
      error_code: "APIGW.0301",
      error_msg: `Incorrect IAM authentication information: ${message}`,
      request_id: headers.get("x-request-id"),
    })
  })

  it("refuses one that is past its 24 hours, or was revoked", async () => {
    const token = await partnerToken()
    emulator.setClock(24 * 60 * MINUTE + 1)
    expect((await call({ url: `${emulator.url}/x`, headers: { "x-auth-token": token } })).body.error_msg).toMatch(
      /token expires, expires_at: \d{4}-/,
    )
    emulator.setClock()
    emulator.faults.revokeToken(token)
    expect((await call({ url: `${emulator.url}/x`, headers: { "x-auth-token": token } })).body.error_msg).toContain(
      "decrypt token fail",
    )
  })

  it("takes a body of any size", async () => {
    const body = new Uint8Array(13 * 1024 * 1024)
    const answer = await call({
      url: `${emulator.url}/upload`,
      method: "PUT",
      headers: { "x-auth-token": await partnerToken() },
      body,
    })
    expect(answer.body.body).toMatchObject({ bytes: body.length })
  })
})

describe("the gateway, asked with a signature", () => {
  it.each([
    ["SDK-HMAC-SHA256", {}],
    ["SDK-HMAC-SM3", { algorithm: "SDK-HMAC-SM3" }],
    ["V11-HMAC-SHA256", { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotda" }],
  ])("lets a right one in: %s", async (_, options) => {
    expect(await call(signed({ method: "POST", path: "/v1/a%20b?z=1&a=2", body: '{"a":"ü"}' }, options))).toMatchObject(
      { status: 200, body: { caller: { scheme: "signature" } } },
    )
  })

  it("refuses a changed request, and shows the canonical request that it made of it", async () => {
    const { status, body } = await call({ ...signed({ method: "POST", body: "a" }), body: "b" })
    expect(status).toBe(401)
    expect(body.error_msg).toMatch(
      /^Incorrect IAM authentication information: verify aksk signature fail, canonicalRequest:POST\|\/v1\/things\/\|\|host:127\.0\.0\.1:\d+\|x-sdk-date:/,
    )
  })

  it("refuses a time 15 minutes and a second off, either way, with both times", async () => {
    for (const offset of [15 * MINUTE + 2_000, -15 * MINUTE - 2_000]) {
      emulator.setClock(offset)
      expect((await call(signed())).body.error_msg).toMatch(
        /signature expired, signature time:\d{8}T\d{6}Z,server time:\d{8}T\d{6}Z$/,
      )
      emulator.setClock(offset - Math.sign(offset) * 5_000)
      expect((await call(signed())).status).toBe(200)
    }
  })

  it("refuses an unknown key", async () => {
    const key = { accessKeyId: "AKNOBODY", secretAccessKey: "x" }
    expect((await call(signed({}, {}, key))).body.error_msg).toContain(
      "Get secretKey failed,ak:AKNOBODY,err:ak not exist",
    )
  })

  it("locks a key for five minutes after more than five failures, and a success in between starts the count anew", async () => {
    const wrong = { ...emulator.accounts.partner.user.credentials, secretAccessKey: "wrong" }
    const fail = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++)
        expect((await call(signed({}, {}, wrong))).body.error_msg).toContain("verify aksk signature fail")
    }
    await fail(5)
    expect((await call(signed())).status).toBe(200)
    await fail(6)
    expect((await call(signed())).body.error_msg).toContain("AK access failed to reach the limit,forbidden")
    emulator.setClock(5 * MINUTE + 1_000)
    expect((await call(signed({}, { date: new Date(Date.now() + 5 * MINUTE) }))).status).toBe(200)
  })

  it("takes 12 MB, and answers 413 to one byte more", async () => {
    const limit = 12 * 1024 * 1024
    expect((await call(signed({ method: "PUT", body: new Uint8Array(limit) }))).status).toBe(200)
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    const request = { ...signed({ method: "PUT", headers }), body: new Uint8Array(limit + 1) }
    expect(await call(request)).toMatchObject({
      status: 413,
      body: { error_code: "APIGW.0201", error_msg: "Request entity too large" },
    })
  })

  it("takes a body that is unsigned only where that is signed", async () => {
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    expect((await call({ ...signed({ method: "POST", headers }), body: "anything" })).status).toBe(200)
    const { headers: signature, ...hidden } = signed({ method: "POST" })
    expect(
      (await call({ ...hidden, headers: { ...signature, ...headers } as HeadersInit, body: "anything" })).status,
    ).toBe(401)
  })
})

describe("a partner acting for a customer", () => {
  it("gets the customer's token and calls Partner Center with it", async () => {
    const { partner, customers } = emulator.accounts
    const via = passwordToken({
      iamEndpoint: emulator.url,
      user: partner.user.name,
      password: partner.user.password,
      domain: partner.domain.name,
      scope: { domain: partner.domain.name },
    })
    const customer = agencyToken({
      via,
      agency: customers[1].agency.name,
      domain: customers[1].domain.name,
      scope: { domain: customers[1].domain.name },
    })
    const authentication = await tokenAuth(customer).authenticate({
      method: "GET",
      url: emulator.url,
      headers: {},
      body: null,
    })
    const balances = await call({
      url: `${emulator.url}/v2/accounts/customer-accounts/balances`,
      headers: { ...authentication.headers },
    })
    expect(balances.body).toHaveProperty("account_balances")
    const who = await call({ url: `${emulator.url}/v1/who`, headers: { ...authentication.headers } })
    expect(who.body.caller).toMatchObject({ domain: "customer-2-account", assumedBy: "partner-operator" })
  })

  it("lists its customers and their orders", async () => {
    const request = (path: string, method: string): ReturnType<typeof call> => call(signed({ path, method }))
    expect((await request("/v2/partners/sub-customers/query", "POST")).body).toMatchObject({ count: 3 })
    expect((await request("/v2/orders/customer-orders?limit=10", "GET")).body).toMatchObject({ total_count: 6 })
  })
})

describe("faults on demand", () => {
  it("a status for the next requests, with Retry-After, and then none", async () => {
    emulator.faults.status(503, { times: 2, retryAfterSeconds: 7 })
    const answers = [await call(signed()), await call(signed()), await call(signed())]
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
    expect(answers[0]?.headers.get("retry-after")).toBe("7")
  })

  it("for one path only", async () => {
    emulator.faults.status(500, { target: "/v9/" })
    expect((await call(signed({ path: "/v9/x" }))).status).toBe(500)
    expect((await call(signed({ path: "/v1/x" }))).status).toBe(200)
  })

  it("a delay", async () => {
    emulator.faults.delay(80, { times: 1 })
    const start = performance.now()
    await call(signed())
    expect(performance.now() - start).toBeGreaterThan(75)
  })

  it("a dropped connection", async () => {
    emulator.faults.dropConnection({ times: 1 })
    await expect(call(signed())).rejects.toThrow("fetch failed")
    expect((await call(signed())).status).toBe(200)
  })

  it("a redirect", async () => {
    emulator.faults.redirect("/elsewhere", { times: 1, status: 307 })
    const response = await fetch(`${emulator.url}/x`, { redirect: "manual" })
    expect([response.status, response.headers.get("location")]).toEqual([307, "/elsewhere"])
  })

  it("a clock that is off, in the window and in the Date header", async () => {
    emulator.faults.clockOffset(20 * MINUTE)
    const { body, headers } = await call(signed())
    expect(body.error_msg).toContain("signature expired")
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now() - 20 * MINUTE)).toBeLessThan(5_000)
    emulator.faults.reset()
    expect((await call(signed())).status).toBe(200)
  })

  it("a rotated key: the old one is unknown, the new one works", async () => {
    const { credentials } = emulator.accounts.partner.user
    const next = emulator.faults.rotateKey(credentials.accessKeyId)
    expect((await call(signed())).body.error_msg).toContain("ak not exist")
    expect((await call(signed({}, {}, next))).status).toBe(200)
  })
})

describe("what was called", () => {
  it("is counted by route, and the gateway's requests are kept with their verdicts", async () => {
    const token = await partnerToken()
    await call({ url: `${emulator.url}/v1/x`, headers: { "x-auth-token": token } })
    await call({ url: `${emulator.url}/v1/y` })
    expect(emulator.stats.calls).toEqual({ "POST /v3/auth/tokens": 1, gateway: 2 })
    expect(emulator.stats.iamCalls).toBe(1)
    expect(
      emulator.stats.requests.map(({ target, scheme, verdict, status }) => [target, scheme, verdict, status]),
    ).toEqual([
      ["/v1/x", "token", "ok", 200],
      ["/v1/y", "none", "Incorrect IAM authentication information: x-auth-token not found", 401],
    ])
    emulator.stats.reset()
    expect(emulator.stats.requests).toEqual([])
  })
})

it("serves an akskAuth whose clock is 20 minutes off after one replay", async () => {
  emulator.faults.clockOffset(-20 * MINUTE)
  const auth = akskAuth(emulator.accounts.partner.user.credentials)
  const url = `${emulator.url}/x`
  const attempt = { method: "GET", url, headers: {}, body: null }
  const first = await auth.authenticate(attempt)
  const refused = await call({ url, headers: { ...first.headers } })
  expect(
    await auth.judge(first, {
      status: 401,
      origin: emulator.url,
      errorMessage: String(refused.body.error_msg),
      replayed: false,
    }),
  ).toBe(true)
  expect((await call({ url, headers: { ...(await auth.authenticate(attempt)).headers } })).status).toBe(200)
})
