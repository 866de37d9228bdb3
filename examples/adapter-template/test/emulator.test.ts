import { type Auth, akskAuth, passwordToken, tokenAuth } from "@countersign/auth-core"
import { startEmulator } from "@countersign/emulator"
import superagent from "superagent"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"

describe("superagent against the emulator", () => {
  let emulator: Awaited<ReturnType<typeof startEmulator>>
  beforeAll(async () => {
    emulator = await startEmulator()
  })
  beforeEach(() => emulator.faults.reset())
  afterAll(() => emulator.close())

  const signed = () => akskAuth(emulator.accounts.partner.user.credentials)
  const byToken = () => {
    const { url: iamEndpoint, accounts } = emulator
    const { name: domain } = accounts.partner.domain
    const { name: user, password } = accounts.partner.user
    return tokenAuth(passwordToken({ iamEndpoint, user, password, domain, scope: { domain } }))
  }
  const call = (auth: Auth) =>
    withAuth(superagent.agent(), auth, { hosts: [new URL(emulator.url).host] })
      .post(`${emulator.url}/v2/partners/sub-customers/query`)
      .query({ page: "a b" })
      .send({ limit: 10, name: "ü" })

  it.each([
    ["AK/SK", signed],
    ["a token", byToken],
  ])("asks Partner Center for customers, with %s", async (_, auth) => {
    const { status, body } = await call(auth())
    expect([status, body.count]).toEqual([200, emulator.accounts.customers.length])
  })

  it("renews a revoked token, and signs again by the server's clock", async () => {
    const [token, aksk] = [byToken(), signed()]
    await call(token)
    emulator.faults.revokeToken()
    expect((await call(token)).status).toBe(200)
    emulator.faults.clockOffset(20 * 60_000)
    expect((await call(aksk)).status).toBe(200)
  })
})
