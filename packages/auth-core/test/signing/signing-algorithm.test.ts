import { describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { autoAuth } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { createSigner, sign } from "../../src/signing/signer.ts"
import { verify } from "../../src/signing/verify.ts"
import { failureOf } from "../failure-of.ts"

const credentials = { accessKeyId: "AKEXAMPLE", secretAccessKey: "SKEXAMPLE" }

// This file imports no entry.
describe.each([
  ["SDK-ECDSA-P256-SHA256", "@countersign/auth-core/p256"],
  ["SDK-SM2-SM3", "@countersign/auth-core/sm2"],
] as const)("%s, whose entry is not imported", (algorithm, entry) => {
  const request = { method: "GET", url: "https://vpc.cn-north-4.myhuaweicloud.com/v1/x" }
  const expected = { name: "AuthError", code: "AUTH_ALGORITHM_UNSUPPORTED", message: expect.stringContaining(entry) }

  it("is refused with the import that it needs", () => {
    expect(failureOf(() => sign(request, credentials, { algorithm }))).toMatchObject(expected)
    expect(failureOf(() => createSigner(credentials, { algorithm }))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(credentials, { algorithm }))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(async () => credentials, { algorithm }))).toMatchObject(expected)
  })

  it("is told apart by verify, which throws nothing that a caller could provoke", async () => {
    const usual = sign(request, credentials)
    const authorization = (usual.authorization ?? "")
      .replace("SDK-HMAC-SHA256", algorithm)
      .replace(/[\da-f]+$/, `3044${"02200".padEnd(68, "1").repeat(2)}`)
    const sent = { ...request, headers: { ...usual, authorization } }
    expect(await verify(sent, { secretFor: () => credentials })).toMatchObject({
      ok: false,
      code: "ALGORITHM_UNSUPPORTED",
      message: expect.stringContaining(entry),
    })
  })
})

describe("V11-HMAC-SHA256 without its scope", () => {
  it.each([
    {},
    { region: "cn-north-4" },
    { service: "iotdm" },
    { region: "", service: "iotdm" },
    { region: "cn-north-4", service: "" },
  ])("is refused at once with no more than %j", (scope) => {
    const options = { algorithm: "V11-HMAC-SHA256", ...scope } as const
    const request = { method: "GET", url: "https://a.iotda-app.cn-north-4.myhuaweicloud.com/" }
    const expected = {
      code: "AUTH_INVALID_OPTION",
      message: expect.stringContaining("`region` and `service` must be names"),
    }
    const token = tokenAuth("token")
    expect(failureOf(() => sign(request, credentials, options))).toMatchObject(expected)
    expect(failureOf(() => createSigner(credentials, options))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(credentials, options))).toMatchObject(expected)
    expect(failureOf(() => akskAuth(async () => credentials, options))).toMatchObject(expected)
    expect(failureOf(() => autoAuth({ aksk: akskAuth(credentials, options), token }))).toMatchObject(expected)
  })
})

describe("the algorithm auto", () => {
  const INSTANCES = [
    ["https://361017cfc6.st1.iotda-app.cn-north-4.myhuaweicloud.com/v5/iot/p/devices", "cn-north-4"],
    ["https://361017cfc6.st1.iotda-app.cn-north-4.myhuaweicloud.com:443/v5/iot", "cn-north-4"],
    ["https://361017cfc6.st1.iotda-app.cn-north-4.myhuaweicloud.com:8443/v5/iot", "cn-north-4"],
    ["https://1ef972c084.IOTDA-APP.ap-southeast-1.myhuaweicloud.com/", "ap-southeast-1"],
    ["https://1ef972c084.iotda-app.eu-west-101.myhuaweicloud.eu/", "eu-west-101"],
    ["https://1ef972c084.iotda-app.eu-west-0.prod-cloud-ocb.orange-business.com/", "eu-west-0"],
  ] as const
  const OTHERS = [
    "https://iotda.cn-north-4.myhuaweicloud.com/",
    "https://iotda-app.cn-north-4.myhuaweicloud.com/",
    "https://vpc.eu-west-101.myhuaweicloud.eu/",
    "https://cts.af-north-1.myhuaweicloud.africa/",
    "https://ecs.eu-de.otc.t-systems.com/",
    "https://a.iotda-device.cn-north-4.myhuaweicloud.com/",
    "https://a.iotda-app.obs.myhuaweicloud.com/",
    "http://127.0.0.1:8080/",
    "http://[::1]:8080/",
    "http://localhost:8080/a.iotda-app.cn-north-4.myhuaweicloud.com/",
    "https://192.0.2.1/",
    "https://api.example.com/",
  ]
  const authorizations = async (url: string): Promise<(string | undefined)[]> => {
    const request = { method: "GET", url: new URL(url).href }
    const options = { algorithm: "auto", region: "cn-south-1", service: "vpc" } as const
    const auth = akskAuth(credentials, options)
    return [
      sign(request, credentials, options).authorization,
      createSigner(credentials, options).sign(request).authorization,
      (await auth.authenticate({ ...request, headers: {}, body: null })).headers.authorization,
      (await akskAuth(async () => credentials, options).authenticate({ ...request, headers: {}, body: null })).headers
        .authorization,
    ]
  }

  it.each(INSTANCES)("signs for an instance of IoTDA with a derived key: %s", async (url, region) => {
    const day = new Date().toISOString().slice(0, 10).replaceAll("-", "")
    const start = `V11-HMAC-SHA256 Credential=AKEXAMPLE/${day}/${region}/iotdm, SignedHeaders=host;x-sdk-date, `
    for (const authorization of await authorizations(url)) expect(authorization).toContain(start)
  })

  it.each(OTHERS)("signs for any other host with the SK: %s", async (url) => {
    for (const authorization of await authorizations(url)) {
      expect(authorization).toContain("SDK-HMAC-SHA256 Access=AKEXAMPLE, SignedHeaders=host;x-sdk-date, ")
    }
  })

  it("changes the key from host to host, and every signature verifies", async () => {
    const signer = createSigner(credentials, { algorithm: "auto" })
    for (const [url] of [...INSTANCES, ["https://vpc.cn-north-4.myhuaweicloud.com/"], ...INSTANCES]) {
      const request = { method: "POST", url: new URL(url).href, body: "text" }
      const headers = signer.sign(request)
      expect(await verify({ ...request, headers }, { secretFor: () => credentials })).toMatchObject({ ok: true })
    }
  })
})
