import { join } from "node:path"
import type { Answer } from "@countersign/testkit"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { defaultCredentials } from "../../src/credentials/chain.ts"
import { localIam, rejectionOf, thrownBy } from "../iam/local-iam.ts"
import { temporaryFolder, writeSettled } from "./files.ts"
import { securityTokenAnswer } from "./temporary-key-answers.ts"

let file: string
beforeEach(async () => {
  file = join(await temporaryFolder(), "credentials")
  vi.stubEnv("HUAWEICLOUD_SDK_CREDENTIALS_FILE", file)
  for (const name of ["AK", "SK", "IDP_ID", "ID_TOKEN_FILE"]) vi.stubEnv(`HUAWEICLOUD_SDK_${name}`, "")
  vi.stubEnv("HC_CONTAINER_CREDENTIALS_FULL_URI", "")
})
afterEach(() => vi.unstubAllEnvs())

describe("the default chain", () => {
  it("asks environment, profile, metadata and pod identity, in this order", async () => {
    const service = await localIam(({ method, target }) => {
      if (method === "PUT") return { body: "token" }
      if (target.startsWith("/openstack")) return securityTokenAnswer({}, 200)
      return { body: JSON.stringify({ credentials: podKey }) }
    })
    const podKey = {
      accessKeyId: "PODAK",
      secretAccessKey: "SK",
      securityToken: "t",
      expiration: "2026-01-01T00:15:00Z",
    }
    const tokenFile = join(await temporaryFolder(), "token")
    await writeSettled(tokenFile, "pod-token")
    vi.stubEnv("HC_CONTAINER_CREDENTIALS_FULL_URI", `${service.url}/pod`)
    vi.stubEnv("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", tokenFile)
    await writeSettled(file, "[basic]\nak = PROFILEAK\nsk = SK\n")
    vi.stubEnv("HUAWEICLOUD_SDK_AK", "ENVAK")
    vi.stubEnv("HUAWEICLOUD_SDK_SK", "SK")

    const found = async (metadataEndpoint = service.url): Promise<string> =>
      (await defaultCredentials({ metadataEndpoint })()).accessKeyId
    expect(await found()).toBe("ENVAK")
    vi.stubEnv("HUAWEICLOUD_SDK_AK", "")
    vi.stubEnv("HUAWEICLOUD_SDK_SK", "")
    expect(await found()).toBe("PROFILEAK")
    await writeSettled(file, "[other]\n")
    expect(service.arrivals).toHaveLength(0)
    expect(await found()).toBe("TEMPORARYAK")
    const elsewhere = await localIam({ status: 404 })
    expect(await found(elsewhere.url)).toBe("PODAK")
  })

  it("says why each source has nothing", async () => {
    const closed = await localIam()
    await closed.close()
    const error = await rejectionOf(defaultCredentials({ metadataEndpoint: closed.url })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    const reasons = error.message.split("\n")
    expect(reasons).toHaveLength(5)
    expect(reasons[1]).toContain("HUAWEICLOUD_SDK_AK")
    expect(reasons[2]).toContain(file)
    expect(reasons[3]).toContain(closed.url)
    expect(reasons[4]).toContain("HC_CONTAINER_CREDENTIALS_FULL_URI")
  })

  it("gives up within the documented time if the metadata service does not answer", async () => {
    const silent = await localIam(() => new Promise<Answer>(() => undefined))
    const error = await rejectionOf(defaultCredentials({ metadataEndpoint: silent.url })())
    expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
    expect(error.message).toContain(`${silent.url} did not answer within 3000 ms`)
    expect(silent.arrivals).toHaveLength(1)
  })

  it("stops at a malformed profile, and does not use another identity", async () => {
    await writeSettled(file, "[basic]\nak = AK\ns3cret\n")
    const metadata = await localIam(securityTokenAnswer({}, 200))
    const error = await rejectionOf(defaultCredentials({ metadataEndpoint: metadata.url })(), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toContain("line 3")
    expect(metadata.arrivals).toHaveLength(0)
  })

  it("refuses bad options at construction", () => {
    expect(thrownBy(() => defaultCredentials({ region: "?" })).message).toContain("`region`")
    expect(thrownBy(() => defaultCredentials({ metadataEndpoint: "http://10.0.0.1" })).code).toBe("AUTH_INSECURE_URL")
  })
})
