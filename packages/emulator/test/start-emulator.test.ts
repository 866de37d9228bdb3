import { connect } from "node:net"
import { agencyToken, akskAuth, passwordToken, tokenAuth } from "@countersign/auth-core"
import { expect, it } from "vitest"
import { startEmulator } from "../src/index.ts"
import { ask, MINUTE, runningEmulator } from "./running-emulator.ts"

it("lets a partner get a customer's token and call Partner Center with it", async () => {
  const { url, accounts } = await runningEmulator()
  const { partner, customers } = accounts
  const { agency, domain } = customers[1]
  const via = passwordToken({
    iamEndpoint: url,
    user: partner.user.name,
    password: partner.user.password,
    domain: partner.domain.name,
    scope: { domain: partner.domain.name },
  })
  const customer = agencyToken({ via, agency: agency.name, domain: domain.name, scope: { domain: domain.name } })
  const attempt = { method: "GET", url, headers: {}, body: null }
  const { headers } = await tokenAuth(customer).authenticate(attempt)
  const balances = await ask(`${url}/v2/accounts/customer-accounts/balances`, { headers: { ...headers } })
  expect(balances.body).toHaveProperty("account_balances")
  const who = await ask(`${url}/v1/who`, { headers: { ...headers } })
  expect(who.body.caller).toMatchObject({ domain: "customer-2-account", assumedBy: "partner-operator" })
})

it("serves an akskAuth whose clock is 20 minutes off after one replay", async () => {
  const emulator = await runningEmulator()
  emulator.faults.clockOffset(-20 * MINUTE)
  const auth = akskAuth(emulator.accounts.partner.user.credentials)
  const url = `${emulator.url}/x`
  const attempt = { method: "GET", url, headers: {}, body: null }
  const first = await auth.authenticate(attempt)
  const refused = await ask(url, { headers: { ...first.headers } })
  const rejection = { status: 401, origin: emulator.url, errorMessage: String(refused.body.error_msg), replayed: false }
  expect(await auth.judge(first, rejection)).toBe("clock-corrected")
  expect((await ask(url, { headers: { ...(await auth.authenticate(attempt)).headers } })).status).toBe(200)
})

it("listens on the given address, and throws when it cannot", async () => {
  const { url } = await runningEmulator({ host: "localhost" })
  expect((await ask(`${url}/v3`)).status).toBe(200)
  const port = Number(new URL(url).port)
  await expect(startEmulator({ host: "localhost", port })).rejects.toMatchObject({ code: "EADDRINUSE" })
})

it.each(["/v3/auth/tokens", "/v3.0/OS-CREDENTIAL/securitytokens", "/v5/agencies/assume", "/pod-identity/credentials"])(
  "refuses a body above 1 MB that never ends: POST %s",
  async (path) => {
    const { url } = await runningEmulator()
    const { hostname, port } = new URL(url)
    const socket = connect(Number(port), hostname)
    socket.write(`POST ${path} HTTP/1.1\r\nhost: ${hostname}\r\ntransfer-encoding: chunked\r\n\r\n`)
    const chunk = `10000\r\n${"x".repeat(0x10000)}\r\n`
    const writeOn = (): void => {
      while (socket.writable && socket.write(chunk));
    }
    socket.on("drain", writeOn).on("error", () => undefined)
    writeOn()
    let answer = ""
    socket.on("data", (data) => {
      answer += data
    })
    await new Promise((resolve) => socket.on("close", resolve))
    expect(answer).toMatch(/^HTTP\/1.1 413 /)
    expect(answer).toContain("larger than 1048576 bytes")
  },
)

it("may run several times, independently", async () => {
  const [one, other] = [await runningEmulator(), await runningEmulator()]
  one.faults.status(500, { target: "all" })
  one.faults.changePassword(one.accounts.partner.user, "another")
  expect([(await ask(`${one.url}/v3`)).status, (await ask(`${other.url}/v3`)).status]).toEqual([500, 200])
  expect(other.stats.calls).toEqual({ "GET /v3": 1 })
})

it.each([
  [null, /^`options` must be an object/],
  [{ port: "x" }, /^`port` must be a whole number from 0 to 65535\.$/],
  [{ port: 65_536 }, /^`port`/],
  [{ host: 5 }, /^`host` must be a text\.$/],
  [{ ui: "x" }, /^`ui` must be true or false\.$/],
  [{ cors: 5 }, /^`cors` must be \*, or a list of origins/],
  [{ cors: "http://localhost:5173" }, /^`cors`/],
  [{ cors: ["http://localhost:5173/"] }, /^`cors`/],
  [{ onRequest: "x" }, /^`onRequest` must be a function\.$/],
  [{ wrongPasswords: 0 }, /^`wrongPasswords` must be a whole number, 1 or more\.$/],
])("refuses the options %j", async (options, message) => {
  await expect(startEmulator(options as never)).rejects.toThrow(
    expect.objectContaining({ code: "AUTH_INVALID_OPTION", message: expect.stringMatching(message) }),
  )
})

it("takes an empty option as its default", async () => {
  const { url } = await runningEmulator({ port: undefined, host: undefined, ui: undefined, cors: undefined })
  expect((await ask(`${url}/v3`)).status).toBe(200)
})

it.each([["noon"], [Number.NaN], [null], [() => Number.NaN], [() => "noon"], [new Date(0)]])(
  "refuses the clock %s",
  async (clock) => {
    const { setClock } = await runningEmulator()
    expect(() => setClock(clock as never)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  },
)
