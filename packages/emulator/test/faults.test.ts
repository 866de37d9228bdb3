import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import type { Faults } from "../src/index.ts"
import { ask, askSigned, login, MINUTE, partnerToken, runningEmulator } from "./running-emulator.ts"

const run = promisify(execFile)

describe("faults at the gateway", () => {
  it("a status for the next requests, with Retry-After, and then none", async () => {
    const { url, accounts, faults } = await runningEmulator()
    const signed = () => askSigned(`${url}/v1/x`, accounts.partner.user.credentials)
    faults.status(503, { times: 2, retryAfterSeconds: 7 })
    const answers = [await signed(), await signed(), await signed()]
    expect(answers.map(({ status }) => status)).toEqual([503, 503, 200])
    expect(answers[0]?.headers.get("retry-after")).toBe("7")
    expect(answers[0]?.body).toMatchObject({ error_msg: "A requested fault.", request_id: expect.any(String) })
  })

  it.each(["/v9/", /^\/v9\b/g] as const)("for some paths only: %s", async (target) => {
    const { url, accounts, faults } = await runningEmulator()
    faults.status(500, { target })
    const statusOf = async (path: string): Promise<number> =>
      (await askSigned(url + path, accounts.partner.user.credentials)).status
    expect([await statusOf("/v9/x"), await statusOf("/v1/v9/x"), await statusOf("/v9/y")]).toEqual([500, 200, 500])
  })

  it("a delay and another fault together", async () => {
    const { url, faults } = await runningEmulator()
    faults.delay(80, { times: 1 })
    faults.status(500, { times: 1 })
    const start = performance.now()
    expect((await ask(`${url}/v1/x`)).status).toBe(500)
    expect(performance.now() - start).toBeGreaterThan(75)
  })

  it("a delay does not outlive the emulator", { timeout: 30_000 }, async () => {
    const program = `
      import { startEmulator } from ${JSON.stringify(new URL("../src/index.ts", import.meta.url))}
      const emulator = await startEmulator()
      emulator.faults.delay(60_000)
      const call = fetch(emulator.url + "/v1/x").catch((error) => error.message)
      while (emulator.stats.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
      await emulator.close()
      console.log(await call, emulator.stats.requests[0].status)`
    const { stdout } = await run(process.execPath, ["--input-type=module", "--eval", program], { timeout: 25_000 })
    expect(stdout).toBe("fetch failed undefined\n")
  })

  it("a dropped connection", async () => {
    const { url, accounts, faults } = await runningEmulator()
    const signed = () => askSigned(`${url}/v1/x`, accounts.partner.user.credentials)
    faults.dropConnection({ times: 1 })
    await expect(signed()).rejects.toThrow("fetch failed")
    expect((await signed()).status).toBe(200)
  })

  it.each([undefined, 301, 302, 303, 307, 308] as const)("a redirect: %s", async (status) => {
    const { url, faults } = await runningEmulator()
    faults.redirect("/elsewhere", { times: 1, status })
    const answer = await ask(`${url}/x`, { method: "POST", body: "x" })
    expect([answer.status, answer.headers.get("location")]).toEqual([status ?? 302, "/elsewhere"])
  })

  it("a clock that is off, for signatures and in the Date header", async () => {
    const { url, accounts, faults } = await runningEmulator()
    const signed = () => askSigned(`${url}/v1/x`, accounts.partner.user.credentials)
    faults.clockOffset(20 * MINUTE)
    const { body, headers } = await signed()
    expect(body.error_msg).toContain("signature expired")
    expect(Math.abs(Date.parse(headers.get("date") ?? "") - Date.now() - 20 * MINUTE)).toBeLessThan(5_000)
    faults.reset()
    expect((await signed()).status).toBe(200)
  })

  it("a rotated key: the old one is unknown, the new one works", async () => {
    const { url, accounts, faults } = await runningEmulator()
    const { credentials } = accounts.partner.user
    const next = faults.rotateKey(credentials.accessKeyId)
    expect((await askSigned(`${url}/v1/x`, credentials)).body.error_msg).toContain("ak not exist")
    expect((await askSigned(`${url}/v1/x`, next)).status).toBe(200)
  })
})

describe("faults at IAM", () => {
  it("answer in IAM's form, count as calls, and do not affect the gateway", async () => {
    const emulator = await runningEmulator()
    emulator.faults.status(503, { target: "iam", times: 1, retryAfterSeconds: 3 })
    const answer = await login(emulator)
    expect(answer).toMatchObject({ status: 503, body: { error: { code: 503, title: "Service Unavailable" } } })
    expect(answer.headers.get("retry-after")).toBe("3")
    expect(emulator.stats.iamCalls).toBe(1)
    expect((await login(emulator)).status).toBe(201)
  })

  it("delay, drop and redirect there too", async () => {
    const emulator = await runningEmulator()
    emulator.faults.delay(60, { target: "iam", times: 1 })
    const start = performance.now()
    await login(emulator)
    expect(performance.now() - start).toBeGreaterThan(55)
    emulator.faults.dropConnection({ target: "iam", times: 1 })
    await expect(login(emulator)).rejects.toThrow("fetch failed")
    emulator.faults.redirect("https://elsewhere.example.com/", { target: "/v3/auth/tokens", times: 1, status: 308 })
    const moved = await login(emulator)
    expect([moved.status, moved.headers.get("location")]).toEqual([308, "https://elsewhere.example.com/"])
  })

  it("affect everything with the target all", async () => {
    const emulator = await runningEmulator()
    emulator.faults.status(500, { target: "all" })
    for (const path of ["/v1/x", "/v3", "/openstack/latest/securitykey"])
      expect((await ask(emulator.url + path)).status).toBe(500)
    emulator.faults.reset()
    expect((await ask(`${emulator.url}/v3`)).status).toBe(200)
  })
})

describe("throttling", () => {
  it("answers 429 above the rate, with the time until the window ends", async () => {
    const emulator = await runningEmulator()
    let now = Date.now()
    emulator.setClock(() => now)
    emulator.faults.throttle(2, { perMs: 10_000 })
    const key = emulator.accounts.partner.user.credentials
    const statuses = async (): Promise<number[]> => {
      const answers = await Promise.all([1, 2, 3].map(() => askSigned(`${emulator.url}/v1/x`, key)))
      const refused = answers.find(({ status }) => status === 429)
      expect(refused).toMatchObject({ body: { error_code: "APIGW.0308" } })
      expect(refused?.headers.get("retry-after")).toBe("10")
      return answers.map(({ status }) => status).sort()
    }
    expect(await statuses()).toEqual([200, 200, 429])
    now += 10_000
    expect(await statuses()).toEqual([200, 200, 429])
  })
})

describe("locks", () => {
  it("lock and unlock a user and a key", async () => {
    const emulator = await runningEmulator()
    const { user } = emulator.accounts.partner
    const signed = () => askSigned(`${emulator.url}/v1/x`, user.credentials)
    emulator.faults.lock(user)
    expect((await login(emulator)).body.error_code).toBe("IAM.0061")
    expect((await signed()).status).toBe(200)
    emulator.faults.unlock(user)
    expect((await login(emulator)).status).toBe(201)
    emulator.faults.lock(user.credentials)
    expect((await signed()).body.error_msg).toContain("AK access failed to reach the limit,forbidden")
    emulator.faults.unlock(user.credentials)
    expect((await signed()).status).toBe(200)
  })

  it("apply to signatures for IAM and STS too", async () => {
    const emulator = await runningEmulator()
    const { credentials } = emulator.accounts.partner.user
    const wrong = { ...credentials, secretAccessKey: "wrong" }
    for (let time = 0; time < 6; time++) await askSigned(`${emulator.url}/v5/caller-identity`, wrong)
    const answer = await askSigned(`${emulator.url}/v3/auth/domains`, credentials)
    expect(answer.body.error_msg).toContain("AK access failed to reach the limit,forbidden")
  })
})

describe("a changed password", () => {
  it("ends the user's tokens, and the new password works", async () => {
    const emulator = await runningEmulator()
    const { user, plainUser } = emulator.accounts.partner
    const token = await partnerToken(emulator)
    const other = String((await login(emulator, plainUser)).headers.get("x-subject-token"))
    emulator.faults.changePassword(user, "new one")
    const statusOf = async (value: string): Promise<number> =>
      (await ask(`${emulator.url}/v1/x`, { headers: { "x-auth-token": value } })).status
    expect([await statusOf(token), await statusOf(other)]).toEqual([401, 200])
    expect((await login(emulator)).body.error_code).toBe("IAM.0062")
    expect((await login(emulator, { ...user, password: "new one" })).status).toBe(201)
  })
})

describe("a disabled user", () => {
  it("is refused until it is enabled again", async () => {
    const emulator = await runningEmulator()
    const { user } = emulator.accounts.partner
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const statuses = async (): Promise<number[]> => [
      (await ask(`${emulator.url}/v1/x`, { headers })).status,
      (await ask(`${emulator.url}/v3/auth/domains`, { headers })).status,
      (await askSigned(`${emulator.url}/v1/x`, user.credentials)).status,
      (await login(emulator)).status,
    ]
    emulator.faults.disableUser(user)
    expect(await statuses()).toEqual([401, 401, 401, 403])
    emulator.faults.disableUser(user, false)
    expect(await statuses()).toEqual([200, 200, 200, 201])
  })
})

describe("an invalid fault", () => {
  it("is refused at once", async () => {
    const { faults } = await runningEmulator()
    expect(() => faults.rotateKey("NONE")).toThrow("There is no access key NONE")
    expect(() => faults.revokeKey("NONE")).toThrow("There is no access key NONE")
    expect(() => faults.changePassword({ id: "none" }, "x")).toThrow("There is no user with the id none")
    expect(() => faults.disableUser({ id: "none" })).toThrow("There is no user with the id none")
  })
})

/** As a program without types calls them. */
type Untyped = Readonly<Record<keyof Faults, (...args: readonly unknown[]) => unknown>>

describe("a fault with a malformed argument", () => {
  it.each<[keyof Faults, ...unknown[]]>([
    ["delay", "1"],
    ["delay", -1],
    ["delay", Number.NaN],
    ["delay", 1, { times: 0 }],
    ["delay", 1, { times: 1.5 }],
    ["delay", 1, { target: "elsewhere" }],
    ["delay", 1, 3],
    ["status", 99],
    ["status", "503"],
    ["status", 503, { retryAfterSeconds: "2" }],
    ["status", 503, 3],
    ["serviceRefusal", "zzz"],
    ["serviceRefusal", "toString"],
    ["throttle", "1"],
    ["throttle", 1, { perMs: 0 }],
    ["throttle", 1, { target: 5 }],
    ["throttle", 1, 3],
    ["dropConnection", { times: "1" }],
    ["redirect", 5],
    ["redirect", ""],
    ["redirect", "a\r\nb"],
    ["redirect", "/", { status: 300 }],
    ["redirect", "/", 302],
    ["revokeToken", 5],
    ["revokeToken", "unknown"],
    ["rotateKey", undefined],
    ["revokeKey", { accessKeyId: "AK" }],
    ["changePassword", "partner-viewer", "x"],
    ["changePassword", null, "x"],
    ["disableUser", "partner-viewer"],
    ["disableUser", { id: "none" }, "no"],
    ["lock", "AK"],
    ["lock", undefined],
    ["lock", {}],
    ["unlock", "AK"],
    ["clockOffset", "5"],
    ["clockOffset", null],
    ["metadata", "on"],
  ])("is refused at once: %s %j %j", async (name, ...args) => {
    const { url, accounts, faults } = await runningEmulator()
    const call = (): unknown => (faults as Untyped)[name](...args)
    expect(call).toThrow(expect.objectContaining({ name: "AuthError", code: "AUTH_INVALID_OPTION" }))
    expect((await askSigned(`${url}/v1/x`, accounts.partner.user.credentials)).status).toBe(200)
  })
})

describe("a clock of the test", () => {
  it("decides on everything, and an offset is added to it", async () => {
    const emulator = await runningEmulator()
    const key = emulator.accounts.partner.user.credentials
    const start = Date.UTC(2031, 4, 6)
    emulator.setClock(() => start)
    const at = (time: number) => askSigned(`${emulator.url}/v1/x`, key, { date: new Date(time) })
    expect((await at(start + 15 * MINUTE)).status).toBe(200)
    emulator.faults.clockOffset(-1_000)
    expect((await at(start + 15 * MINUTE)).body.error_msg).toContain(
      "signature time:20310506T001500Z,server time:20310505T235959Z",
    )
  })
})
