import { join } from "node:path"
import { fakeClock } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type AkskAuthOptions, akskAuth } from "../../src/auth/aksk-auth.ts"
import { cloudRuAdvanced, openTelekomCloud } from "../../src/cloud/cloud.ts"
import { chain } from "../../src/credentials/chain.ts"
import { envCredentials } from "../../src/credentials/env-credentials.ts"
import { profileCredentials } from "../../src/credentials/profile-credentials.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import {
  agencyCredentials,
  federatedCredentials,
  tokenCredentials,
} from "../../src/credentials/temporary-credentials.ts"
import type { CredentialProvider } from "../../src/identity/provider.ts"
import { staticToken } from "../../src/tokens/static-token.ts"
import { temporaryFolder, writeSettled } from "../credentials/files.ts"

const clock = fakeClock()
const key = { accessKeyId: "AK", secretAccessKey: "SK" }
const SOURCE = "https://iam.source.example.com"
const AUTH = "https://iam.auth.example.com"
const ENVIRONMENT = "https://iam.environment.example.com"
const REGION = "https://iam.eu-west-101.myhuaweicloud.eu"

/** Answers for every IAM, and records the origins that were called. */
function anyIam(): { asked: string[]; fetch: typeof globalThis.fetch } {
  const asked: string[] = []
  const later = new Date(clock.now() + 3_600_000).toISOString()
  const fetch: typeof globalThis.fetch = async (input) => {
    const { origin, pathname } = new URL(String(input))
    asked.push(`${origin} ${pathname}`)
    if (pathname === "/v3/projects") return Response.json({ projects: [{ id: "p1" }] })
    if (pathname === "/v3/auth/domains") return Response.json({ domains: [{ id: "d1" }] })
    if (pathname.endsWith("/securitytokens")) {
      const credential = { access: "TEMPORARYAK", secret: "temporary", securitytoken: "token", expires_at: later }
      return Response.json({ credential }, { status: 201 })
    }
    const token = { expires_at: later, issued_at: new Date(clock.now()).toISOString() }
    return Response.json({ token }, { status: 201, headers: { "x-subject-token": "MIItoken" } })
  }
  return { asked, fetch }
}

/** The distinct origins of IAM that a request with both ids calls. */
async function originsAsked(
  source: CredentialProvider | typeof key,
  { asked, fetch }: ReturnType<typeof anyIam>,
  options: AkskAuthOptions = {},
): Promise<string[]> {
  const auth = akskAuth(source, {
    clock,
    projectId: "auto",
    domainId: "auto",
    ...options,
    iam: { fetch, ...options.iam },
  })
  const url = "https://ecs.eu-west-101.myhuaweicloud.eu/v1/x"
  const { headers } = await auth.authenticate({ method: "GET", url, headers: {}, body: null })
  expect(headers).toMatchObject({ "x-project-id": "p1", "x-domain-id": "d1" })
  return [...new Set(asked.map((call) => call.split(" ")[0] ?? ""))]
}

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder()
  for (const name of [
    "AK",
    "SK",
    "SECURITY_TOKEN",
    "IDP_ID",
    "ID_TOKEN_FILE",
    "PROJECT_ID",
    "DOMAIN_ID",
    "IAM_ENDPOINT",
  ]) {
    vi.stubEnv(`HUAWEICLOUD_SDK_${name}`, "")
  }
})
afterEach(() => vi.unstubAllEnvs())

async function profile(content: string): Promise<CredentialProvider> {
  const file = join(folder, "credentials")
  await writeSettled(file, content)
  return profileCredentials({ file })
}

describe("look-ups use", () => {
  it("the endpoint of the credentials' source first, however it is named", async () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENVIRONMENT)
    const iam = anyIam()
    const via = staticToken({ value: "MII", issuedAt: clock.now(), expiresAt: Date.UTC(2100, 0) })
    const options = { via, clock, fetch: iam.fetch, iamEndpoint: SOURCE }
    const sources: CredentialProvider[] = [
      await profile(`[basic]\nak = AK\nsk = SK\niam_endpoint = ${SOURCE}\n`),
      agencyCredentials({ ...options, agency: "agency", domain: "customer" }),
      tokenCredentials(options),
      federatedCredentials({ ...options, idpId: "idp", idToken: "id-token" }),
      chain(envCredentials(), tokenCredentials(options)),
    ]
    for (const source of sources) {
      const auth = { region: "eu-west-101", iam: { iamEndpoint: AUTH } }
      expect(await originsAsked(source, iam, auth)).toEqual([SOURCE])
    }
  })

  it("the endpoint of the source behind via, or of its region", async () => {
    vi.stubEnv("HUAWEICLOUD_SDK_AK", "AK")
    vi.stubEnv("HUAWEICLOUD_SDK_SK", "SK")
    const iam = anyIam()
    const federated = federatedCredentials({ idpId: "idp", idToken: "x", iamEndpoint: SOURCE, clock, fetch: iam.fetch })
    const built = agencyCredentials({ via: federated, agency: "agency", domain: "customer" })
    expect(await originsAsked(built, iam, { iam: { iamEndpoint: AUTH } })).toEqual([SOURCE])
    const regional = envCredentials({ region: "eu-west-101" })
    expect(await originsAsked(regional, anyIam(), { iam: { iamEndpoint: AUTH } })).toEqual([REGION])
  })

  it("else the endpoint of the auth, then of the environment, then of the region", async () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENVIRONMENT)
    const region = "eu-west-101"
    expect(await originsAsked(key, anyIam(), { region, iam: { iamEndpoint: AUTH } })).toEqual([AUTH])
    expect(await originsAsked(staticCredentials(key), anyIam(), { region })).toEqual([ENVIRONMENT])
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "")
    expect(await originsAsked(key, anyIam(), { region })).toEqual([REGION])
  })
})

describe("the cloud of the auth", () => {
  const url = "https://ecs.eu-de.otc.t-systems.com/v1/x"
  const ids = async (options: AkskAuthOptions, iam: ReturnType<typeof anyIam>): Promise<string[]> => {
    const auth = akskAuth(key, { clock, projectId: "auto", domainId: "auto", ...options, iam: { fetch: iam.fetch } })
    await auth.authenticate({ method: "GET", url, headers: {}, body: null })
    return iam.asked
  }

  it("serves the look-ups, in the region that the host names", async () => {
    const iam = anyIam()
    const auth = akskAuth(key, { clock, projectId: "auto", cloud: openTelekomCloud, iam: { fetch: iam.fetch } })
    await auth.authenticate({ method: "GET", url, headers: {}, body: null })
    expect(iam.asked).toEqual(["https://iam.eu-de.otc.t-systems.com /v3/projects"])
    const elsewhere = async (): Promise<unknown> =>
      auth.authenticate({ method: "GET", url: url.replace("eu-de", "eu-x"), headers: {}, body: null })
    await expect(elsewhere()).rejects.toThrow("names none: pass `region`")
  })

  it("wins over the environment, which may belong to another cloud", async () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENVIRONMENT)
    const asked = await ids({ cloud: openTelekomCloud, region: "eu-nl" }, anyIam())
    expect(new Set(asked)).toEqual(
      new Set([
        "https://iam.eu-nl.otc.t-systems.com /v3/projects",
        "https://iam.eu-nl.otc.t-systems.com /v3/auth/domains",
      ]),
    )
  })

  it("serves an id token that the environment names", async () => {
    await writeSettled(join(folder, "id-token"), "id-token")
    vi.stubEnv("HUAWEICLOUD_SDK_IDP_ID", "idp")
    vi.stubEnv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", join(folder, "id-token"))
    const iam = anyIam()
    const auth = akskAuth(envCredentials({ clock, fetch: iam.fetch }), { clock, cloud: cloudRuAdvanced })
    await auth.authenticate({ method: "GET", url, headers: {}, body: null })
    expect(new Set(iam.asked.map((call) => call.split(" ")[0]))).toEqual(
      new Set(["https://iam.ru-moscow-1.hc.sbercloud.ru"]),
    )
  })

  it("of a provider is that of the provider behind via", async () => {
    const iam = anyIam()
    const via = federatedCredentials({
      idpId: "idp",
      idToken: "x",
      cloud: openTelekomCloud,
      region: "eu-de",
      clock,
      fetch: iam.fetch,
    })
    await agencyCredentials({ via, agency: "agency", domain: "customer" })()
    await agencyCredentials({ via, agency: "agency", domain: "customer", region: "eu-nl" })()
    await agencyCredentials({ via, agency: "agency", domain: "customer", cloud: cloudRuAdvanced })()
    expect(new Set(iam.asked.map((call) => call.split(" ")[0]))).toEqual(
      new Set([
        "https://iam.eu-de.otc.t-systems.com",
        "https://iam.eu-nl.otc.t-systems.com",
        "https://iam.ru-moscow-1.hc.sbercloud.ru",
      ]),
    )
  })
})

describe("an id token of the environment or a profile", () => {
  beforeEach(async () => {
    await writeSettled(join(folder, "id-token"), "id-token")
    vi.stubEnv("HUAWEICLOUD_SDK_IDP_ID", "idp")
    vi.stubEnv("HUAWEICLOUD_SDK_ID_TOKEN_FILE", join(folder, "id-token"))
  })

  it("goes to the IAM of the auth, by its endpoint or its region", async () => {
    const region = "eu-west-101"
    for (const source of [envCredentials({ clock }), chain(envCredentials({ clock }))]) {
      expect(await originsAsked(source, anyIam(), { region })).toEqual([REGION])
      expect(await originsAsked(source, anyIam(), { region, iam: { iamEndpoint: AUTH } })).toEqual([AUTH])
    }
    const inProfile = await profile(`[basic]\nidp_id = idp\nid_token_file = ${join(folder, "id-token")}\n`)
    expect(await originsAsked(inProfile, anyIam(), { region })).toEqual([REGION])
  })

  it("goes to the IAM of its source first, and to the environment's before that of a region", async () => {
    const iam = anyIam()
    const source = envCredentials({ iamEndpoint: SOURCE, fetch: iam.fetch, clock })
    expect(await originsAsked(source, iam, { region: "eu-west-101", iam: { iamEndpoint: AUTH } })).toEqual([SOURCE])
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", ENVIRONMENT)
    expect(await originsAsked(envCredentials({ clock }), anyIam(), { region: "eu-west-101" })).toEqual([ENVIRONMENT])
  })
})
