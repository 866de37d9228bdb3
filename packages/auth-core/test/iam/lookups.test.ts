import { fakeClock } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { callerIdentity, findDomainId, findProjectId } from "../../src/iam/lookups.ts"
import type { Token } from "../../src/identity/credentials.ts"
import { EXPIRES_AT, ISSUED_AT, iamError, localIam, rejectionOf } from "./local-iam.ts"
import { expectSigned, KEY } from "./verified.ts"

const clock = fakeClock()
const token: Token = { value: "MIIcaller", issuedAt: ISSUED_AT, expiresAt: EXPIRES_AT }
const json = (body: object): { body: string } => ({ body: JSON.stringify(body) })

beforeEach(() => vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", ""))
afterEach(() => vi.unstubAllEnvs())

describe("a project's id", () => {
  it("is looked up by name, with a signature or a token", async () => {
    const iam = await localIam(json({ projects: [{ id: "p1", name: "a b&c", domain_id: "d1" }] }))
    const options = { name: "a b&c", iamEndpoint: iam.url, clock }
    expect(await findProjectId(options, KEY)).toBe("p1")
    expect(await findProjectId(options, token)).toBe("p1")
    expect(iam.arrivals[0]).toMatchObject({ method: "GET", target: "/v3/projects?name=a%20b%26c" })
    await expectSigned(iam.arrivals[0], clock.now())
    expect(iam.arrivals[1]?.headers["x-auth-token"]).toBe("MIIcaller")
    expect(iam.arrivals[1]?.headers).not.toHaveProperty("authorization")
  })

  it.each([
    [{ projects: [] }, "AUTH_INVALID_OPTION", /"ap-southeast-1".*none of that name/],
    [{ projects: [{ id: "p1" }, { id: "p2" }] }, "AUTH_INVALID_OPTION", /"ap-southeast-1".*several.*p1, p2/],
    [{ servers: [] }, "AUTH_TOKEN_RESPONSE_INVALID", /lists no projects/],
  ])("is not found in %o", async (body, code, message) => {
    const iam = await localIam(json(body))
    const error = await rejectionOf(
      findProjectId({ name: "ap-southeast-1", iamEndpoint: iam.url, clock }, KEY),
      KEY.secretAccessKey,
    )
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  it("needs a name, and ends with the caller's signal", async () => {
    expect((await rejectionOf(findProjectId({ name: "" }, KEY))).message).toContain("`name`")
    const signal = AbortSignal.abort(new Error("enough"))
    await expect(findProjectId({ name: "x", signal }, KEY)).rejects.toThrow("enough")
  })
})

describe("a domain's id", () => {
  it("is looked up with a signature or a token", async () => {
    const iam = await localIam(json({ domains: [{ id: "d1", name: "partner" }] }))
    expect(await findDomainId({ iamEndpoint: iam.url, clock }, KEY)).toBe("d1")
    expect(await findDomainId({ iamEndpoint: iam.url, clock }, token)).toBe("d1")
    expect(iam.arrivals[0]).toMatchObject({ method: "GET", target: "/v3/auth/domains" })
    await expectSigned(iam.arrivals[0], clock.now())
    expect(iam.arrivals[1]?.headers["x-auth-token"]).toBe("MIIcaller")
  })

  it("comes from STS when IAM names none or denies the call", async () => {
    const sts = await localIam(json({ account_id: "d2", principal_urn: "iam::d2:user:alice", principal_id: "u1" }))
    for (const answer of [json({ domains: [] }), iamError(403, "IAM.0003", "not allowed")]) {
      const iam = await localIam(answer)
      expect(await findDomainId({ iamEndpoint: iam.url, stsEndpoint: sts.url, clock }, KEY)).toBe("d2")
      vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", sts.url)
      expect(await findDomainId({ iamEndpoint: iam.url, clock }, KEY)).toBe("d2")
      vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", "")
    }
    expect(sts.arrivals[0]).toMatchObject({ method: "GET", target: "/v5/caller-identity" })
    await expectSigned(sts.arrivals[0], clock.now())
  })

  it.each([
    [{ domains: [] }, /IAM names none/],
    [{ domains: [{ id: "d1" }, { id: "d2" }] }, /several: d1, d2/],
    [{}, /IAM names none/],
  ])("is not found in %o without an STS endpoint", async (body, message) => {
    const iam = await localIam(json(body))
    const error = await rejectionOf(findDomainId({ iamEndpoint: iam.url, clock }, KEY))
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toMatch(message)
  })
})

describe("the owner of an access key", () => {
  it("comes from STS", async () => {
    const sts = await localIam(json({ account_id: "d1", principal_urn: "iam::d1:user:alice", principal_id: "u1" }))
    expect(await callerIdentity({ stsEndpoint: sts.url, clock }, KEY)).toEqual({
      accountId: "d1",
      principalUrn: "iam::d1:user:alice",
      principalId: "u1",
    })
  })

  it("is an error if the answer is not that of STS", async () => {
    const sts = await localIam(json({ account_id: "d1" }))
    expect((await rejectionOf(callerIdentity({ stsEndpoint: sts.url, clock }, undefined as never))).code).toBe(
      "AUTH_INVALID_CREDENTIALS",
    )
    expect((await rejectionOf(callerIdentity({ stsEndpoint: sts.url, clock }, KEY))).code).toBe(
      "AUTH_TOKEN_RESPONSE_INVALID",
    )
  })
})
