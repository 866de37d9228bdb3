import { fakeClock } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import {
  type AssumeAgencyCredentialsOptions,
  assumeAgencyCredentials,
} from "../../src/credentials/assume-agency-credentials.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { iamError, jsonBody, localIam, rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { expectSigned, KEY, TEMPORARY } from "../iam/verified.ts"

const clock = fakeClock()
const via = staticCredentials(KEY)
const agencyUrn = "iam::d1:agency:deploy"
const sessionName = "ci-run-7"
const answer = {
  body: JSON.stringify({
    credentials: {
      access_key_id: "STSAK",
      secret_access_key: "sts-SK",
      security_token: "sts-security-token",
      expiration: "2026-01-01T01:00:00.000000Z",
    },
    assumed_agency: { urn: "sts::d1:assumed-agency:deploy/ci-run-7", id: "a1:ci-run-7" },
  }),
}

beforeEach(() => vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", ""))
afterEach(() => vi.unstubAllEnvs())

describe("AssumeAgency", () => {
  it.each([
    ["a permanent key", KEY],
    ["a temporary key", TEMPORARY],
  ])("is signed with %s", async (_name, key) => {
    const sts = await localIam(answer)
    const provider = assumeAgencyCredentials({
      via: staticCredentials(key),
      agencyUrn,
      sessionName,
      stsEndpoint: sts.url,
      clock,
    })
    expect(await provider()).toEqual({
      accessKeyId: "STSAK",
      secretAccessKey: "sts-SK",
      securityToken: "sts-security-token",
      expiresAt: Date.UTC(2026, 0, 1, 1),
    })
    expect(sts.arrivals[0]).toMatchObject({ method: "POST", target: "/v5/agencies/assume" })
    expect(jsonBody(sts.arrivals[0])).toEqual({ agency_urn: agencyUrn, agency_session_name: sessionName })
    await expectSigned(sts.arrivals[0], clock.now(), key)
  })

  it("carries every option under STS's name, with a new MFA code each time", async () => {
    const sts = await localIam(answer)
    const codes = ["111111", "222222"]
    const provider = assumeAgencyCredentials({
      via,
      agencyUrn,
      sessionName,
      durationSeconds: 1800,
      externalId: "agreed",
      policy: { Version: "5.0", Statement: [] },
      policyIds: ["p1", "p2"],
      serialNumber: "iam::d1:mfa:alice",
      tokenCode: () => codes.shift() ?? "",
      sourceIdentity: "alice",
      tags: [{ key: "team", value: "payments" }],
      transitiveTagKeys: ["team"],
      stsEndpoint: sts.url,
      clock,
    })
    await provider()
    expect(jsonBody(sts.arrivals[0])).toEqual({
      agency_urn: agencyUrn,
      agency_session_name: sessionName,
      duration_seconds: 1800,
      external_id: "agreed",
      policy: '{"Version":"5.0","Statement":[]}',
      policy_ids: ["p1", "p2"],
      serial_number: "iam::d1:mfa:alice",
      token_code: "111111",
      source_identity: "alice",
      tags: [{ key: "team", value: "payments" }],
      transitive_tag_keys: ["team"],
    })
    await provider()
    expect(jsonBody(sts.arrivals[1])).toHaveProperty("token_code", "222222")
  })

  it("shows neither SK nor MFA code in a refusal", async () => {
    const sts = await localIam(({ body }) => iamError(403, "PAP5.0001", `denied ${body}`))
    const provider = assumeAgencyCredentials({
      via,
      agencyUrn,
      sessionName,
      serialNumber: "mfa",
      tokenCode: "987654",
      stsEndpoint: sts.url,
      clock,
    })
    const error = await rejectionOf(provider(), KEY.secretAccessKey, "987654")
    expect(error.code).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(error.message).toContain(agencyUrn)
  })

  it("fails when the answer has no key", async () => {
    const sts = await localIam({ body: '{"credentials":{"access_key_id":"STSAK"}}' })
    const provider = assumeAgencyCredentials({ via, agencyUrn, sessionName, stsEndpoint: sts.url, clock })
    const error = await rejectionOf(provider())
    expect(error.code).toBe("AUTH_TOKEN_RESPONSE_INVALID")
    expect(error.message).toContain("credentials.secret_access_key")
  })
})

it("finds STS by region or environment", async () => {
  const fetch = vi.fn<typeof globalThis.fetch>(async () => new Response(answer.body))
  await assumeAgencyCredentials({ via, agencyUrn, sessionName, region: "ap-southeast-1", fetch })()
  vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", "https://sts.cn-north-4.myhuaweicloud.com")
  await assumeAgencyCredentials({ via, agencyUrn, sessionName, fetch })()
  expect(fetch.mock.calls.map(([url]) => url)).toEqual([
    "https://sts.ap-southeast-1.myhuaweicloud.com/v5/agencies/assume",
    "https://sts.cn-north-4.myhuaweicloud.com/v5/agencies/assume",
  ])
})

describe("bad options", () => {
  it.each<[string, object]>([
    ["via", { via: undefined }],
    ["agencyUrn", { agencyUrn: "" }],
    ["sessionName", { sessionName: undefined }],
    ["durationSeconds", { durationSeconds: 43_201 }],
    ["tokenCode", { serialNumber: "mfa" }],
    ["serialNumber", { tokenCode: "123456" }],
    ["stsEndpoint", { stsEndpoint: "sts" }],
    ["region", { region: undefined }],
  ])("%s: %o", (option, wrong) => {
    const options = {
      via,
      agencyUrn,
      sessionName,
      region: "ap-southeast-1",
      ...wrong,
    } as AssumeAgencyCredentialsOptions
    const error = thrownBy(() => assumeAgencyCredentials(options), "123456")
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(`\`${option}\``)
  })
})

it("has the identity of the caller, the agency and the session", () => {
  const base = { via, agencyUrn, sessionName, region: "ap-southeast-1" }
  const keys = [
    base,
    { ...base, sessionName: "other" },
    { ...base, agencyUrn: "iam::d2:agency:deploy" },
    { ...base, region: "cn-north-4" },
    { ...base, sourceIdentity: "alice" },
    { ...base, via: staticCredentials({ ...KEY, accessKeyId: "OTHER" }) },
  ].map((options) => assumeAgencyCredentials(options).identityKey)
  expect(new Set(keys).size).toBe(keys.length)
  expect(keys).not.toContain(undefined)
})
