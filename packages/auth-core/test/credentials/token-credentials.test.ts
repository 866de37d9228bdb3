import { describe, expect, it } from "vitest"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { tokenCredentials } from "../../src/credentials/temporary-credentials.ts"
import type { CredentialProvider, TokenProvider } from "../../src/identity/provider.ts"
import { agencyToken } from "../../src/tokens/exchanged-token.ts"
import { passwordToken } from "../../src/tokens/password-token.ts"
import { EXPIRES_AT, ISSUED_AT, iamError, jsonBody, localIam, rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { expectSigned, KEY, TEMPORARY } from "../iam/verified.ts"
import { securityTokenAnswer, TEMPORARY_KEY } from "./temporary-key-answers.ts"

const via: TokenProvider = async (context) => ({
  value: context?.rejected === undefined ? "MIIold" : "MIInew",
  issuedAt: ISSUED_AT,
  expiresAt: EXPIRES_AT,
})

describe("temporary keys from a token", () => {
  it.each([
    [{}, { methods: ["token"] }],
    [{ durationSeconds: 3600 }, { methods: ["token"], token: { duration_seconds: 3600 } }],
    [{ policy: { Version: "1.1" } }, { methods: ["token"], policy: { Version: "1.1" } }],
  ])("are asked for with %o", async (options, identity) => {
    const iam = await localIam(securityTokenAnswer())
    expect(await tokenCredentials({ via, ...options, iamEndpoint: iam.url })()).toEqual({
      ...TEMPORARY_KEY,
      iamEndpoint: iam.url,
    })
    expect(iam.arrivals[0]).toMatchObject({
      method: "POST",
      target: "/v3.0/OS-CREDENTIAL/securitytokens",
      headers: { "x-auth-token": "MIIold" },
    })
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { identity } })
  })

  it("get another token once when IAM does not accept the first", async () => {
    const iam = await localIam(iamError(401, "IAM.0066", "The token has expired"), securityTokenAnswer())
    expect(await tokenCredentials({ via, iamEndpoint: iam.url })()).toEqual({ ...TEMPORARY_KEY, iamEndpoint: iam.url })
    expect(iam.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["MIIold", "MIInew"])
    const stubborn = await localIam(({ headers }) => iamError(401, "IAM.0066", `${headers["x-auth-token"]}`))
    await rejectionOf(tokenCredentials({ via, iamEndpoint: stubborn.url })(), "MIIold", "MIInew")
    expect(stubborn.arrivals).toHaveLength(2)
  })

  it.each([KEY, TEMPORARY])("are asked for with a signature when `via` yields an access key", async (key) => {
    const iam = await localIam(securityTokenAnswer())
    const keys = tokenCredentials({ via: staticCredentials(key), durationSeconds: 3600, iamEndpoint: iam.url })
    expect(await keys()).toEqual({ ...TEMPORARY_KEY, iamEndpoint: iam.url })
    expect(iam.arrivals[0]?.headers).not.toHaveProperty("x-auth-token")
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: { identity: { methods: ["token"], token: { duration_seconds: 3600 } } },
    })
    await expectSigned(iam.arrivals[0], Date.now(), key)
  })

  it("keep the identity of the key that signs, and ask for another key once", async () => {
    const provider: CredentialProvider = Object.assign(
      async (context: Parameters<CredentialProvider>[0]) => ({
        accessKeyId: context?.rejected === undefined ? "AKold" : "AKnew",
        secretAccessKey: "s3cret",
      }),
      { identityKey: "source" },
    )
    const iam = await localIam(iamError(401, "APIGW.0301", "ak AKold not exist"), securityTokenAnswer())
    const keys = tokenCredentials({ via: provider, iamEndpoint: iam.url })
    expect(await keys()).toMatchObject(TEMPORARY_KEY)
    expect(iam.arrivals.map(({ headers }) => /Access=(\w+)/.exec(String(headers.authorization))?.[1])).toEqual([
      "AKold",
      "AKnew",
    ])
    expect(keys.identityKey).toContain("source")
  })

  it("have the identity of the token and their lifetime", () => {
    const user = passwordToken({ user: "alice", password: "x", domain: "partner", scope: { domain: "partner" } })
    const keys = [
      tokenCredentials({ via: user }),
      tokenCredentials({ via: user, durationSeconds: 3600 }),
      tokenCredentials({ via: agencyToken({ via: user, agency: "a", domain: "b" }) }),
    ].map(({ identityKey }) => identityKey)
    expect(new Set(keys).size).toBe(3)
    expect(keys).not.toContain(undefined)
    expect(tokenCredentials({ via }).identityKey).toBeUndefined()
  })

  it("refuse bad options at construction", () => {
    expect(thrownBy(() => tokenCredentials({ via: "MII" as unknown as TokenProvider })).message).toContain("`via`")
    expect(thrownBy(() => tokenCredentials({ via, durationSeconds: 1 })).message).toContain("`durationSeconds`")
  })
})
