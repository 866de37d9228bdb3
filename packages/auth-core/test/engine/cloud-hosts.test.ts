import { describe, expect, it } from "vitest"
import {
  type Cloud,
  cloudRuAdvanced,
  flexibleEngine,
  g42Cloud,
  huaweiCloud,
  huaweiCloudEurope,
  openTelekomCloud,
  swissOpenTelekomCloud,
} from "../../src/cloud/cloud.ts"
import { createHostGuard } from "../../src/engine/gate.ts"

const may = (host: string, cloud: Cloud | undefined): boolean =>
  createHostGuard({ cloud }).bareReason(new URL(`https://${host}/`)) === undefined

const clouds: [name: string, cloud: Cloud, region: string][] = [
  ["Open Telekom Cloud", openTelekomCloud, "eu-de"],
  ["Open Telekom Cloud", openTelekomCloud, "eu-nl"],
  ["Swiss Open Telekom Cloud", swissOpenTelekomCloud, "eu-ch2"],
  ["Flexible Engine", flexibleEngine, "eu-west-0"],
  ["Cloud.ru Advanced", cloudRuAdvanced, "ru-moscow-1"],
  ["G42 Cloud", g42Cloud, "ae-ad-1"],
  ["Huawei Cloud Europe", huaweiCloudEurope, "eu-west-101"],
  ["a cloud by its domain", { domain: "example.cloud" }, "xy-north-1"],
  ["a cloud with regions of its own", { domain: "cloud.example.com", regions: ["here"] }, "here"],
]

const hex = "0123456789abcdef0123456789abcdef"

describe.each(clouds)("%s", (_, cloud, region) => {
  const { domain } = cloud

  it(`may see credentials at its services in ${region}`, () => {
    const hosts = [
      `ecs.${region}.${domain}`,
      `iam.${region}.${domain}`,
      `iam-pub.${region}.${domain}`,
      `cce.${region}.${domain}.`,
      `ECS.${region}.${domain}:8443`,
      `dns.${domain}`,
      `bss-intl.${domain}`,
    ]
    expect(hosts.filter((host) => !may(host, cloud))).toEqual([])
  })

  it(`may see none at hosts of customers in ${region}`, () => {
    const hosts = [
      `obs.${region}.${domain}`,
      `bucket.obs.${region}.${domain}`,
      `bucket.obs.${domain}`,
      `bucket.obs-website.${region}.${domain}`,
      `${hex}.apigw.${region}.${domain}`,
      `${hex}.apig.${region}.${domain}`,
      `${hex}.apicapis.${region}.${domain}`,
      `${hex}.${region}.${domain}`,
      `infer-modelarts.${region}.${domain}`,
      `notebook.${region}.${domain}`,
      `obs.${region}.vb.${domain}`,
      `cluster.cce.${region}.${domain}`,
    ]
    expect(hosts.filter((host) => may(host, cloud))).toEqual([])
  })

  it("may see none at other hosts, such as those of other clouds", () => {
    const others = [...clouds.map(([, other]) => other), huaweiCloud].filter((other) => other.domain !== domain)
    const hosts = [
      domain,
      `x${domain}`,
      `ecs.${region}.${domain}.example.com`,
      `ecs.${region}.${domain}x`,
      `ecs.${region}.${domain.replace(".", "-")}`,
      `ecs.${region}.x${domain}`,
      `ecs..${domain}`,
      `ecs.nowhere.${domain}`,
      "ecs",
      "ecs.",
      ...others.flatMap((other) => [
        `ecs.${other.domain}`,
        `iam.${other.regions?.[0] ?? "xy-north-1"}.${other.domain}`,
      ]),
      "ecs.cn-north-4.myhuaweicloud.com",
      "api.meeting.huaweicloud.com",
      "cts.af-north-1.myhuaweicloud.africa",
    ]
    expect(hosts.filter((host) => may(host, cloud))).toEqual([])
  })
})

describe("a preset with regions", () => {
  it("admits no host of another region", () => {
    expect(may("ecs.eu-west-0.otc.t-systems.com", openTelekomCloud)).toBe(false)
    expect(may("ecs.eu-de.prod-cloud-ocb.orange-business.com", flexibleEngine)).toBe(false)
  })
})

describe("Huawei Cloud by its preset", () => {
  it.each([
    "ecs.cn-north-4.myhuaweicloud.com",
    "ecs.cn-north-4.myhuaweicloud.cn",
    "iam.eu-west-101.myhuaweicloud.eu",
    "cts.af-north-1.myhuaweicloud.africa",
    "cts.ap-southeast-5.myhuaweicloud.asia",
    "api.meeting.huaweicloud.com",
  ])("admits the same hosts as by default: %s", (host) => {
    expect(may(host, undefined)).toBe(true)
    expect(may(host, huaweiCloud)).toBe(true)
    expect(may(host, { domain: "myhuaweicloud.com" })).toBe(true)
  })

  it("admits no host of another cloud", () => {
    expect(may("ecs.eu-de.otc.t-systems.com", undefined)).toBe(false)
    expect(may("ecs.eu-de.otc.t-systems.com", huaweiCloud)).toBe(false)
  })
})

describe("the option `cloud`", () => {
  const guard = createHostGuard({ cloud: openTelekomCloud })
  const ecs = new URL("https://ecs.eu-de.otc.t-systems.com/")

  it.each(["otc.t-systems.com", "", {}, { domain: "" }, { domain: "OTC.T-Systems.com" }, null, 7])(
    "admits no host if it is %j",
    (cloud) => {
      const hosts = ["ecs.cn-north-4.myhuaweicloud.com", "api.meeting.huaweicloud.com", "ecs.eu-de.otc.t-systems.com"]
      expect(hosts.filter((host) => may(host, cloud as never))).toEqual([])
    },
  )

  it.each([
    { domain: "com" },
    { domain: /example\.com$/ },
    { domain: ["com"] },
    { domain: "example.com", regions: "xy-north-1" },
    { domain: "example.com", regions: 5 },
    { domain: "example.com", regions: null },
  ])("admits no host of a region if it is %o", (cloud) => {
    const hosts = ["example.com", "ecs.example", "ecs.xy-north-1.example.com", "ecs.xy.example.com"]
    expect(hosts.filter((host) => may(host, cloud as never))).toEqual([])
  })

  it("gives way to a host list", () => {
    const listed = createHostGuard({ cloud: openTelekomCloud, hosts: ["api.example.com"] })
    expect(listed.bareReason(ecs)).toBe("host-not-listed")
    expect(listed.bareReason(new URL("https://api.example.com/"))).toBeUndefined()
  })

  it("admits the client's base URL too, and nothing after a redirect from another origin", () => {
    expect(guard.bareReason(new URL("https://api.example.com/x"), "https://api.example.com/")).toBeUndefined()
    expect(guard.bareReason(ecs, undefined, true)).toBe("redirected")
    expect(guard.bareReason(new URL("http://ecs.eu-de.otc.t-systems.com/"))).toBe("plain-http")
  })
})
