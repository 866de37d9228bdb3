import { type Auth, appAuth, appCodeAuth, autoAuth, sign } from "@countersign/auth-core"
import { authenticatedFetch, createGate } from "@countersign/auth-core/adapter"
import { explain } from "@countersign/auth-core/explain"
import { describe, expect, it } from "vitest"
import type { RequestDetail, RequestSummary } from "../../src/view/record.ts"
import { type Answer, ask, askSigned, MINUTE, runningEmulator } from "../running-emulator.ts"

/** Sends a request through the engine, as every client does. */
async function send(url: string, auth: Auth, init: RequestInit = {}): Promise<Answer> {
  const [authFor, guard] = createGate("auth", auth, { hosts: [new URL(url).host] })
  const response = await authenticatedFetch(authFor, url, init, { key: "auth", fetch, guard })
  return { status: response.status, headers: response.headers, body: (await response.json()) as Answer["body"] }
}

describe("an app of API Gateway", () => {
  it("is let in by AppKey and AppSecret, and by AppCode", async () => {
    const { url, accounts, stats } = await runningEmulator()
    const { app } = accounts.partner
    const { app: customerApp } = accounts.addCustomer({ name: "acme" })
    for (const auth of [
      appAuth(app),
      appCodeAuth(app.code),
      appCodeAuth(customerApp.code),
      autoAuth({ app: appAuth(customerApp), code: appCodeAuth(customerApp.code) }),
    ]) {
      expect((await send(`${url}/v1/orders?a=1`, auth, { method: "POST", body: "hello" })).status).toBe(200)
    }
    expect(stats.requests.map(({ scheme, caller }) => [scheme, caller?.user, caller?.domain])).toEqual([
      ["signature", "partner-app", "partner-account"],
      ["app code", "partner-app", "partner-account"],
      ["app code", "acme-app", "acme-account"],
      ["signature", "acme-app", "acme-account"],
    ])
  })

  it("may send an AppCode beside a signature, which is then not looked at", async () => {
    const { url, accounts } = await runningEmulator()
    const { key, secret, code } = accounts.partner.app
    const wrong = { accessKeyId: key, secretAccessKey: `${secret}x` }
    expect((await askSigned(`${url}/v1/x`, wrong, { added: { "x-apig-appcode": code } })).status).toBe(200)
  })

  it("does not find its AppCode in the echo", async () => {
    const { url, accounts } = await runningEmulator()
    const { code } = accounts.partner.app
    expect(JSON.stringify((await send(`${url}/v1/x`, appCodeAuth(code))).body)).not.toContain(code)
  })

  it.each<[string, (app: { key: string; secret: string; code: string }) => Auth, string]>([
    [
      "an unknown AppKey",
      ({ secret }) => appAuth({ key: "0123456789abcdef0123456789abcdef", secret }),
      "Incorrect app authentication information: app not found, appkey 0123456789abcdef0123456789abcdef",
    ],
    [
      "an unknown AppKey that is a UUID",
      ({ secret }) => appAuth({ key: "4f5f626b-073f-402f-a1e0-e52171c6100c", secret }),
      "Incorrect app authentication information: app not found, appkey 4f5f626b-073f-402f-a1e0-e52171c6100c",
    ],
    [
      "a wrong AppSecret",
      ({ key }) => appAuth({ key, secret: "wrong" }),
      "Incorrect app authentication information: verify signature fail, canonicalRequest:GET|/v1/x/|",
    ],
    ["an unknown AppCode", () => appCodeAuth("wrong"), "Incorrect app authentication information."],
  ])("is refused with %s", async (_, authOf, message) => {
    const { url, accounts } = await runningEmulator()
    const { status, body } = await send(`${url}/v1/x`, authOf(accounts.partner.app))
    expect([status, body.error_code]).toEqual([401, "APIG.0303"])
    expect(body.error_msg).toContain(message)
    expect(explain({ status, body: JSON.stringify(body) }).cause).toMatch(/app-credentials-refused|signature-mismatch/)
  })

  it("is refused with an old signature, and its auth learns the server's time", async () => {
    const { url, accounts, faults } = await runningEmulator()
    const { app } = accounts.partner
    faults.clockOffset(20 * MINUTE)
    const target = `${url}/v1/x`
    const headers = sign({ method: "GET", url: target }, { accessKeyId: app.key, secretAccessKey: app.secret })
    expect((await ask(target, { headers })).body.error_msg).toMatch(
      /^Incorrect app authentication information: signature expired, signature time:\d{8}T\d{6}Z,server time:/,
    )
    expect((await send(target, appAuth(app))).status).toBe(200)
  })

  it("is not locked by failures", async () => {
    const { url, accounts } = await runningEmulator()
    const { key, secret } = accounts.partner.app
    for (let count = 0; count < 7; count++)
      await askSigned(`${url}/v1/x`, { accessKeyId: key, secretAccessKey: "wrong" })
    expect((await askSigned(`${url}/v1/x`, { accessKeyId: key, secretAccessKey: secret })).status).toBe(200)
  })

  it.each([
    ["an app that no API was granted to", "unauthorizedApp", "/v1/x"],
    ["Partner Center", "app", "/v2/orders/customer-orders"],
  ] as const)("is forbidden: %s", async (_, name, path) => {
    const { url, accounts } = await runningEmulator()
    const app = accounts.partner[name]
    for (const auth of [appAuth(app), appCodeAuth(app.code)]) {
      const { status, body } = await send(url + path, auth)
      expect([status, body.error_code, body.error_msg]).toEqual([
        403,
        "APIG.0304",
        "The app is not authorized to access the API.",
      ])
      expect(explain({ status, body: JSON.stringify(body) }).cause).toBe("app-credentials-refused")
    }
  })

  it("is unknown to IAM", async () => {
    const { url, accounts } = await runningEmulator()
    const { key, secret } = accounts.partner.app
    const options = { method: "POST", body: { auth: { identity: { methods: ["token"] } } } }
    const path = "/v3.0/OS-CREDENTIAL/securitytokens"
    const { status } = await askSigned(url + path, { accessKeyId: key, secretAccessKey: secret }, options)
    expect(status).toBe(401)
  })

  it("cannot sign a body above 12 MB", async () => {
    const { url, accounts } = await runningEmulator()
    const { key, secret } = accounts.partner.app
    const options = { method: "POST", body: "x", sent: "x".repeat(12 * 1024 * 1024 + 1) }
    expect(await askSigned(`${url}/v1/x`, { accessKeyId: key, secretAccessKey: secret }, options)).toMatchObject({
      status: 413,
      body: { error_code: "APIG.0201" },
    })
  })
})

describe("the check of an app's request", () => {
  it("is shown step by step, and explained", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const { app, unauthorizedApp } = accounts.partner
    await send(`${url}/v1/x`, appAuth({ key: app.key, secret: "wrong" }))
    await send(`${url}/v1/x`, appAuth({ key: app.key, secret: unauthorizedApp.secret }))
    await send(`${url}/v1/x`, appAuth(unauthorizedApp))
    await send(`${url}/v1/x`, appCodeAuth(app.code))
    await send(`${url}/v1/x`, appCodeAuth("wrong-code"))
    await send(`${url}/v1/x`, appCodeAuth(unauthorizedApp.code))
    await send(`${url}/v1/x`, appAuth({ key: "0123456789abcdef0123456789abcdef", secret: "wrong" }))
    const found = await Promise.all(
      [1, 2, 3, 4, 5, 6, 7].map(async (id) => (await ask(`${url}/-/requests/${id}`)).body as unknown as RequestDetail),
    )
    const last = found.map(({ check, explanation }) => {
      const { name, state } = check.steps.find((step) => step.state === "failed") ?? check.steps.at(-1) ?? {}
      return [name, state, explanation?.cause, explanation?.confidence, explanation?.locks]
    })
    expect(last).toEqual([
      ["Signature", "failed", "wrong-secret-key", "likely", false],
      ["Signature", "failed", "wrong-secret-key", "certain", false],
      ["Permission", "failed", "app-credentials-refused", "certain", false],
      ["App", "passed", undefined, undefined, undefined],
      ["App", "failed", "app-credentials-refused", "certain", false],
      ["Permission", "failed", "app-credentials-refused", "certain", false],
      ["Access key", "failed", "app-credentials-refused", "certain", false],
    ])
    expect(found[1]?.explanation?.evidence).toEqual([
      "The request arrived as it was signed, but it was signed with the AppSecret of partner-stray-app.",
    ])
  })

  it("shows no AppCode, and no foreign AppKey", async () => {
    const { url, accounts } = await runningEmulator({ ui: true })
    const { code } = accounts.partner.app
    const foreign = "4f5f626b-073f-402f-a1e0-e52171c6100c"
    await send(`${url}/v1/x`, appCodeAuth(code))
    await send(`${url}/v1/x`, appAuth({ key: foreign, secret: "s" }))
    const { requests } = (await ask(`${url}/-/requests`)).body as { requests: RequestSummary[] }
    const details = await Promise.all(requests.map(async ({ id }) => (await ask(`${url}/-/requests/${id}`)).body))
    const text = JSON.stringify([requests, details, (await ask(`${url}/-/requests.har`)).body])
    expect(text).not.toContain(code)
    expect(text).not.toContain(foreign)
    expect(text).toContain("appkey 4f5…0c")
  })
})
