import { afterEach, describe, expect, it, vi } from "vitest"
import { type EndpointOptions, resolveEndpoint } from "../../src/iam/endpoint.ts"
import { thrownBy } from "./local-iam.ts"

const iam = (options: Partial<EndpointOptions> = {}): string => resolveEndpoint({ option: "iamEndpoint", ...options })
const sts = (options: Partial<EndpointOptions> = {}): string => resolveEndpoint({ option: "stsEndpoint", ...options })

afterEach(() => vi.unstubAllEnvs())

describe("the endpoint", () => {
  it("of IAM is the global one by default", () => {
    expect(iam()).toBe("https://iam.myhuaweicloud.com")
  })

  it("of a region has the region's name", () => {
    expect(iam({ region: "ap-southeast-1" })).toBe("https://iam.ap-southeast-1.myhuaweicloud.com")
    expect(sts({ region: "cn-north-4" })).toBe("https://sts.cn-north-4.myhuaweicloud.com")
    expect(iam({ region: "eu-west-101" })).toBe("https://iam.eu-west-101.myhuaweicloud.eu")
  })

  it("comes from the option, else the environment, else the region", () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.cn-north-4.myhuaweicloud.com")
    vi.stubEnv("HUAWEICLOUD_SDK_STS_ENDPOINT", "https://sts.cn-north-4.myhuaweicloud.com")
    expect(iam({ endpoint: "https://iam.example.com:8443/", region: "ap-southeast-1" })).toBe(
      "https://iam.example.com:8443",
    )
    expect(iam({ region: "ap-southeast-1" })).toBe("https://iam.cn-north-4.myhuaweicloud.com")
    expect(sts()).toBe("https://sts.cn-north-4.myhuaweicloud.com")
  })

  it("of the provider behind via ranks below option and region, and above environment and default", () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.cn-north-4.myhuaweicloud.com")
    const inherited = "https://iam.via.example.com"
    expect(iam({ inherited })).toBe(inherited)
    expect(iam({ inherited, endpoint: "https://iam.example.com" })).toBe("https://iam.example.com")
    vi.unstubAllEnvs()
    expect(iam({ inherited, region: "ap-southeast-1" })).toBe("https://iam.ap-southeast-1.myhuaweicloud.com")
  })

  it("of STS has no default", () => {
    expect(thrownBy(() => sts())).toMatchObject({ code: "AUTH_INVALID_OPTION" })
    expect(thrownBy(() => sts()).message).toMatch(/region.*stsEndpoint.*HUAWEICLOUD_SDK_STS_ENDPOINT/)
  })

  it.each([
    "iam.myhuaweicloud.com",
    "ftp://iam.myhuaweicloud.com",
    "https://iam.myhuaweicloud.com/v3",
    "https://iam.myhuaweicloud.com?x=1",
    "https://iam.myhuaweicloud.com#x",
    "https://user:secret@iam.myhuaweicloud.com",
    "https://",
    "",
  ])("cannot be %o", (endpoint) => {
    const error = thrownBy(() => iam({ endpoint }), "secret")
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain("`iamEndpoint`")
  })

  it("of the environment is named in the error when it is wrong", () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "nowhere")
    expect(thrownBy(() => iam()).message).toContain("HUAWEICLOUD_SDK_IAM_ENDPOINT")
  })

  it.each(["", "AP-SOUTHEAST-1", "ap southeast", "x.example.com/", "ap-southeast-1#", "evil.com/ap-1"])(
    "has no region %o",
    (region) => {
      expect(thrownBy(() => iam({ region })).message).toContain("`region`")
    },
  )

  it("may be plain http only on this machine, unless allowed", () => {
    for (const endpoint of ["http://127.0.0.1:8080", "http://localhost:1", "http://iam.localhost", "http://[::1]:80"]) {
      expect(iam({ endpoint })).toBe(new URL(endpoint).origin)
    }
    for (const endpoint of ["http://iam.myhuaweicloud.com", "http://127.0.0.1.example.com", "http://169.254.169.254"]) {
      expect(thrownBy(() => iam({ endpoint }))).toMatchObject({ code: "AUTH_INSECURE_URL" })
      expect(iam({ endpoint, allowInsecure: true })).toBe(endpoint)
    }
  })
})
