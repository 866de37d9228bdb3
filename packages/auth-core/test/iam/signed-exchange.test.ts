import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import type { IamFetch } from "../../src/cloud/cloud.ts"
import { flexibleEngine, openTelekomCloud } from "../../src/cloud/cloud.ts"
import type { IamRequest } from "../../src/iam/exchange.ts"
import { signedExchange } from "../../src/iam/exchange.ts"
import type { IamConnection } from "../../src/iam/iam-connection.ts"
import { iamError, localIam, rejectionOf } from "./local-iam.ts"
import { expectSigned, KEY, TEMPORARY } from "./verified.ts"

const clock = fakeClock()
const connectionTo = (endpoint: string): IamConnection => ({ endpoint, fetch: undefined, timeoutMs: 5_000, clock })
const request: IamRequest = {
  method: "POST",
  path: "/v5/agencies/assume?x=a%20b",
  body: { text: "ünïcode" },
  secrets: [],
  action: "Asking for a test",
}

describe("a signed call", () => {
  it("has a valid signature, with a permanent and a temporary key", async () => {
    const iam = await localIam({})
    await signedExchange(connectionTo(iam.url), request, KEY, undefined)
    await signedExchange(connectionTo(iam.url), { ...request, method: "GET", body: undefined }, TEMPORARY, undefined)
    await expectSigned(iam.arrivals[0], clock.now())
    await expectSigned(iam.arrivals[1], clock.now(), TEMPORARY)
    expect(iam.arrivals[1]?.headers["x-security-token"]).toBe("caller-security-token")
  })

  it("has the scoped form for a cloud whose clients sign in it", async () => {
    const iam = await localIam({})
    const connection = { ...connectionTo(iam.url), cloud: openTelekomCloud }
    await signedExchange(connection, request, TEMPORARY, undefined)
    await signedExchange(connection, { ...request, body: undefined }, KEY, undefined)
    await signedExchange({ ...connection, cloud: flexibleEngine }, request, KEY, undefined)
    const [temporary, permanent, usual] = iam.arrivals
    await expectSigned(temporary, clock.now(), TEMPORARY, true)
    await expectSigned(permanent, clock.now(), KEY, true)
    for (const { headers } of [temporary, permanent].filter((arrival) => arrival !== undefined)) {
      expect(headers.authorization).toMatch(/^SDK-HMAC-SHA256 Credential=CALLERAK\/\d{8}\/\/\/sdk_request, /)
    }
    await expectSigned(usual, clock.now())
  })

  it("is sent even if the key has expired by the local clock", async () => {
    const iam = await localIam({})
    await signedExchange(connectionTo(iam.url), request, { ...TEMPORARY, expiresAt: clock.now() - 1 }, undefined)
    await expectSigned(iam.arrivals[0], clock.now(), TEMPORARY)
  })

  it("is signed again once at the server's time when the clock is off", async () => {
    const serverTime = clock.now() + 20 * 60_000
    const expired = iamError(
      401,
      "APIGW.0301",
      "Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:...",
      { date: new Date(serverTime).toUTCString() },
    )
    const iam = await localIam(expired, {})
    await signedExchange(connectionTo(iam.url), request, KEY, undefined)
    expect(iam.arrivals).toHaveLength(2)
    await expectSigned(iam.arrivals[1], serverTime)

    const stubborn = await localIam(expired)
    const error = await rejectionOf(
      signedExchange(connectionTo(stubborn.url), request, KEY, undefined),
      KEY.secretAccessKey,
    )
    expect(error.code).toBe("AUTH_CREDENTIALS_REJECTED")
    expect(stubborn.arrivals).toHaveLength(2)
  })

  it("is signed again at the time in the refusal, if there is no Date header", async () => {
    const stamp = (time: number): string => new Date(time).toISOString().replaceAll(/[-:]|\.\d+/g, "")
    const serverTime = clock.now() - 40 * 60_000
    const refusal = `signature expired, signature time:${stamp(clock.now())},server time:${stamp(serverTime)}`
    const dates: unknown[] = []
    const fetch: IamFetch = async (_url, { headers }) => {
      dates.push(headers["x-sdk-date"])
      return dates.length > 1
        ? new Response("{}")
        : Response.json({ error_code: "APIGW.0301", error_msg: refusal }, { status: 401 })
    }
    await signedExchange({ ...connectionTo("https://iam.example.com"), fetch }, request, KEY, undefined)
    expect(dates).toEqual([stamp(clock.now()), stamp(serverTime)])
  })

  it("is never signed again when the signature is wrong, since five failures lock the key", async () => {
    const iam = await localIam(({ headers }) =>
      iamError(401, "APIGW.0301", `verify aksk signature fail, canonicalRequest:...${headers["x-security-token"]}`),
    )
    const asked = signedExchange(connectionTo(iam.url), request, TEMPORARY, undefined)
    const error = await rejectionOf(asked, KEY.secretAccessKey, TEMPORARY.securityToken)
    expect(error.errorMessage).toBe("verify aksk signature fail, canonicalRequest:...[secret]")
    expect(iam.arrivals).toHaveLength(1)
  })
})
