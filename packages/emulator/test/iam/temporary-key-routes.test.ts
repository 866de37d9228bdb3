import {
  agencyCredentials,
  akskAuth,
  assumeAgencyCredentials,
  type Credentials,
  callerIdentity,
  openTelekomCloud,
  passwordToken,
  type TokenProvider,
  tokenCredentials,
} from "@countersign/auth-core"
import { authenticatedFetch, createHostGuard } from "@countersign/auth-core/adapter"
import { describe, expect, it } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { ask, askSigned, HOUR, MINUTE, partnerToken, runningEmulator } from "../running-emulator.ts"

const PATH = "/v3.0/OS-CREDENTIAL/securitytokens"

function viaPartner({ url, accounts: { partner } }: Emulator): TokenProvider {
  const { name, password } = partner.user
  const domain = partner.domain.name
  return passwordToken({ iamEndpoint: url, user: name, password, domain, scope: { domain } })
}

async function keyOf(emulator: Emulator): Promise<Credentials> {
  return tokenCredentials({ via: viaPartner(emulator), durationSeconds: 900 })()
}

describe("a temporary key", () => {
  it("of a token acts for the token's user at the gateway, for the requested time", async () => {
    const emulator = await runningEmulator()
    const key = await keyOf(emulator)
    expect(Number(key.expiresAt) - Date.now()).toBeGreaterThan(14.5 * MINUTE)
    const answer = await askSigned(`${emulator.url}/v1/x`, key)
    expect(answer.body.caller).toMatchObject({ scheme: "signature", user: "partner-operator" })
    emulator.setClock(15 * MINUTE)
    const late = await askSigned(
      `${emulator.url}/v1/x`,
      { ...key, expiresAt: undefined },
      { date: new Date(Date.now() + 15 * MINUTE) },
    )
    expect(late.body.error_msg).toContain("token expires, expires_at: ")
  })

  it("through an agency acts for the customer, requested with a token or with AK/SK", async () => {
    const emulator = await runningEmulator()
    const { partner, customers } = emulator.accounts
    for (const via of [viaPartner(emulator), async () => partner.user.credentials]) {
      const key = await agencyCredentials({
        iamEndpoint: emulator.url,
        via: via as TokenProvider,
        agency: customers[2].agency.name,
        domain: customers[2].domain.name,
      })()
      const answer = await askSigned(`${emulator.url}/v1/x`, key)
      expect(answer.body.caller).toMatchObject({ domain: "customer-3-account", assumedBy: "partner-operator" })
    }
  })

  it("is got, and used, with the scoped signatures of Open Telekom Cloud", async () => {
    const { url, accounts } = await runningEmulator()
    const { partner, customers } = accounts
    const cloud = openTelekomCloud
    const schemes: string[] = []
    const fetch: typeof globalThis.fetch = (input, init) => {
      schemes.push(String(new Headers(init?.headers).get("authorization")).replace(/=.*/, ""))
      return globalThis.fetch(input, init)
    }
    const provider = agencyCredentials({
      iamEndpoint: url,
      cloud,
      fetch,
      via: async () => partner.user.credentials,
      agency: customers[2].agency.name,
      domain: customers[2].domain.name,
    })
    const auth = akskAuth(provider, { cloud, region: "eu-de", domainId: "auto", iam: { iamEndpoint: url, fetch } })
    const guard = createHostGuard({ hosts: [new URL(url).host] })
    const init = { method: "POST", body: '{"a":1}' }
    const answer = await authenticatedFetch(() => auth, `${url}/v1/x?b=2&a=1&a=0`, init, { key: "auth", fetch, guard })
    expect(await answer.json()).toMatchObject({ caller: { scheme: "signature", domain: "customer-3-account" } })
    expect(schemes).toEqual(Array(3).fill("SDK-HMAC-SHA256 Credential"))
  })

  it("of a signer is asked for with AK/SK alone, and with the duration as a number or as text", async () => {
    const { url, accounts } = await runningEmulator()
    const { credentials } = accounts.partner.user
    for (const duration of [3600, "3600"]) {
      const body = JSON.stringify({ auth: { identity: { methods: ["token"], token: { duration_seconds: duration } } } })
      const answer = await askSigned(url + PATH, credentials, { method: "POST", body })
      expect(answer).toMatchObject({ status: 201, body: { credential: { access: expect.any(String) } } })
      const { expires_at } = answer.body.credential as { expires_at: string }
      expect(Date.parse(expires_at) - Date.now()).toBeGreaterThan(59 * MINUTE)
    }
    const key = await tokenCredentials({ via: async () => credentials, iamEndpoint: url })()
    const caller = (await askSigned(`${url}/v1/x`, key)).body.caller
    expect(caller).toMatchObject({ scheme: "signature", user: "partner-operator" })
    const long = JSON.stringify({ auth: { identity: { methods: ["token"], token: { duration_seconds: "1e3" } } } })
    expect((await askSigned(url + PATH, credentials, { method: "POST", body: long })).status).toBe(400)
  })

  it("is refused without its security token, with another's, and with the token unsigned", async () => {
    const emulator = await runningEmulator()
    const [key, other] = [await keyOf(emulator), await keyOf(emulator)]
    const url = `${emulator.url}/v1/x`
    const refused = {
      status: 401,
      body: { error_msg: "Incorrect IAM authentication information: decrypt token fail" },
    }
    expect(await askSigned(url, { ...key, securityToken: undefined })).toMatchObject(refused)
    expect(await askSigned(url, { ...key, securityToken: other.securityToken })).toMatchObject(refused)
    const added = { "x-security-token": String(key.securityToken) }
    expect(await askSigned(url, { ...key, securityToken: undefined }, { added })).toMatchObject(refused)
    expect((await askSigned(url, key)).status).toBe(200)
  })

  it("is refused once it is revoked", async () => {
    const emulator = await runningEmulator()
    const key = await keyOf(emulator)
    emulator.faults.revokeKey(key.accessKeyId)
    expect((await askSigned(`${emulator.url}/v1/x`, key)).body.error_msg).toContain("ak not exist")
  })

  it.each([
    ["899 seconds", { methods: ["token"], token: { duration_seconds: 899 } }],
    ["more than a day", { methods: ["token"], token: { duration_seconds: 86_401 } }],
    ["a policy of another version", { methods: ["token"], policy: { Version: "1.0", Statement: [] } }],
    ["a policy of nine statements", { methods: ["token"], policy: { Version: "1.1", Statement: Array(9).fill({}) } }],
    ["an unknown method", { methods: ["password"] }],
  ])("is not given for %s", async (_, identity) => {
    const emulator = await runningEmulator()
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const answer = await ask(emulator.url + PATH, { method: "POST", headers, body: { auth: { identity } } })
    expect(answer.status).toBe(400)
  })

  it("lives for 15 minutes by default", async () => {
    const emulator = await runningEmulator()
    emulator.setClock(() => Date.UTC(2026, 0, 1))
    const headers = { "x-auth-token": await partnerToken(emulator) }
    const body = { auth: { identity: { methods: ["token"], policy: { Version: "1.1", Statement: [{}] } } } }
    expect(await ask(emulator.url + PATH, { method: "POST", headers, body })).toMatchObject({
      status: 201,
      body: { credential: { expires_at: "2026-01-01T00:15:00.000000Z" } },
    })
  })
})

describe("STS", () => {
  it("gives a key of an agency to a trusted caller, and names the owner of a key", async () => {
    const emulator = await runningEmulator()
    const { partner, customers } = emulator.accounts
    const [{ agency, domain }] = customers
    const stsEndpoint = emulator.url
    const key = await assumeAgencyCredentials({
      stsEndpoint,
      via: async () => partner.user.credentials,
      agencyUrn: agency.urn,
      sessionName: "nightly",
    })()
    expect(Number(key.expiresAt) - Date.now()).toBeGreaterThan(HOUR - MINUTE)
    expect(await callerIdentity({ stsEndpoint }, key)).toEqual({
      accountId: domain.id,
      principalUrn: `sts::${domain.id}:assumed-agency:partner-agency/nightly`,
      principalId: `${agency.id}:nightly`,
    })
    expect(await callerIdentity({ stsEndpoint }, partner.user.credentials)).toEqual({
      accountId: partner.domain.id,
      principalUrn: `iam::${partner.domain.id}:user:partner-operator`,
      principalId: partner.user.id,
    })
  })

  it.each([
    ["an unknown agency", "partner", { agency_urn: "iam::x:agency:y", agency_session_name: "s" }, 403],
    ["no session name", "partner", { agency_urn: "iam::x:agency:y" }, 400],
    ["a stranger", "customer", { agency_session_name: "s" }, 403],
    ["more than 12 hours", "partner", { agency_session_name: "s", duration_seconds: 43_201 }, 400],
  ])("refuses %s", async (_, who, body, status) => {
    const { url, accounts } = await runningEmulator()
    const key = who === "partner" ? accounts.partner.user.credentials : accounts.customers[1].user.credentials
    const answer = await askSigned(`${url}/v5/agencies/assume`, key, {
      method: "POST",
      body: { agency_urn: accounts.customers[0].agency.urn, ...body },
    })
    expect(answer.status).toBe(status)
  })

  it("refuses an agency that trusts somebody else", async () => {
    const { url, accounts } = await runningEmulator()
    const body = { agency_urn: accounts.customers[0].foreignAgency.urn, agency_session_name: "s" }
    const key = accounts.partner.user.credentials
    expect((await askSigned(`${url}/v5/agencies/assume`, key, { method: "POST", body })).status).toBe(403)
  })

  it("gives at most an hour to a caller with a temporary key", async () => {
    const emulator = await runningEmulator()
    const answer = await askSigned(`${emulator.url}/v5/agencies/assume`, await keyOf(emulator), {
      method: "POST",
      body: {
        agency_urn: emulator.accounts.customers[0].agency.urn,
        agency_session_name: "s",
        duration_seconds: 3_601,
      },
    })
    expect(answer.status).toBe(400)
  })

  it("refuses a caller without a signature", async () => {
    const { url } = await runningEmulator()
    expect(await ask(`${url}/v5/caller-identity`)).toMatchObject({ status: 401, body: { error_code: "APIGW.0301" } })
  })
})
