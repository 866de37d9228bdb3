import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { type AgencyCredentialsOptions, agencyCredentials } from "../../src/credentials/temporary-credentials.ts"
import type { Credentials, Token } from "../../src/identity/credentials.ts"
import { passwordToken } from "../../src/tokens/password-token.ts"
import {
  EXPIRES_AT,
  ISSUED_AT,
  iamError,
  jsonBody,
  localIam,
  rejectionOf,
  thrownBy,
  tokenAnswer,
} from "../iam/local-iam.ts"
import { expectSigned, KEY, TEMPORARY } from "../iam/verified.ts"
import { KEY_EXPIRES_AT, securityTokenAnswer, TEMPORARY_KEY } from "./temporary-key-answers.ts"

const clock = fakeClock()
const token = (value: string): Token => ({ value, issuedAt: ISSUED_AT, expiresAt: EXPIRES_AT })
const via = async (): Promise<Token> => token("MIIpartner")
const customer = { agency: "for partner", domain: "customer" }

describe("the request", () => {
  it("is made with a token", async () => {
    const iam = await localIam(securityTokenAnswer())
    expect(await agencyCredentials({ via, ...customer, iamEndpoint: iam.url })()).toEqual({
      ...TEMPORARY_KEY,
      iamEndpoint: iam.url,
    })
    expect(iam.arrivals[0]).toMatchObject({
      method: "POST",
      target: "/v3.0/OS-CREDENTIAL/securitytokens",
      headers: { "x-auth-token": "MIIpartner", "content-type": "application/json;charset=utf8" },
    })
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: {
        identity: { methods: ["assume_role"], assume_role: { agency_name: "for partner", domain_name: "customer" } },
      },
    })
  })

  it.each([
    ["a permanent key", KEY],
    ["a temporary key", TEMPORARY],
  ])("is signed with %s", async (_name, key) => {
    const iam = await localIam(securityTokenAnswer())
    const provider = agencyCredentials({ via: staticCredentials(key), ...customer, iamEndpoint: iam.url, clock })
    expect(await provider()).toEqual({ ...TEMPORARY_KEY, iamEndpoint: iam.url })
    await expectSigned(iam.arrivals[0], clock.now(), key)
    expect(iam.arrivals[0]?.headers).not.toHaveProperty("x-auth-token")
  })

  it("carries domain by id, lifetime, session user and policy", async () => {
    const iam = await localIam(securityTokenAnswer())
    const policy = { Version: "1.1", Statement: [{ Effect: "Allow", Action: ["obs:object:GetObject"] }] }
    await agencyCredentials({
      via,
      agency: "for partner",
      domain: { id: "d1" },
      durationSeconds: 3600,
      sessionUser: "alice",
      policy,
      iamEndpoint: iam.url,
    })()
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: {
        identity: {
          methods: ["assume_role"],
          assume_role: {
            agency_name: "for partner",
            domain_id: "d1",
            duration_seconds: 3600,
            session_user: { name: "alice" },
          },
          policy,
        },
      },
    })
  })
})

describe("what `via` gave", () => {
  it("is replaced once when IAM does not accept it", async () => {
    const iam = await localIam(iamError(401, "APIGW.0301", "ak CALLERAK not exist"), securityTokenAnswer())
    const rotated = { accessKeyId: "CALLERAK", secretAccessKey: "rotated" }
    const rotating = async (context?: { rejected?: Credentials | undefined }): Promise<Credentials> =>
      context?.rejected?.secretAccessKey === KEY.secretAccessKey ? rotated : KEY
    const provider = agencyCredentials({ via: rotating, ...customer, iamEndpoint: iam.url, clock })
    expect(await provider()).toEqual({ ...TEMPORARY_KEY, iamEndpoint: iam.url })
    await expectSigned(iam.arrivals[0], clock.now())
    await expectSigned(iam.arrivals[1], clock.now(), rotated)
  })

  it("is not tried again without another token", async () => {
    const iam = await localIam(iamError(401, "APIGW.0301", "verify aksk signature fail"))
    const provider = agencyCredentials({ via: staticCredentials(KEY), ...customer, iamEndpoint: iam.url, clock })
    expect((await rejectionOf(provider(), KEY.secretAccessKey)).code).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(iam.arrivals).toHaveLength(1)
  })

  it.each([undefined, {}, { value: "" }, { accessKeyId: "AK" }, "MIItoken"])("must not be %o", async (nothing) => {
    const useless = async (): Promise<Token> => nothing as Token
    const error = await rejectionOf(agencyCredentials({ via: useless, ...customer })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain("`via`")
  })
})

describe("the answer", () => {
  it.each<[string, object]>([
    ["access", { access: undefined }],
    ["secret", { secret: "" }],
    ["securitytoken", { securitytoken: 7 }],
    ["expires_at", { expires_at: "soon" }],
  ])("without a readable %s is an error that shows nothing of the rest", async (name, wrong) => {
    const iam = await localIam(securityTokenAnswer(wrong))
    const error = await rejectionOf(
      agencyCredentials({ via, ...customer, iamEndpoint: iam.url })(),
      "temporary-S",
      "temporary-s",
    )
    expect(error).toMatchObject({ code: "AUTH_TOKEN_RESPONSE_INVALID", status: 201, endpoint: iam.url })
    expect(error.message).toContain(`credential.${name}`)
  })

  it("reports the issuer's time from its Date header, unless another clock wrote it", async () => {
    const told = async (date: string): Promise<number[]> => {
      const iam = await localIam({ ...securityTokenAnswer(), headers: { date } })
      const times: number[] = []
      const provider = agencyCredentials({ via, ...customer, iamEndpoint: iam.url })
      await provider({ reportIssuerTime: (now) => times.push(now) })
      return times
    }
    expect(await told("Thu, 01 Jan 2026 00:00:01 GMT")).toEqual([KEY_EXPIRES_AT - 899_000])
    expect(await told("Thu, 01 Jan 2026 08:00:00 GMT")).toEqual([])
    expect(await told("Wed, 31 Dec 2025 08:00:00 GMT")).toEqual([])
  })
})

describe("bad options", () => {
  it.each<[string, object]>([
    ["via", { via: undefined }],
    ["via", { via: KEY }],
    ["agency", { agency: undefined }],
    ["domain", { domain: "" }],
    ["durationSeconds", { durationSeconds: 899 }],
    ["durationSeconds", { durationSeconds: 86_401 }],
    ["durationSeconds", { durationSeconds: 1000.5 }],
    ["sessionUser", { sessionUser: "1alice" }],
    ["sessionUser", { sessionUser: "a".repeat(33) }],
    ["policy", { policy: "{}" }],
    ["iamEndpoint", { iamEndpoint: "iam" }],
  ])("%s: %o", (option, wrong) => {
    const options = { via, ...customer, ...wrong } as AgencyCredentialsOptions
    const error = thrownBy(() => agencyCredentials(options), KEY.secretAccessKey)
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(`\`${option}\``)
  })
})

describe("the identity key", () => {
  it("names the caller, by token or AK, the agency and the options of the key", () => {
    const partner = { user: "alice", password: "s3cret", domain: "partner", scope: { domain: "partner" } }
    const keys = [
      agencyCredentials({ via: passwordToken(partner), ...customer }),
      agencyCredentials({ via: passwordToken({ ...partner, user: "bob" }), ...customer }),
      agencyCredentials({ via: staticCredentials(KEY), ...customer }),
      agencyCredentials({ via: staticCredentials({ ...KEY, accessKeyId: "OTHER" }), ...customer }),
      agencyCredentials({ via: staticCredentials(KEY), ...customer, durationSeconds: 3600 }),
      agencyCredentials({ via: staticCredentials(KEY), ...customer, sessionUser: "alice" }),
      agencyCredentials({ via: staticCredentials(KEY), ...customer, policy: { Version: "1.1" } }),
    ].map((provider) => provider.identityKey)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).not.toContain(undefined)
    expect(agencyCredentials({ via: staticCredentials(KEY), ...customer }).identityKey).toBe(keys[2])
    expect(keys.join()).not.toMatch(/s3cret|caller-secret/)
    expect(agencyCredentials({ via, ...customer }).identityKey).toBeUndefined()
  })
})

it("goes where the token of `via` came from", async () => {
  const iam = await localIam(tokenAnswer("MIIpartner"), securityTokenAnswer())
  const partner = { user: "alice", password: "s3cret", domain: "partner", scope: { domain: "partner" } }
  await agencyCredentials({ via: passwordToken({ ...partner, iamEndpoint: iam.url }), ...customer })()
  expect(iam.arrivals[1]?.headers["x-auth-token"]).toBe("MIIpartner")
})
