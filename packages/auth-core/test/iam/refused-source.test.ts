import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import {
  agencyCredentials,
  agencyToken,
  assumeAgencyCredentials,
  type CredentialProvider,
  memoryStore,
  passwordToken,
  TokenCache,
  type TokenProvider,
  tokenCredentials,
} from "../../src/index.ts"
import { securityTokenAnswer } from "../credentials/temporary-key-answers.ts"
import { iamError, keystoneError, localIam, tokenAnswer } from "./local-iam.ts"

type Answer = ReturnType<typeof iamError>

const clock = fakeClock(Date.UTC(2026, 0, 1))

/** An IAM that accepts passwords and refuses a number of calls with a token. */
async function refusingIam(refusals: number, refusal: Answer) {
  let passwords = 0
  let calls = 0
  const iam = await localIam(({ target, headers }) => {
    if (headers["x-auth-token"] === undefined) return tokenAnswer(`MIIpartner${++passwords}`)
    calls += 1
    if (calls <= refusals) return refusal
    return target.startsWith("/v3.0/") ? securityTokenAnswer() : tokenAnswer("MIIcustomer")
  })
  const partner = passwordToken({
    iamEndpoint: iam.url,
    user: "partner-operator",
    password: "secret password",
    domain: "partner",
    scope: { domain: "partner" },
    clock,
  })
  const agency = { via: partner, iamEndpoint: iam.url, agency: "for partner", domain: "customer", clock }
  return { iam, partner, agency, passwords: () => passwords, calls: () => calls }
}

describe.each<[string, Answer]>([
  ["IAM.0063", iamError(401, "IAM.0063", "access token failed")],
  ["IAM.0066", iamError(401, "IAM.0066", "The token has expired")],
  ["IAM.0067", iamError(401, "IAM.0067", "Invalid token")],
  ["Keystone's 401", keystoneError(401, "The request you have made requires authentication.", "Unauthorized")],
])("a partner's token that IAM refuses twice (%s)", (_, refusal) => {
  it.each<[string, (setup: Awaited<ReturnType<typeof refusingIam>>) => TokenProvider | CredentialProvider]>([
    ["token", ({ agency }) => agencyToken(agency)],
    ["access key", ({ agency }) => agencyCredentials(agency)],
    ["access key of its own", ({ partner, iam }) => tokenCredentials({ via: partner, iamEndpoint: iam.url, clock })],
  ])("does not delay the next try for a %s", async (_name, providerOf) => {
    const setup = await refusingIam(2, refusal)
    const cache = new TokenCache({ clock, store: memoryStore({ clock }) })
    const provider = providerOf(setup) as TokenProvider
    await expect(cache.get(provider)).rejects.toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED", status: 401 })
    expect([setup.calls(), setup.passwords()]).toEqual([2, 2])
    expect(await cache.get(provider)).toBeTruthy()
    expect([setup.calls(), setup.passwords()]).toEqual([3, 2])
  })

  it("is renewed again at the next try if it is still refused", async () => {
    const setup = await refusingIam(3, refusal)
    const cache = new TokenCache({ clock })
    const provider = agencyToken(setup.agency)
    await expect(cache.get(provider)).rejects.toThrow()
    expect(await cache.get(provider)).toMatchObject({ value: "MIIcustomer" })
    expect([setup.calls(), setup.passwords()]).toEqual([4, 3])
  })

  it("does not drop a customer's token that a service has refused", async () => {
    const setup = await refusingIam(0, refusal)
    const cache = new TokenCache({ clock })
    const provider = agencyToken(setup.agency)
    const token = await cache.get(provider)
    const again = await refusingIam(2, refusal)
    const renewing = Object.assign((context: Parameters<TokenProvider>[0]) => agencyToken(again.agency)(context), {
      ...provider,
    })
    await expect(cache.get(renewing, { rejected: token })).rejects.toThrow()
    expect(cache.get(provider)).toBe(token)
  })
})

it.each<[string, Answer]>([
  ["a missing permission", iamError(401, "IAM.0064", "lacks permission")],
  ["an agency that does not trust the partner", iamError(403, "IAM.0002", "You are not authorized")],
])("%s is the customer's own refusal, and causes a back-off", async (_, refusal) => {
  const setup = await refusingIam(2, refusal)
  const cache = new TokenCache({ clock })
  const provider = agencyToken(setup.agency)
  await expect(cache.get(provider)).rejects.toThrow()
  const calls = setup.calls()
  await expect(cache.get(provider)).rejects.toMatchObject({ retryAfterMs: expect.any(Number) })
  expect(setup.calls()).toBe(calls)
})

describe("a temporary key that STS refuses twice", () => {
  const assumed = async (message: string) => {
    const sts = await localIam(iamError(401, "APIGW.0301", `Incorrect IAM authentication information: ${message}`))
    let keys = 0
    const via: CredentialProvider = Object.assign(
      async () => ({ accessKeyId: `AK${++keys}`, secretAccessKey: `sk${keys}`, securityToken: `st${keys}` }),
      { identityKey: "temporary" },
    )
    const provider = assumeAgencyCredentials({
      via,
      stsEndpoint: sts.url,
      agencyUrn: "iam::1:agency:a",
      sessionName: "s",
      clock,
    })
    const cache = new TokenCache({ clock })
    for (let call = 0; call < 2; call++) await expect(Promise.resolve(cache.get(provider))).rejects.toThrow()
    return sts.arrivals.length
  }

  it("causes no back-off because it has expired", async () => {
    expect(await assumed("token expires, expires_at: 2026-01-01T00:00:00Z")).toBe(4)
  })

  it("causes a back-off after failed signatures, which lock the key", async () => {
    expect(await assumed("verify aksk signature fail")).toBe(2)
  })
})
