// The official Node SDK was written for the real gateway, independently of this emulator.
import { mkdtemp, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"
import { silenceSdk } from "./silence-sdk.ts"

interface HcClient {
  sendRequest(options: object): Promise<Record<string, unknown> & { httpStatusCode: number }>
}
interface SdkCredentials {
  withAk(ak: string): this
  withSk(sk: string): this
  withProjectId(id: string): this
  withSecurityToken(token: string): this
  withIamEndpoint(endpoint: string): this
  withIdpId(id: string): this
  withIdTokenFile(path: string): this
  withDerivedPredicate(predicate: () => boolean): this
}
interface Builder {
  withCredential(credentials: SdkCredentials): this
  withEndpoint(endpoint: string): this
  withRegion(region: object): this
  withDerivedAuthServiceName(name: string): this
  build(): HcClient
}
interface Sdk {
  BasicCredentials: new () => SdkCredentials
  GlobalCredentials: new () => SdkCredentials
  ClientBuilder: new (init: (client: HcClient) => HcClient, kind?: string) => Builder
  Region: new (id: string, endpoint: string) => object
}

// Its types need all its dependencies, so only the used part is declared here.
const require = createRequire(import.meta.url)
const sdk = {
  ...(require("@huaweicloud/huaweicloud-sdk-core") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/ClientBuilder") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/region/region") as object),
} as Sdk

silenceSdk()

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())
beforeEach(() => emulator.stats.reset())

function keys(credentials: SdkCredentials): SdkCredentials {
  const { accessKeyId, secretAccessKey } = emulator.accounts.partner.user.credentials
  return credentials.withAk(accessKeyId).withSk(secretAccessKey).withIamEndpoint(emulator.url)
}

function clientWith(credentials: SdkCredentials): Builder {
  return new sdk.ClientBuilder((client) => client).withCredential(credentials).withEndpoint(emulator.url)
}

const get = {
  method: "GET",
  url: "/v1/things",
  contentType: "application/json",
  queryParams: {},
  pathParams: {},
  headers: {},
  data: {},
}

describe("the official Node SDK gets through", () => {
  it("with a signed GET that has a query", async () => {
    const client = clientWith(keys(new sdk.BasicCredentials()).withProjectId("p1")).build()
    const answer = await client.sendRequest({ ...get, queryParams: { limit: 2, name: "a b/c", tags: ["z", "a"] } })
    expect(answer).toMatchObject({
      httpStatusCode: 200,
      caller: { scheme: "signature", user: "partner-operator", projectId: "p1" },
    })
  })

  it("with a signed POST of JSON", async () => {
    const client = clientWith(keys(new sdk.BasicCredentials()).withProjectId("p1")).build()
    const data = { name: "ü 世界", list: [1, 2] }
    const answer = await client.sendRequest({ ...get, method: "POST", data })
    expect(answer).toMatchObject({ httpStatusCode: 200, body: { text: JSON.stringify(data) } })
  })

  it("with a derived key, V11-HMAC-SHA256", async () => {
    const credentials = keys(new sdk.BasicCredentials())
      .withProjectId("p1")
      .withDerivedPredicate(() => true)
    const client = new sdk.ClientBuilder((one) => one)
      .withCredential(credentials)
      .withRegion(new sdk.Region("cn-north-4", emulator.url))
      .withDerivedAuthServiceName("iotdm")
      .build()
    expect(await client.sendRequest({ ...get })).toMatchObject({ httpStatusCode: 200 })
    expect(emulator.stats.requests[0]?.headers.authorization).toMatch(
      /^V11-HMAC-SHA256 Credential=\w+\/\d{8}\/cn-north-4\/iotdm,/,
    )
  })

  it("with temporary keys and their security token", async () => {
    const { access, secret, securitytoken } = await temporaryKey()
    const credentials = new sdk.BasicCredentials()
      .withAk(access)
      .withSk(secret)
      .withSecurityToken(securitytoken)
      .withProjectId("p1")
    expect(
      await clientWith(credentials)
        .build()
        .sendRequest({ ...get }),
    ).toMatchObject({ httpStatusCode: 200 })
  })

  it("by looking up its project id by the region's name", async () => {
    const client = new sdk.ClientBuilder((one) => one)
      .withCredential(keys(new sdk.BasicCredentials()))
      .withRegion(new sdk.Region("cn-north-4", emulator.url))
      .build()
    const [project] = emulator.accounts.partner.projects
    expect(await client.sendRequest({ ...get })).toMatchObject({ caller: { projectId: project?.id } })
    expect(emulator.stats.calls["GET /v3/projects"]).toBe(1)
  })

  it("by looking up its domain id", async () => {
    const client = new sdk.ClientBuilder((one) => one, "GlobalCredentials")
      .withCredential(keys(new sdk.GlobalCredentials()))
      .withRegion(new sdk.Region("cn-north-4", emulator.url))
      .build()
    expect(await client.sendRequest({ ...get })).toMatchObject({ httpStatusCode: 200 })
    expect(emulator.stats.requests[0]?.headers["x-domain-id"]).toBe(emulator.accounts.partner.domain.id)
  })

  it("with temporary keys from OpenID Connect federation", async () => {
    const { id, idToken } = emulator.accounts.identityProvider
    const file = join(await mkdtemp(join(tmpdir(), "countersign-")), "id-token")
    await writeFile(file, idToken)
    const credentials = new sdk.BasicCredentials()
      .withIamEndpoint(emulator.url)
      .withIdpId(id)
      .withIdTokenFile(file)
      .withProjectId("p1")
    const client = new sdk.ClientBuilder((one) => one)
      .withCredential(credentials)
      .withRegion(new sdk.Region("cn-north-4", emulator.url))
      .build()
    expect(await client.sendRequest({ ...get })).toMatchObject({
      httpStatusCode: 200,
      caller: { user: "alice" },
    })
    expect(emulator.stats.iamCalls).toBe(2)
  })

  it("but not with a wrong secret, and its error has the gateway's message", async () => {
    const { accessKeyId } = emulator.accounts.partner.plainUser.credentials
    const client = clientWith(
      new sdk.BasicCredentials().withAk(accessKeyId).withSk("wrong").withProjectId("p1"),
    ).build()
    await expect(client.sendRequest({ ...get })).rejects.toMatchObject({
      httpStatusCode: 401,
      errorCode: "APIGW.0301",
      errorMsg: expect.stringContaining("verify aksk signature fail"),
    })
  })
})

async function temporaryKey(): Promise<{ access: string; secret: string; securitytoken: string }> {
  const { partner } = emulator.accounts
  const { name, password } = partner.user
  const post = (path: string, body: object, headers: Record<string, string> = {}): Promise<Response> =>
    fetch(emulator.url + path, { method: "POST", headers, body: JSON.stringify(body) })
  const domain = { name: partner.domain.name }
  const login = await post("/v3/auth/tokens", {
    auth: { identity: { methods: ["password"], password: { user: { name, password, domain } } }, scope: { domain } },
  })
  const key = await post(
    "/v3.0/OS-CREDENTIAL/securitytokens",
    { auth: { identity: { methods: ["token"] } } },
    { "x-auth-token": login.headers.get("x-subject-token") ?? "" },
  )
  return ((await key.json()) as { credential: { access: string; secret: string; securitytoken: string } }).credential
}
