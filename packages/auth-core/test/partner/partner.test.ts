import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { TokenCache } from "../../src/cache/token-cache.ts"
import { type Customer, type PartnerOptions, partner } from "../../src/partner/partner.ts"
import { securityTokenAnswer, TEMPORARY_KEY } from "../credentials/temporary-key-answers.ts"
import { jsonBody, localIam, thrownBy, tokenAnswer } from "../iam/local-iam.ts"

const user = { user: "alice", password: "s3cret password", domain: "partner" }
const customer = { domain: "customer", agency: "for partner" }

describe("a partner", () => {
  it("gets its own token for its own account", async () => {
    const iam = await localIam(tokenAnswer("MIIpartner"))
    expect((await partner({ ...user, iamEndpoint: iam.url }).token()).value).toBe("MIIpartner")
    expect(jsonBody(iam.arrivals[0])).toHaveProperty("auth.scope", { domain: { name: "partner" } })
  })

  it("gets a customer's token, and a customer's temporary key, through the agency", async () => {
    const iam = await localIam(
      tokenAnswer("MIIpartner"),
      tokenAnswer("MIIcustomer"),
      tokenAnswer("MIIpartner"),
      securityTokenAnswer(),
    )
    const { customerToken, customerCredentials } = partner({ ...user, iamEndpoint: iam.url })
    expect((await customerToken(customer)()).value).toBe("MIIcustomer")
    expect(await customerCredentials(customer, { durationSeconds: 3600 })()).toEqual({
      ...TEMPORARY_KEY,
      iamEndpoint: iam.url,
    })
    for (const index of [1, 3]) expect(iam.arrivals[index]?.headers["x-auth-token"]).toBe("MIIpartner")
    expect(jsonBody(iam.arrivals[1])).toHaveProperty("auth.scope", { domain: { name: "customer" } })
    expect(jsonBody(iam.arrivals[3])).toHaveProperty("auth.identity.assume_role", {
      agency_name: "for partner",
      domain_name: "customer",
      duration_seconds: 3600,
    })
  })

  it("serves many customers with one cache, and fetches its own token and each customer's once", async () => {
    const iam = await localIam(({ headers }) =>
      tokenAnswer(headers["x-auth-token"] === undefined ? "MIIpartner" : "MIIcustomer"),
    )
    const { customerToken } = partner({ ...user, iamEndpoint: iam.url })
    const cache = new TokenCache({ clock: fakeClock() })
    const ask = async (index: number): Promise<string> =>
      (await cache.get(customerToken({ ...customer, domain: `customer ${index % 100}` }))).value
    const values = await Promise.all(Array.from({ length: 1_000 }, (_, index) => ask(index)))
    expect(new Set(values)).toEqual(new Set(["MIIcustomer"]))
    expect(iam.arrivals).toHaveLength(101)
  })

  it("keeps its identity with another password", () => {
    expect(partner(user).token.identityKey).toBe(partner({ ...user, password: "other" }).token.identityKey)
    expect(partner(user).customerToken(customer).identityKey).toBe(partner(user).customerToken(customer).identityKey)
  })
})

it.each<[string, object]>([
  ["domain", { domain: undefined }],
  ["user", { user: undefined }],
  ["password", { password: undefined }],
  ["user", { passcode: "123456" }],
])("refuses a partner without a right %s", (option, wrong) => {
  const error = thrownBy(() => partner({ ...user, ...wrong } as PartnerOptions), "s3cret")
  expect(error.code).toBe("AUTH_INVALID_OPTION")
  expect(error.message).toContain(`\`${option}\``)
})

it.each<[string, object]>([
  ["agency", { agency: undefined }],
  ["domain", { domain: undefined }],
])("refuses a customer without %s", (option, wrong) => {
  const { customerToken, customerCredentials } = partner(user)
  for (const make of [customerToken, customerCredentials]) {
    expect(thrownBy(() => make({ ...customer, ...wrong } as Customer)).message).toContain(`\`${option}\``)
    expect(thrownBy(() => make("customer" as unknown as Customer)).code).toBe("AUTH_INVALID_OPTION")
  }
})
