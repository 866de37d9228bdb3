import { afterEach, describe, expect, it, vi } from "vitest"
import {
  cloudRuAdvanced,
  flexibleEngine,
  g42Cloud,
  huaweiCloudEurope,
  openTelekomCloud,
  swissOpenTelekomCloud,
} from "../../src/cloud/cloud.ts"
import { type EndpointOptions, iamConnection, resolveEndpoint, stsConnection } from "../../src/iam/iam-connection.ts"
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

  it.each([
    "",
    "eu-de",
    "eu-ch2",
    "north",
    "AP-SOUTHEAST-1",
    "ap southeast",
    "x.example.com/",
    "ap-southeast-1#",
    "evil.com/ap-1",
  ])("has no region %o", (region) => {
    expect(thrownBy(() => iam({ region })).message).toContain("`region`")
  })

  it("may be plain http only on this machine, unless allowed", () => {
    for (const endpoint of ["http://127.0.0.1:8080", "http://localhost:1", "http://iam.localhost", "http://[::1]:80"]) {
      expect(iam({ endpoint })).toBe(new URL(endpoint).origin)
    }
    for (const endpoint of ["http://iam.myhuaweicloud.com", "http://127.0.0.1.example.com", "http://169.254.169.254"]) {
      expect(thrownBy(() => iam({ endpoint }))).toMatchObject({ code: "AUTH_INSECURE_URL" })
      expect(iam({ endpoint, allowInsecure: true })).toBe(endpoint)
      for (const allowInsecure of ["true", "false", 1, {}]) {
        expect(thrownBy(() => iam({ endpoint, allowInsecure: allowInsecure as never }))).toMatchObject({
          code: "AUTH_INVALID_OPTION",
          message: "`allowInsecure` must be true or false.",
        })
      }
    }
  })
})

describe("the endpoint of another cloud", () => {
  const own = { domain: "example.cloud" }

  it.each([
    [openTelekomCloud, "eu-de", "https://iam.eu-de.otc.t-systems.com"],
    [openTelekomCloud, "eu-nl", "https://iam.eu-nl.otc.t-systems.com"],
    [swissOpenTelekomCloud, undefined, "https://iam-pub.eu-ch2.sc.otc.t-systems.com"],
    [flexibleEngine, undefined, "https://iam.eu-west-0.prod-cloud-ocb.orange-business.com"],
    [flexibleEngine, "na-east-0", "https://iam.na-east-0.prod-cloud-ocb.orange-business.com"],
    [cloudRuAdvanced, undefined, "https://iam.ru-moscow-1.hc.sbercloud.ru"],
    [g42Cloud, "ae-ad-1", "https://iam.ae-ad-1.g42cloud.com"],
    [huaweiCloudEurope, undefined, "https://iam.myhuaweicloud.eu"],
    [huaweiCloudEurope, "eu-west-101", "https://iam.eu-west-101.myhuaweicloud.eu"],
    [own, undefined, "https://iam.example.cloud"],
    [own, "xy-north-1", "https://iam.xy-north-1.example.cloud"],
    [own, "eu-west-101", "https://iam.eu-west-101.example.cloud"],
    [{ ...own, regions: ["here"], iamService: "iam-proxy" }, "here", "https://iam-proxy.here.example.cloud"],
    [{ domain: "myhuaweicloud.com" }, "eu-west-101", "https://iam.eu-west-101.myhuaweicloud.eu"],
  ])("%j with the region %s is %s", (cloud, region, endpoint) => {
    expect(iam({ cloud, region })).toBe(endpoint)
  })

  it("for STS has no name of its own", () => {
    expect(sts({ cloud: swissOpenTelekomCloud })).toBe("https://sts.eu-ch2.sc.otc.t-systems.com")
    expect(sts({ cloud: openTelekomCloud, region: "eu-de" })).toBe("https://sts.eu-de.otc.t-systems.com")
    expect(thrownBy(() => sts({ cloud: own })).message).toContain("pass `region` or `stsEndpoint`.")
  })

  it("needs a region where no IAM serves all regions", () => {
    const error = thrownBy(() => iam({ cloud: openTelekomCloud }))
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain("IAM has no global endpoint: pass `region` or `iamEndpoint`.")
  })

  it("is in a region that the cloud has", () => {
    expect(thrownBy(() => iam({ cloud: openTelekomCloud, region: "eu-west-0" })).message).toContain("eu-de, eu-nl")
    expect(thrownBy(() => iam({ cloud: own, region: "here" })).message).toContain("`regions`")
  })

  it("wins over the environment, which may belong to another cloud", () => {
    vi.stubEnv("HUAWEICLOUD_SDK_IAM_ENDPOINT", "https://iam.cn-north-4.myhuaweicloud.com")
    expect(iam({ cloud: cloudRuAdvanced })).toBe("https://iam.ru-moscow-1.hc.sbercloud.ru")
    expect(iam({ cloud: cloudRuAdvanced, endpoint: "https://iam.example.com" })).toBe("https://iam.example.com")
  })

  it("wins over that of the provider behind via", () => {
    expect(iam({ cloud: cloudRuAdvanced, inherited: "https://iam.via.example.com" })).toBe(
      "https://iam.ru-moscow-1.hc.sbercloud.ru",
    )
  })

  it.each(["otc", {}, { domain: "com" }, { domain: "https://otc.t-systems.com" }, { domain: "OTC.example" }, null, 7])(
    "cannot be that of %j",
    (cloud) => {
      expect(thrownBy(() => iam({ cloud: cloud as never })).message).toContain("`cloud` must be")
      expect(thrownBy(() => iamConnection({ cloud: cloud as never })).message).toContain("`cloud` must be")
      expect(thrownBy(() => stsConnection({ cloud: cloud as never })).message).toContain("`cloud` must be")
    },
  )

  it.each([
    { regions: "eu-de" },
    { regions: ["eu-de", 7] },
    { regions: ["eu-de.example.com/"] },
    { iamRegion: "../x" },
    { iamRegion: "" },
    { iamService: "iam/" },
    { iamService: 7 },
  ])("cannot have %j, which is no part of a host", (part) => {
    const error = thrownBy(() => iam({ cloud: { ...own, ...part } as never, region: "eu-de" }))
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain("must be names")
  })
})

describe("a European region", () => {
  it.each(["eu-west-101", "eu-west-102", "eu-west-1"])("%s is at .eu", (region) => {
    expect(iam({ region })).toBe(`https://iam.${region}.myhuaweicloud.eu`)
    expect(sts({ region })).toBe(`https://sts.${region}.myhuaweicloud.eu`)
  })

  it("of another domain is not", () => {
    expect(iam({ region: "eu-west-0" })).toBe("https://iam.eu-west-0.myhuaweicloud.com")
  })
})
