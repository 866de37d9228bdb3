import { describe, expect, it, vi } from "vitest"
import type { Token } from "../../src/identity/credentials.ts"
import type { TokenProvider } from "../../src/identity/provider.ts"
import { type AgencyTokenOptions, agencyToken } from "../../src/tokens/exchanged-token.ts"
import { passwordToken } from "../../src/tokens/password-token.ts"
import {
  EXPIRES_AT,
  ISSUED_AT,
  iamError,
  jsonBody,
  keystoneError,
  localIam,
  rejectionOf,
  thrownBy,
  tokenAnswer,
} from "../iam/local-iam.ts"

const token = (value: string): Token => ({ value, issuedAt: ISSUED_AT, expiresAt: EXPIRES_AT })
const via = async (): Promise<Token> => token("MIIpartner")
const customer = { agency: "for partner", domain: "customer" }

describe("the request", () => {
  it.each<[string, Partial<AgencyTokenOptions>, object, object]>([
    ["domain by name", {}, { domain_name: "customer" }, { domain: { name: "customer" } }],
    ["domain by id", { domain: { id: "d1" } }, { domain_id: "d1" }, { domain: { id: "d1" } }],
    [
      "project by name in the delegating domain",
      { scope: { project: "ap-southeast-1" } },
      { domain_name: "customer" },
      { project: { name: "ap-southeast-1", domain: { name: "customer" } } },
    ],
    ["project by id", { scope: { project: { id: "p1" } } }, { domain_name: "customer" }, { project: { id: "p1" } }],
  ])("%s", async (_name, options, domain, scope) => {
    const iam = await localIam(tokenAnswer())
    await agencyToken({ via, ...customer, ...options, iamEndpoint: iam.url })()
    expect(iam.arrivals[0]).toMatchObject({
      method: "POST",
      target: "/v3/auth/tokens?nocatalog=true",
      headers: { "x-auth-token": "MIIpartner", "content-type": "application/json;charset=utf8" },
    })
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: {
        identity: { methods: ["assume_role"], assume_role: { agency_name: "for partner", ...domain } },
        scope,
      },
    })
  })

  it("goes where the token of `via` came from", async () => {
    const iam = await localIam(tokenAnswer("MIIpartner"), tokenAnswer("MIIcustomer"))
    const partner = passwordToken({
      user: "alice",
      password: "secret password",
      domain: "partner",
      scope: { domain: "partner" },
      iamEndpoint: iam.url,
    })
    expect((await agencyToken({ via: partner, ...customer })()).value).toBe("MIIcustomer")
    expect(iam.arrivals[1]?.headers["x-auth-token"]).toBe("MIIpartner")
  })
})

describe("the token of `via`", () => {
  it("comes from the cache that asks, with the caller's signal", async () => {
    const iam = await localIam(tokenAnswer())
    const { signal } = new AbortController()
    const asked: unknown[] = []
    await agencyToken({ via, ...customer, iamEndpoint: iam.url })({
      signal,
      resolve: (provider, context) => {
        asked.push([provider, context])
        return provider(context)
      },
    })
    expect(asked).toEqual([[via, { signal, rejected: undefined }]])
  })

  it.each([
    ["IAM.0063", iamError(401, "IAM.0063", "access token failed")],
    ["IAM.0064", iamError(401, "IAM.0064", "lacks permission")],
    ["IAM.0066", iamError(401, "IAM.0066", "The token has expired")],
    ["IAM.0067", iamError(401, "IAM.0067", "Invalid token")],
    ["Keystone's 401", keystoneError(401, "The request you have made requires authentication.", "Unauthorized")],
  ])("is replaced once when IAM does not accept it (%s)", async (_name, refusal) => {
    const iam = await localIam(refusal, tokenAnswer("MIIcustomer"))
    const ask = vi.fn<TokenProvider>(async (context) => token(context?.rejected === undefined ? "MIIold" : "MIInew"))
    expect((await agencyToken({ via: ask, ...customer, iamEndpoint: iam.url })()).value).toBe("MIIcustomer")
    expect(iam.arrivals.map((arrival) => arrival.headers["x-auth-token"])).toEqual(["MIIold", "MIInew"])
    expect(ask.mock.lastCall?.[0]?.rejected?.value).toBe("MIIold")
  })

  it("is replaced once at most, and only by another token", async () => {
    const iam = await localIam(iamError(401, "IAM.0066", "The token has expired"))
    let count = 0
    const changing = async (): Promise<Token> => token(`MII${count++}`)
    expect((await rejectionOf(agencyToken({ via: changing, ...customer, iamEndpoint: iam.url })())).errorCode).toBe(
      "IAM.0066",
    )
    expect(iam.arrivals).toHaveLength(2)
    await rejectionOf(agencyToken({ via, ...customer, iamEndpoint: iam.url })())
    expect(iam.arrivals).toHaveLength(3)
  })

  it.each([
    ["a missing permission", iamError(403, "IAM.0002", "You are not authorized"), /Agent Operator/],
    ["an unknown agency", iamError(404, "IAM.0004", "Could not find agency: for partner"), /agency of that name/],
  ])("is kept after %s", async (_name, refusal, text) => {
    const iam = await localIam(refusal)
    const error = await rejectionOf(agencyToken({ via, ...customer, iamEndpoint: iam.url })(), "MIIpartner")
    expect(error.code).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(error.message).toMatch(text)
    expect(error.message).toMatch(/for partner.*customer/)
    expect(iam.arrivals).toHaveLength(1)
  })

  it("never shows in an error", async () => {
    const long = `MII${"abcdefgh".repeat(500)}`
    const iam = await localIam(({ headers }) => {
      const sent = String(headers["x-auth-token"])
      return iamError(
        401,
        "IAM.0067",
        `Invalid token ${sent}, that is ${sent.slice(0, 40)}... (${sent.slice(100, 130)})`,
      )
    })
    const error = await rejectionOf(
      agencyToken({ via: async () => token(long), ...customer, iamEndpoint: iam.url })(),
      long,
      long.slice(0, 16),
      long.slice(100, 116),
    )
    expect(error.errorMessage).toBe("Invalid token [secret], that is [secret]... ([secret])")
  })

  it("fails with the error of its provider", async () => {
    const provider = agencyToken({ via: () => Promise.reject(new Error("no partner")), ...customer })
    await expect(provider()).rejects.toThrow("no partner")
  })
})

describe("bad options", () => {
  it.each<[string, object]>([
    ["via", { via: undefined }],
    ["via", { via: token("MII") }],
    ["agency", { agency: "" }],
    ["agency", { agency: { id: "a1" } }],
    ["domain", { domain: undefined }],
    ["scope", { scope: {} }],
  ])("%s: %o", (option, wrong) => {
    const error = thrownBy(() => agencyToken({ via, ...customer, ...wrong } as AgencyTokenOptions), "MII")
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(`\`${option}\``)
  })
})

describe("the identity key", () => {
  const named = passwordToken({ user: "alice", password: "x", domain: "partner", scope: { domain: "partner" } })

  it("names via, agency, domain and scope", () => {
    const keys = [
      { ...customer },
      { ...customer, agency: "other" },
      { ...customer, domain: "other" },
      { ...customer, domain: { id: "customer" } },
      { ...customer, scope: { project: "customer" } },
    ].map((options) => agencyToken({ via: named, ...options }).identityKey)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys[0]).toBe(agencyToken({ via: named, ...customer }).identityKey)
  })

  it("is absent when `via` has none: nothing else names who asks", () => {
    expect(agencyToken({ via, ...customer }).identityKey).toBeUndefined()
  })
})
