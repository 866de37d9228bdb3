import { describe, expect, it } from "vitest"
import { type ExplainedRequest, explain } from "../../src/explain.ts"
import { sign } from "../../src/signing/signer.ts"

const KEY = { accessKeyId: "QTWAOYTTINDUT2QVKYUC", secretAccessKey: "MFyfvK41ba2giqM7Uio6PznpdUKGpownRZlmVmHc" }
const answer = (error_code: string, error_msg: string) => ({
  status: 401,
  body: JSON.stringify({ error_code, error_msg, request_id: "r1" }),
})
type Options = Parameters<typeof sign>[2]
const signed = (url: string, options: Options = {}): ExplainedRequest => {
  const request = { method: "GET", url }
  return { ...request, headers: sign(request, KEY, options) }
}
const byToken = (url: string): ExplainedRequest => ({ method: "GET", url, headers: { "X-Auth-Token": "MIIa" } })

describe("IoTDA refuses", () => {
  const URL = "https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com/v5/iot/devices"
  const refused = answer("IOTDA.000002", "Authentication failed.")
  const v11 = (region: string, service: string) => signed(URL, { algorithm: "V11-HMAC-SHA256", region, service })

  it.each([
    ["iotda", "cn-north-4", "service", "cn-north-4/iotdm", /derived for the service iotda;/],
    ["ecs", "cn-north-4", "service", "cn-north-4/iotdm", /derived for the service ecs;/],
    ["iotdm", "cn-north-1", "region", "cn-north-4/iotdm", /The host is in cn-north-4, .* derived for cn-north-1\./],
    ["ecs", "cn-north-1", "service", "cn-north-4/iotdm", /cn-north-4, .* derived for cn-north-1\./],
  ])("a key of the service %s in %s", (service, region, where, expected, words) => {
    const explanation = explain(refused, { request: v11(region, service) })
    const received = `${region}/${service}`
    expect(explanation).toMatchObject({
      cause: "wrong-credential-scope",
      where,
      expected,
      received,
      confidence: "likely",
    })
    expect(explanation).toMatchObject({ locks: "access-key", retryable: false })
    expect(String(explanation)).toMatch(words)
  })

  it("the plain algorithm, and a request that is not known", () => {
    for (const context of [{ request: signed(URL) }, {}]) {
      expect(explain(refused, context)).toMatchObject({ cause: "wrong-algorithm", where: "algorithm" })
    }
  })

  it("a key of the right scope, and a token, for another reason", () => {
    const own = explain(refused, { request: v11("cn-north-4", "iotdm") })
    expect(own).toMatchObject({ cause: "credentials-refused", confidence: "possible" })
    expect(explain(refused, { request: byToken(URL) })).toMatchObject({
      cause: "token-invalid",
      confidence: "possible",
    })
  })
})

describe("words about a token", () => {
  const URL = "https://cce.cn-north-4.myhuaweicloud.com/api/v3/projects/p/clusters"
  const KEYSTONE = JSON.stringify({
    error: { code: 401, message: "The X-Auth-Token is invalid!", title: "Unauthorized" },
  })

  it.each<[string, object]>([
    ["CCE", answer("CCE.01401001", "Authentication failed")],
    [
      "SWR",
      { status: 401, body: '{"errors":[{"errorCode":"SVCSTG.SWR.4010000","errorMessage":"Authenticate Error"}]}' },
    ],
    ["IAM", { status: 401, body: KEYSTONE }],
    ["a gateway of another region", answer("APIGW.0307", "The token must be updated.")],
  ])("of %s do not ask for a new token where a signature was sent", (_, refused) => {
    const explanation = explain(refused, { request: signed(URL) })
    expect(explanation).toMatchObject({ cause: "credentials-refused", confidence: "possible", retryable: false })
    expect(String(explanation)).not.toMatch(/new token/)
    for (const context of [{ request: byToken(URL) }, {}]) {
      expect(String(explain(refused, context))).toMatch(/new token/)
    }
  })

  it("hold for the token of a temporary access key", () => {
    const refused = answer("APIGW.0301", "Incorrect IAM authentication information: invalid security token")
    expect(explain(refused, { request: signed(URL) }).cause).toBe("token-invalid")
  })
})

describe("an app is refused", () => {
  it.each([
    ["APIGW.0303", "Incorrect app authentication information: app not found, appkey 4f5f", {}, "access key"],
    ["APIGW.0303", "Incorrect app authentication information: AppCode is invalid", {}, "AppCode"],
    ["APIGW.0304", "The app is not authorized to access the API.", { "X-Apig-AppCode": "secret-code" }, "AppCode"],
  ])("%s, %s", (code, message, headers, where) => {
    const explanation = explain(answer(code, message), { request: { headers } })
    expect(explanation).toMatchObject({ cause: "app-credentials-refused", where })
  })
})

describe("an access key that begins like one of another cloud", () => {
  const causeOf = (key: string) =>
    explain(answer("APIGW.0301", `Get secretKey failed,ak:${key},err:ak not exist`)).cause

  it.each(["AKIDAAAABBBBCCCC1234", "LTAIAAAABBBBCCCC1234", "AKIA0123456789ABCDEF"])(
    "%s may be Huawei Cloud's",
    (key) => {
      expect(causeOf(key)).toBe("access-key-unknown")
    },
  )

  it.each([
    "AKIDz8krbsJ5yKBZQpn74WFkmLPx3gnPhESA",
    "LTAI4FabcdefghijklmnopqG",
    "LTAIabcdEFGH1234",
    "AKIAIOSFODNN7EXAMPLE",
  ])("%s is not", (key) => {
    expect(causeOf(key)).toBe("access-key-of-other-cloud")
  })
})
