// The official clients for IAM, VPC and OBS were written for the real services, independently of this emulator.
import { createHmac } from "node:crypto"
import { Agent } from "node:http"
import { createRequire } from "node:module"
import { setImmediate } from "node:timers/promises"
import { agencyCredentials, passwordToken, tokenCredentials } from "@countersign/auth-core"
import { recordingServer } from "@countersign/testkit"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { type Emulator, startEmulator } from "../src/index.ts"
import { silenceSdk } from "./silence-sdk.ts"

type Answer = Record<string, unknown> & { httpStatusCode: number }

// Their types need all their dependencies, so only the used part is declared here.
interface SdkCredentials {
  withAk(ak: string): this
  withSk(sk: string): this
  withSecurityToken(token: string | undefined): this
  withProjectId(id: string): this
  withDomainId(id: string): this
}
interface Builder<C> {
  withCredential(credentials: SdkCredentials): this
  withEndpoint(endpoint: string): this
  build(): C
}
interface IamClient {
  keystoneListAuthProjects(): Promise<Answer>
  keystoneListAuthDomains(): Promise<Answer>
  keystoneCreateUserTokenByPassword(request: object): Promise<Answer>
  createTemporaryAccessKeyByAgency(request: object): Promise<Answer>
  createTemporaryAccessKeyByToken(request: object): Promise<Answer>
}
interface VpcClient {
  listVpcs(request: object): Promise<Answer>
  createVpc(request: object): Promise<Answer>
}
interface ObsClient {
  getObject(request: { Bucket: string; Key: string }): Promise<{ CommonMsg: { Status: number } }>
}
const require = createRequire(import.meta.url)
const { BasicCredentials, GlobalCredentials } = {
  ...(require("@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials") as object),
  ...(require("@huaweicloud/huaweicloud-sdk-core/auth/GlobalCredentials") as object),
} as { BasicCredentials: new () => SdkCredentials; GlobalCredentials: new () => SdkCredentials }
// Its main file requires one that the package lacks.
const iam = require("@huaweicloud/huaweicloud-sdk-iam/v3/public-api") as {
  IamClient: { newBuilder(): Builder<IamClient> }
}
const vpc = require("@huaweicloud/huaweicloud-sdk-vpc/v2/public-api") as {
  VpcClient: { newBuilder(): Builder<VpcClient> }
}
const Obs = require("esdk-obs-nodejs") as new (options: object) => ObsClient

silenceSdk()

let emulator: Emulator
beforeAll(async () => {
  emulator = await startEmulator()
})
afterAll(() => emulator.close())
beforeEach(() => emulator.stats.reset())

function partnerToken() {
  const { user, domain } = emulator.accounts.partner
  const { name, password } = user
  return passwordToken({
    iamEndpoint: emulator.url,
    user: name,
    password,
    domain: domain.name,
    scope: { domain: domain.name },
  })
}

/** Temporary keys of a customer, as a partner gets them. */
function customerKeys() {
  const [customer] = emulator.accounts.customers
  return agencyCredentials({
    via: partnerToken(),
    agency: customer?.agency.name ?? "",
    domain: customer?.domain.name ?? "",
  })
}

describe("the official client for IAM", () => {
  const client = (): IamClient => {
    const { accessKeyId, secretAccessKey } = emulator.accounts.partner.user.credentials
    const credentials = new GlobalCredentials()
      .withAk(accessKeyId)
      .withSk(secretAccessKey)
      .withDomainId(emulator.accounts.partner.domain.id)
    return iam.IamClient.newBuilder().withCredential(credentials).withEndpoint(emulator.url).build()
  }

  it("lists projects and accounts", async () => {
    const { domain, projects } = emulator.accounts.partner
    const listed = await client().keystoneListAuthProjects()
    expect(listed.projects).toEqual(projects.map(({ id, name }) => expect.objectContaining({ id, name })))
    const accounts = await client().keystoneListAuthDomains()
    expect(accounts.domains).toEqual([expect.objectContaining({ id: domain.id, name: domain.name })])
  })

  it("gets a token by password", async () => {
    const { user, domain } = emulator.accounts.partner
    const password = { user: { name: user.name, password: user.password, domain: { name: domain.name } } }
    const body = { auth: { identity: { methods: ["password"], password }, scope: { domain: { name: domain.name } } } }
    const answer = await client().keystoneCreateUserTokenByPassword({ body })
    expect(answer).toMatchObject({ httpStatusCode: 201, token: { user: { id: user.id } } })
  })

  it("gets temporary keys through an agency, and by a signed call of its own", async () => {
    const [customer] = emulator.accounts.customers
    const assume_role = {
      agency_name: customer?.agency.name,
      domain_name: customer?.domain.name,
      duration_seconds: 900,
    }
    const byAgency = await client().createTemporaryAccessKeyByAgency({
      body: { auth: { identity: { methods: ["assume_role"], assume_role } } },
    })
    expect(byAgency).toMatchObject({ httpStatusCode: 201, credential: { securitytoken: expect.any(String) } })
    const own = await client().createTemporaryAccessKeyByToken({
      body: { auth: { identity: { methods: ["token"], token: { duration_seconds: "900" } } } },
    })
    expect(own).toMatchObject({ httpStatusCode: 201, credential: { securitytoken: expect.any(String) } })
  })

  it("gets IAM's refusal of an agency that is not there", async () => {
    const assume_role = { agency_name: "absent", domain_name: emulator.accounts.customers[0]?.domain.name }
    const body = { auth: { identity: { methods: ["assume_role"], assume_role } } }
    await expect(client().createTemporaryAccessKeyByAgency({ body })).rejects.toMatchObject({ httpStatusCode: 404 })
  })
})

describe("the official client for VPC", () => {
  it("signs by temporary keys that agencyCredentials got", async () => {
    const { accessKeyId, secretAccessKey, securityToken } = await customerKeys()()
    const credentials = new BasicCredentials()
      .withAk(accessKeyId)
      .withSk(secretAccessKey)
      .withSecurityToken(securityToken)
      .withProjectId("p1")
    const client = vpc.VpcClient.newBuilder().withCredential(credentials).withEndpoint(emulator.url).build()
    expect(await client.listVpcs({ limit: 10, marker: "a b/ü" })).toMatchObject({ httpStatusCode: 200 })
    const made = await client.createVpc({ body: { vpc: { name: "ü 世界", cidr: "10.0.0.0/8" } } })
    expect(made).toMatchObject({ httpStatusCode: 200 })
    const [listed, created] = emulator.stats.requests.filter(({ target }) => target.startsWith("/v1/p1/vpcs"))
    expect(listed?.headers).toMatchObject({ "x-security-token": securityToken, "x-project-id": "p1" })
    expect(created?.method).toBe("POST")
  })
})

describe("the official client for OBS, which this emulator does not speak,", () => {
  it.each([
    ["agencyCredentials", customerKeys],
    ["tokenCredentials", () => tokenCredentials({ via: partnerToken() })],
  ])("sends the temporary keys of %s, signed in its own way", async (_, provider) => {
    const { accessKeyId, secretAccessKey, securityToken } = await provider()()
    const server = await recordingServer(() => ({ status: 200, body: "content" }))
    try {
      // By the name of a host it signs as OBS does, by an address as S3 did.
      const http_agent = new Agent({ lookup: (_, __, found) => found(null, [{ address: "127.0.0.1", family: 4 }]) })
      const client = new Obs({
        access_key_id: accessKeyId,
        secret_access_key: secretAccessKey,
        security_token: securityToken,
        server: `http://obs.example.com:${new URL(server.url).port}`,
        signature: "obs",
        is_signature_negotiation: false,
        max_retry_count: 0,
        http_agent,
      })
      // Its constructor goes on after it returned.
      await setImmediate()
      const { CommonMsg } = await client.getObject({ Bucket: "bucket", Key: "folder/a b.txt" })
      expect(CommonMsg.Status).toBe(200)
      const [arrival] = server.arrivals
      const { headers = {}, target } = arrival ?? {}
      expect(headers["x-obs-security-token"]).toBe(securityToken)
      // OBS API reference, "Authentication of Signature in a Header".
      const date = headers["x-obs-date"] === undefined ? headers.date : ""
      const text = ["GET", "", "", date, ...obsLines(headers), `/bucket${target}`].join("\n")
      const signature = createHmac("sha1", secretAccessKey).update(text).digest("base64")
      expect(headers.authorization).toBe(`OBS ${accessKeyId}:${signature}`)
    } finally {
      await server.close()
    }
  })
})

function obsLines(headers: Readonly<Record<string, string | string[] | undefined>>): string[] {
  const names = Object.keys(headers).filter((name) => name.startsWith("x-obs-"))
  return names.sort().map((name) => `${name}:${headers[name]}`)
}
