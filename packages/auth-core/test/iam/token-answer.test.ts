import type { Answer } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { passwordToken } from "../../src/tokens/password-token.ts"
import { EXPIRES_AT, ISSUED_AT, localIam, rejectionOf, tokenAnswer } from "./local-iam.ts"

const password = "pass-word-pass-word"
const user = { user: "alice", password, domain: "partner", scope: { domain: "partner" } }

describe("a 2xx without a usable token is an error", () => {
  it.each<[string, Answer, RegExp]>([
    ["no header", { ...tokenAnswer(), headers: {} }, /X-Subject-Token/],
    ["an empty header", tokenAnswer(""), /X-Subject-Token/],
    ["a header with spaces", tokenAnswer("MII a b"), /X-Subject-Token/],
    ["no expiry", tokenAnswer("MII", { expires_at: undefined }), /expires_at/],
    ["an expiry that is no time", tokenAnswer("MII", { expires_at: "soon" }), /expires_at/],
    ["an end before its beginning", tokenAnswer("MII", { expires_at: "2025-01-01T00:00:00.000000Z" }), /ends before/],
    ["no JSON", { ...tokenAnswer(), body: "<html>welcome</html>" }, /expires_at/],
  ])("%s", async (_name, answer, text) => {
    const iam = await localIam(answer)
    const error = await rejectionOf(passwordToken({ ...user, iamEndpoint: iam.url })(), password)
    expect(error).toMatchObject({ code: "AUTH_TOKEN_RESPONSE_INVALID", status: 201, endpoint: iam.url })
    expect(error.message).toMatch(text)
  })
})

it("a token longer than the runtime takes in a header is an error that says how to raise the limit", async () => {
  const iam = await localIam(tokenAnswer(`MII${"x".repeat(20_000)}`))
  const error = await rejectionOf(passwordToken({ ...user, iamEndpoint: iam.url })(), password)
  expect(error.code).toBe("AUTH_TOKEN_REQUEST_FAILED")
  expect(error.message).toContain("--max-http-header-size")
})

it("a token of 12 kB passes", async () => {
  const value = `MII${"x".repeat(12_000)}`
  const iam = await localIam(tokenAnswer(value))
  expect((await passwordToken({ ...user, iamEndpoint: iam.url })()).value).toBe(value)
})

describe("the issuer's time", () => {
  const told = async (answer: Answer): Promise<number[]> => {
    const iam = await localIam(answer)
    const times: number[] = []
    await passwordToken({ ...user, iamEndpoint: iam.url })({ reportIssuerTime: (now) => times.push(now) })
    return times
  }
  const dated = (date: string): Answer => {
    const answer = tokenAnswer()
    return { ...answer, headers: { ...answer.headers, date } }
  }

  it("is that of the Date header", async () => {
    expect(await told(dated("Thu, 01 Jan 2026 00:00:02 GMT"))).toEqual([ISSUED_AT + 2_000])
  })

  it("is the issue time of the token when another clock wrote the Date header", async () => {
    expect(await told(dated("Thu, 01 Jan 2026 09:00:00 GMT"))).toEqual([ISSUED_AT + 9 * 3_600_000])
    expect(await told(dated("Wed, 01 Jan 2025 00:00:00 GMT"))).toEqual([ISSUED_AT])
    expect(await told(dated("Fri, 01 Jan 2027 00:00:00 GMT"))).toEqual([ISSUED_AT])
  })

  it("and the Date header replace a missing issue time", async () => {
    const answer = tokenAnswer("MII", { issued_at: undefined })
    const iam = await localIam({ ...answer, headers: { ...answer.headers, date: "Thu, 01 Jan 2026 00:00:02 GMT" } })
    const token = await passwordToken({ ...user, iamEndpoint: iam.url })()
    expect(token).toMatchObject({ issuedAt: ISSUED_AT + 2_000, expiresAt: EXPIRES_AT })
  })
})
