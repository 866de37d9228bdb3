import "@countersign/auth-core/p256"
import "@countersign/auth-core/sm2"
import { describe, expect, it } from "vitest"
import { ask, askSigned, HOUR, MINUTE, partnerToken, runningEmulator } from "../running-emulator.ts"

const REFUSED = "Incorrect IAM authentication information: "
const LIMIT = 12 * 1024 * 1024

describe("the gateway, with a token", () => {
  it("accepts a valid one and names the caller", async () => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    expect(await ask(`${emulator.url}/v1/x?b=1`, { headers })).toMatchObject({
      status: 200,
      body: { target: "/v1/x?b=1", caller: { scheme: "token", domain: "partner-account", user: "partner-operator" } },
    })
  })

  it.each([
    ["none", {}, "x-auth-token not found"],
    ["an unknown one", { "x-auth-token": "MIInonsense" }, "decrypt token fail"],
    ["an empty one", { "x-auth-token": "" }, "decrypt token fail"],
  ])("refuses %s in the gateway's words", async (_, given, message) => {
    const { url } = await runningEmulator()
    const { status, body, headers } = await ask(`${url}/v1/x`, { headers: given })
    expect(status).toBe(401)
    expect(body).toEqual({
      error_code: "APIGW.0301",
      error_msg: REFUSED + message,
      request_id: headers.get("x-request-id"),
    })
  })

  it("refuses one after 24 hours, or after its revocation", async () => {
    const emulator = await runningEmulator()
    let now = Date.UTC(2026, 0, 1)
    emulator.setClock(() => now)
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const call = () => ask(`${emulator.url}/x`, { headers })
    now += 24 * HOUR - 1
    expect((await call()).status).toBe(200)
    now += 1
    expect((await call()).body.error_msg).toBe(`${REFUSED}token expires, expires_at: 2026-01-02T00:00:00.000000Z`)
    now -= HOUR
    emulator.faults.revokeToken(headers["x-auth-token"])
    expect((await call()).body.error_msg).toBe(`${REFUSED}decrypt token fail`)
  })

  it("accepts a body of any size", async () => {
    const emulator = await runningEmulator()
    const body = new Uint8Array(LIMIT + 1)
    const response = await fetch(`${emulator.url}/upload`, {
      method: "PUT",
      headers: { "x-auth-token": await partnerToken(emulator) },
      body,
    })
    expect(await response.json()).toMatchObject({ body: { bytes: body.length } })
  })
})

describe("the gateway, with a signature", () => {
  it.each([
    ["SDK-HMAC-SHA256", {}],
    ["SDK-HMAC-SM3", { algorithm: "SDK-HMAC-SM3" }],
    ["V11-HMAC-SHA256", { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" }],
    ["SDK-ECDSA-P256-SHA256", { algorithm: "SDK-ECDSA-P256-SHA256" }],
    ["SDK-SM2-SM3", { algorithm: "SDK-SM2-SM3" }],
    ["the scoped form", { scoped: true }],
    ["auto", { algorithm: "auto" }],
  ] as const)("lets a right one in: %s", async (_, options) => {
    const { url, accounts } = await runningEmulator()
    const key = accounts.partner.user.credentials
    const request = { method: "POST", body: '{"a":"ü"}', ...options }
    expect(await askSigned(`${url}/v1/a%20b?z=1&a=2`, key, request)).toMatchObject({
      status: 200,
      body: { caller: { scheme: "signature" } },
    })
  })

  it("refuses a changed request, and shows its canonical request", async () => {
    const emulator = await runningEmulator()
    const url = `${emulator.url}/v1/things`
    await askSigned(url, emulator.accounts.partner.user.credentials, { method: "POST", body: "a" })
    const [{ headers = {} } = {}] = emulator.stats.requests
    const { authorization = "", "x-sdk-date": date = "" } = headers
    const { status, body } = await ask(url, {
      method: "POST",
      headers: { authorization, "x-sdk-date": date },
      body: "b",
    })
    expect(status).toBe(401)
    const hash = "3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d"
    expect(body.error_msg).toBe(
      `${REFUSED}verify aksk signature fail, canonicalRequest:POST|/v1/things/||host:${new URL(url).host}|x-sdk-date:${date}||host;x-sdk-date|${hash}`,
    )
  })

  it("refuses a time that is off by 15 minutes and a second, either way, and shows both times", async () => {
    const emulator = await runningEmulator()
    const start = Date.UTC(2026, 10, 23)
    emulator.setClock(() => start)
    const at = (offset: number) =>
      askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials, { date: new Date(start + offset) })
    for (const sign of [1, -1]) {
      expect((await at(sign * 15 * MINUTE)).status).toBe(200)
      expect((await at(sign * (15 * MINUTE + 1_000))).body.error_msg).toMatch(
        /calc aksk signature fail:signature expired, signature time:2026112\dT\d{6}Z,server time:20261123T000000Z$/,
      )
    }
  })

  it("refuses an unknown key", async () => {
    const { url } = await runningEmulator()
    const key = { accessKeyId: "AKNOBODY", secretAccessKey: "x" }
    expect((await askSigned(`${url}/v1/x`, key)).body.error_msg).toBe(
      `${REFUSED}Get secretKey failed,ak:AKNOBODY,err:ak not exist`,
    )
  })

  it("locks a key for five minutes after more than five failures, and a success resets the count", async () => {
    const emulator = await runningEmulator()
    let now = Date.now()
    emulator.setClock(() => now)
    const key = emulator.accounts.partner.user.credentials
    const call = (secret?: string) =>
      askSigned(
        `${emulator.url}/v1/x`,
        { ...key, ...(secret === undefined ? {} : { secretAccessKey: secret }) },
        { date: new Date(now) },
      )
    const fail = async (times: number): Promise<void> => {
      for (let time = 0; time < times; time++)
        expect((await call("wrong")).body.error_msg).toContain("verify aksk signature fail")
    }
    await fail(5)
    expect((await call()).status).toBe(200)
    await fail(6)
    expect((await call()).body.error_msg).toBe(`${REFUSED}AK access failed to reach the limit,forbidden`)
    now += 5 * MINUTE - 1
    expect((await call()).status).toBe(401)
    now += 1
    expect((await call()).status).toBe(200)
  })

  it("accepts 12 MB, and no signature over one byte more", async () => {
    const { url, accounts } = await runningEmulator()
    const key = accounts.partner.user.credentials
    const headers = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    const upload = (bytes: number) =>
      askSigned(`${url}/upload`, key, { method: "PUT", headers, sent: new Uint8Array(bytes) })
    expect(await askSigned(`${url}/upload`, key, { method: "PUT", sent: new Uint8Array(LIMIT + 1) })).toMatchObject({
      status: 401,
      body: { error_code: "APIGW.0301", error_msg: `${REFUSED}calc aksk signature fail:body too large` },
    })
    expect((await upload(LIMIT)).status).toBe(200)
    expect(await upload(LIMIT + 1)).toMatchObject({
      status: 413,
      body: { error_code: "APIGW.0201", error_msg: "Request entity too large" },
    })
  })

  it("accepts an unsigned body only if UNSIGNED-PAYLOAD is signed", async () => {
    const { url, accounts } = await runningEmulator()
    const key = accounts.partner.user.credentials
    const unsigned = { "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" }
    const another = { method: "POST", body: "signed", sent: "another" }
    expect((await askSigned(`${url}/v1/x`, key, { ...another, headers: unsigned })).status).toBe(200)
    expect((await askSigned(`${url}/v1/x`, key, { ...another, added: unsigned })).status).toBe(401)
  })
})
