import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import { openTelekomCloud } from "../../src/cloud/cloud.ts"
import { defaultCredentials } from "../../src/credentials/chain.ts"
import { envCredentials } from "../../src/credentials/env-credentials.ts"
import { profileCredentials } from "../../src/credentials/profile-credentials.ts"
import { iamError, jsonBody, localIam, rejectionOf, thrownBy, tokenAnswer } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"
import { securityTokenAnswer } from "./temporary-key-answers.ts"

const set = (values: Record<string, string>): void => {
  for (const [name, value] of Object.entries(values)) vi.stubEnv(`HUAWEICLOUD_SDK_${name}`, value)
}

beforeEach(() => {
  const names = [
    "AK",
    "SK",
    "SECURITY_TOKEN",
    "PROJECT_ID",
    "DOMAIN_ID",
    "IDP_ID",
    "ID_TOKEN_FILE",
    "IAM_ENDPOINT",
    "CREDENTIALS_FILE",
  ]
  set(Object.fromEntries(names.map((name) => [name, ""])))
})
afterEach(() => vi.unstubAllEnvs())

describe("AK and SK of the environment", () => {
  it("are read each time", async () => {
    const provider = envCredentials()
    set({ AK: "AK1", SK: "SK1" })
    expect(await provider()).toEqual({ accessKeyId: "AK1", secretAccessKey: "SK1" })
    set({ AK: "AK2", SK: "SK2", SECURITY_TOKEN: "token" })
    expect(await provider()).toEqual({ accessKeyId: "AK2", secretAccessKey: "SK2", securityToken: "token" })
  })

  it("come with the project and domain of the environment", async () => {
    set({ AK: "AK", SK: "SK", PROJECT_ID: "p1", DOMAIN_ID: "d1" })
    expect(await envCredentials()()).toMatchObject({ projectId: "p1", domainId: "d1" })
  })

  it("need no region of a cloud without a global IAM, until IAM is asked", async () => {
    const provider = envCredentials({ cloud: openTelekomCloud })
    set({ AK: "AK", SK: "SK", IAM_ENDPOINT: "https://iam.myhuaweicloud.com" })
    expect(await provider()).toEqual({ accessKeyId: "AK", secretAccessKey: "SK" })
    const auth = akskAuth(provider, { cloud: openTelekomCloud })
    const url = "https://ecs.eu-de.otc.t-systems.com/v1/p1/cloudservers"
    const { headers } = await auth.authenticate({ method: "GET", url, headers: {}, body: null })
    expect(headers.authorization).toMatch(/^SDK-HMAC-SHA256 Credential=AK\/\d{8}\/\/\/sdk_request,/)
    set({ IDP_ID: "my-idp", ID_TOKEN_FILE: "/nowhere" })
    expect((await rejectionOf(provider())).message).toContain("IAM has no global endpoint: pass `region`")
    const inRegion = envCredentials({ cloud: openTelekomCloud, region: "eu-nl" })
    set({ IDP_ID: "", ID_TOKEN_FILE: "" })
    expect(await inRegion()).toMatchObject({ iamEndpoint: "https://iam.eu-nl.otc.t-systems.com" })
  })

  it.each([
    { cloud: { domain: "" } },
    { cloud: openTelekomCloud, region: "eu-west-0" },
    { cloud: openTelekomCloud, iamEndpoint: "nonsense" },
    { region: "nowhere" },
  ])("are refused at once with %j", (options) => {
    expect(thrownBy(() => envCredentials(options)).code).toBe("AUTH_INVALID_OPTION")
  })

  it("are missing when neither is set, and the error says what to set", async () => {
    const error = await rejectionOf(envCredentials()())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toMatch(
      /HUAWEICLOUD_SDK_AK.*HUAWEICLOUD_SDK_SK.*HUAWEICLOUD_SDK_IDP_ID.*HUAWEICLOUD_SDK_ID_TOKEN_FILE/,
    )
  })

  it.each([
    [["HW_ACCESS_KEY", "HW_SECRET_KEY"], "HW_ACCESS_KEY, HW_SECRET_KEY are set"],
    [["CLOUD_SDK_SK", "CLOUD_SDK_AK"], "CLOUD_SDK_AK, CLOUD_SDK_SK are set"],
    [["HUAWEICLOUD_ACCESS_KEY_ID"], "HUAWEICLOUD_ACCESS_KEY_ID is set"],
    [["G42_SECRET_KEY", "OS_AK"], "G42_SECRET_KEY, OS_AK are set"],
  ])("are missing when other tools' variables are set, and the error names those: %j", async (names, text) => {
    for (const name of names) vi.stubEnv(name, "'s3cret'")
    vi.stubEnv("SBC_ACCESS_KEY", " ")
    const error = await rejectionOf(envCredentials()(), "s3cret")
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain(
      `ID_TOKEN_FILE. ${text}, which other tools read: set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK to the same key.`,
    )
    expect((await rejectionOf(defaultCredentials()(), "s3cret")).message).toContain(text)
    expect((await rejectionOf(profileCredentials({ file: "/nowhere" })())).message).not.toContain(text)
    set({ AK: "AK", SK: "SK" })
    expect(await envCredentials()()).toEqual({ accessKeyId: "AK", secretAccessKey: "SK" })
  })

  it.each([
    [["OS_USERNAME", "OS_PASSWORD"], "OS_USERNAME, OS_PASSWORD are set"],
    [["HUAWEICLOUD_Username"], "HUAWEICLOUD_Username is set"],
    [["HW_USER_NAME", "HW_USER_PASSWORD", "HW_AUTH_TOKEN"], "HW_USER_NAME, HW_USER_PASSWORD, HW_AUTH_TOKEN are set"],
    [["OS_CLOUD"], "OS_CLOUD is set"],
  ])(
    "are missing when a user's name and password are set, and the error says who takes those: %j",
    async (names, text) => {
      for (const name of names) vi.stubEnv(name, "s3cret")
      expect((await rejectionOf(envCredentials()(), "s3cret")).message).toContain(
        `ID_TOKEN_FILE. ${text}, which other tools read: osToken() reads those of OpenStack, and passwordToken() takes a user's name and password.`,
      )
    },
  )

  it.each([
    [{ AK: "AK" }, /HUAWEICLOUD_SDK_AK without HUAWEICLOUD_SDK_SK/],
    [{ SK: "s3cret" }, /HUAWEICLOUD_SDK_SK without HUAWEICLOUD_SDK_AK/],
    [{ AK: "A K", SK: "s3cret" }, /The environment.*accessKeyId/],
  ])("are an error if incomplete or malformed: %o", async (values, text) => {
    set(values)
    const error = await rejectionOf(envCredentials()(), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toMatch(text)
  })
})

describe("quotes around a value, and a comment after it,", () => {
  const right = { AK: "AK", SK: "s3cretSk", SECURITY_TOKEN: "s3cretToken", PROJECT_ID: "p1", DOMAIN_ID: "d1" }
  const marked = (value: string): string[] => [`"${value}"`, `'${value}'`, `${value} # note`, `${value}\t; note`]

  it.each(Object.entries(right))("are refused, naming the variable: %s", async (name, value) => {
    for (const bad of marked(value)) {
      set({ ...right, [name]: bad })
      const error = await rejectionOf(defaultCredentials()(), "s3cretSk", "s3cretToken")
      expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
      expect(error.message).toMatch(new RegExp(`HUAWEICLOUD_SDK_${name} has (quotes around|a comment behind) it`))
    }
  })

  it.each(["IDP_ID", "ID_TOKEN_FILE", "IAM_ENDPOINT"])("are refused before IAM is asked: %s", async (name) => {
    const path = join(await temporaryFolder(), "id-token")
    await writeSettled(path, "id.token")
    const iam = await localIam(tokenAnswer(), securityTokenAnswer())
    const values: Record<string, string> = { IDP_ID: "my-idp", ID_TOKEN_FILE: path, IAM_ENDPOINT: iam.url }
    for (const bad of marked(values[name] ?? "")) {
      set({ ...right, ...values, [name]: bad })
      expect((await rejectionOf(envCredentials()())).message).toContain(`HUAWEICLOUD_SDK_${name} has`)
    }
    expect(iam.arrivals).toEqual([])
  })

  it("are refused in the file of an id token", async () => {
    const path = join(await temporaryFolder(), "id-token")
    const iam = await localIam(tokenAnswer(), securityTokenAnswer())
    set({ IDP_ID: "my-idp", ID_TOKEN_FILE: path, IAM_ENDPOINT: iam.url })
    for (const bad of marked("s3cret.id.token")) {
      await writeSettled(path, `${bad}\n`)
      expect((await rejectionOf(envCredentials()(), "s3cret.id.token")).message).toContain("The id token has")
    }
    expect(iam.arrivals).toEqual([])
  })

  it("are refused in the name of the profile file", async () => {
    set({ CREDENTIALS_FILE: '"/home/me/credentials"' })
    expect((await rejectionOf(defaultCredentials()())).message).toContain("HUAWEICLOUD_SDK_CREDENTIALS_FILE has quotes")
  })
})

describe("an identity provider of the environment", () => {
  it("wins over AK and SK, and gets the current id token of the file", async () => {
    const path = join(await temporaryFolder(), "id-token")
    const iam = await localIam(tokenAnswer("MIIunscoped"), securityTokenAnswer())
    set({ AK: "AK", SK: "SK", IDP_ID: "my-idp", ID_TOKEN_FILE: path, IAM_ENDPOINT: iam.url, PROJECT_ID: "p1" })
    await writeSettled(path, "first.id.token\n")
    expect(await envCredentials()()).toMatchObject({ accessKeyId: "TEMPORARYAK", projectId: "p1" })
    expect(iam.arrivals[0]).toMatchObject({
      target: "/v3.0/OS-AUTH/id-token/tokens",
      headers: { "x-idp-id": "my-idp" },
    })
    expect(jsonBody(iam.arrivals[0])).toEqual({ auth: { id_token: { id: "first.id.token" } } })
    expect(iam.arrivals[1]).toMatchObject({ headers: { "x-auth-token": "MIIunscoped" } })
    expect(jsonBody(iam.arrivals[1])).toEqual({
      auth: { identity: { methods: ["token"], token: { duration_seconds: 21_600 } } },
    })
  })

  it("refused by IAM is an error, not a missing credential", async () => {
    const path = join(await temporaryFolder(), "id-token")
    await writeSettled(path, "bad.id.token")
    const iam = await localIam(iamError(401, "IAM.0001", "bad.id.token is bad"))
    set({ IDP_ID: "my-idp", ID_TOKEN_FILE: path, IAM_ENDPOINT: iam.url })
    expect((await rejectionOf(envCredentials()(), "bad.id.token")).code).toBe("AUTH_CREDENTIALS_REJECTED")
  })
})

it("bad options are refused at construction", () => {
  expect(thrownBy(() => envCredentials({ timeoutMs: -1 })).message).toContain("`timeoutMs`")
  expect(thrownBy(() => envCredentials({ iamEndpoint: "http://iam.example.com" })).code).toBe("AUTH_INSECURE_URL")
  expect(thrownBy(() => envCredentials({ region: "!" })).message).toContain("`region`")
})
