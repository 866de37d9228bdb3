import { readFileSync } from "node:fs"
import { afterEach, describe, expect, it } from "vitest"
import type { BareReason } from "../../src/engine/diagnostics.chunk.ts"
import { createHostGuard, type GuardOptions } from "../../src/engine/gate.ts"

const may = (url: string, options = {}, baseUrl?: string): boolean =>
  createHostGuard(options).bareReason(new URL(url), baseUrl) === undefined
const mayAfterRedirect = (url: string, options = {}, baseUrl?: string): boolean =>
  createHostGuard(options).bareReason(new URL(url), baseUrl, true) === undefined

/** The regions by domain and service; "" for no region. */
interface Endpoints {
  domains: Record<string, Record<string, string[]>>
}

const file = new URL("../vectors/endpoints.json", import.meta.url)
const { domains } = JSON.parse(readFileSync(file, "utf8")) as Endpoints
const official = Object.entries(domains).flatMap(([domain, services]) =>
  Object.entries(services).flatMap(([service, regions]) =>
    regions.map((region) => [service, region, domain].filter((label) => label !== "").join(".")),
  ),
)

describe("the official endpoints", () => {
  it("are the 2,307 of the tables", () => {
    expect(new Set(official).size).toBe(2_307)
  })

  it("may see credentials, except object storage", () => {
    const bare = official.filter((host) => !may(`https://${host}/`))
    expect(bare.length).toBeGreaterThan(0)
    expect(bare.filter((host) => !host.startsWith("obs."))).toEqual([])
    expect(official.filter((host) => host.startsWith("obs.") && may(`https://${host}/`))).toEqual([])
  })

  it("may see no credentials after a redirect from another origin", () => {
    expect(official.filter((host) => mayAfterRedirect(`https://${host}/`))).toEqual([])
  })

  it("admit no longer or shorter host name", () => {
    const around = official.flatMap((host) => [
      `x.${host}`,
      `x.obs.${host}`,
      `${"0123456789abcdef".repeat(2)}.apigw.${host}`,
      `${host}.example.com`,
      `${host}x`,
      `x-${host.replaceAll(".", "-")}.example.com`,
      host.replace("huaweicloud", "huaweicloudd").replace("myhwclouds", "myhwcloud"),
    ])
    expect(around.filter((host) => may(`https://${host}/`))).toEqual([])
  })
})

describe("without a host list", () => {
  it.each([
    "https://iam.myhuaweicloud.com/v3/auth/tokens",
    "https://ecs.cn-north-4.myhuaweicloud.com/v1",
    "https://iam.eu-west-101.myhuaweicloud.eu/",
    "https://bss-intl.myhuaweicloud.com:443/",
    "https://ECS.CN-North-4.MyHuaweiCloud.com/",
    "https://ecs.cn-north-4.myhuaweicloud.com./",
    "https://user:word@ecs.cn-north-4.myhuaweicloud.com:8443/",
    "https://cts.af-north-1.myhuaweicloud.africa/",
    "https://cts.ap-southeast-5.myhuaweicloud.asia/",
    "https://api.meeting.huaweicloud.com/",
    "https://dme.cn-north-4.huaweicloud.com/",
    "https://as.ap-southeast-1.myhwclouds.com/",
    "https://361017cfc6.st1.iotda-app.cn-north-4.myhuaweicloud.com:443/v5/iot",
    "https://1ef972c084.iotda-app.ap-southeast-1.myhuaweicloud.com/",
    "https://iotda.cn-north-4.myhuaweicloud.com/",
    "https://apig.cn-north-4.myhuaweicloud.com/",
    "https://modelarts.cn-north-4.myhuaweicloud.com/",
  ])("credentials may go to %s", (url) => {
    expect(may(url)).toBe(true)
  })

  it.each([
    "https://example.com/",
    "https://myhuaweicloud.com.example.com/",
    "https://evilmyhuaweicloud.com/",
    "https://example.com/?x=.myhuaweicloud.com",
    "https://user:iam.myhuaweicloud.com@example.com/",
    // Customers' APIs: the shared gateway, dedicated ones, ROMA.
    "https://0123456789abcdef0123456789abcdef.apigw.cn-north-1.huaweicloud.com/",
    "https://01234567-89ab-cdef-0123-456789abcdef.apigw.cn-north-1.huaweicloud.com/",
    "https://0123456789abcdef0123456789abcdef.apigw.cn-north-1.myhuaweicloud.com/",
    "https://apigw.cn-north-1.myhuaweicloud.com/",
    "https://0123456789abcdef0123456789abcdef.apig.cn-north-4.myhuaweicloud.com/",
    "https://0123456789abcdef0123456789abcdef.cn-north-4.myhuaweicloud.com/",
    "https://abcdef0123456789abcdef0123456789.cn-north-4.myhuaweicloud.com/",
    "https://abcdef01-2345-6789-abcd-ef0123456789.cn-north-4.myhuaweicloud.com/",
    "https://abc.apig.cn-north-4.huaweicloudapis.com/",
    "https://0123456789abcdef0123456789abcdef.apic.cn-north-4.huaweicloudapis.com/",
    // Buckets in every form of URL.
    "https://bucket.obs.cn-north-4.myhuaweicloud.com/",
    "https://bucket.obs.cn-north-4.myhuaweicloud.eu/",
    "https://bucket.obs-website.cn-north-4.myhuaweicloud.com/",
    "https://bucket.obs.myhuaweicloud.com/",
    "https://bucket.obs.dualstack.cn-north-4.myhuaweicloud.com/",
    "https://ecs.cn-north-4.obs.cn-north-4.myhuaweicloud.com/",
    "https://obs.cn-north-4.myhuaweicloud.com/bucket/",
    "https://OBS.CN-North-4.MyHuaweiCloud.com./bucket/",
    "https://obs.dualstack.cn-north-4.myhuaweicloud.com/",
    "https://obs.myhuaweicloud.com/",
    "https://obsv3.cn-north-1.myhuaweicloud.com/",
    "https://obs-website.cn-north-4.myhuaweicloud.com/",
    "https://bucket.cdn.myhuaweicloud.com/",
    "https://domain.cdnhwc1.com/",
    // Models and notebooks.
    "https://infer-modelarts.cn-east-4.myhuaweicloud.com/v1/infers/1/",
    "https://infer-modelarts-cn-southwest-2.myhuaweicloud.com/v1/infers/1/",
    "https://infer-modelarts-cn-southwest-2.modelarts-infer.com/v1/infers/1/",
    "https://modelarts-infer.cn-north-4.myhuaweicloud.com/",
    "https://authoring-modelarts-cnnorth4.huaweicloud.com/console/lab",
    "https://authoring-modelarts-cnnorth4.myhuaweicloud.com/",
    "https://authoring-modelarts.cn-north-4.myhuaweicloud.com/",
    "https://notebook.cn-north-4.myhuaweicloud.com/",
    "https://modelarts-notebook.cn-north-4.myhuaweicloud.com/",
    "https://modelarts-authoring.cn-north-4.myhuaweicloud.com/",
    "https://notebook-modelarts-cn-north-4.myhuaweicloud.com/",
    // Customers' machines, and devices.
    "https://redis-1.dcs.huaweicloud.com/",
    "https://cluster.cce.cn-north-4.myhuaweicloud.com/",
    "https://361017cfc6.st1.iotda-device.cn-north-4.myhuaweicloud.com/",
    "https://a.b.c.iotda-app.cn-north-4.myhuaweicloud.com/",
    "https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com.example.com/",
    "https://a.st1.iotda-app.obs.myhuaweicloud.com/",
    // Pages, and domains of which the tables list only single hosts.
    "https://console.huaweicloud.com/",
    "https://ecs.cn-north-4.huaweicloud.com/",
    "https://x.meeting.huaweicloud.com/",
    "https://meeting.huaweicloud.com/",
    "https://ecs.ap-southeast-1.myhwclouds.com/",
    "https://ecs.af-north-1.myhuaweicloud.africa/",
    "https://ecs.ap-southeast-5.myhuaweicloud.asia/",
    "https://cts.ap-southeast-5.myhuaweicloud.africa/",
    "https://myhuaweicloud.com/",
    "https://ecs.myhuaweicloud.net/",
    // Hosts that only look similar.
    "https://ecs.cn-north-4.myhuaweicloud.com../",
    "https://ecs..myhuaweicloud.com/",
    "https://-ecs.myhuaweicloud.com/",
    "https://ecs-.cn-north-4.myhuaweicloud.com/",
    "https://e_cs.cn-north-4.myhuaweicloud.com/",
    "https://xn--ecs-7na.cn-north-4.myhuaweicloud.com/",
    "https://ecs.cn-north.myhuaweicloud.com/",
    "https://iam.myhuaweicloud.com@example.com/",
    "https://example.com#.myhuaweicloud.com/",
    "https://example.com\\.myhuaweicloud.com/",
    "http://iam.myhuaweicloud.com/",
    "http://127.0.0.1:8080/",
  ])("credentials may not go to %s", (url) => {
    expect(may(url)).toBe(false)
  })

  it("credentials may go to the client's own base URL", () => {
    expect(may("https://api.example.com/x", {}, "https://api.example.com/base/")).toBe(true)
  })

  it.each(["https://api.example.com:8443/", "https://example.com/", "https://x.api.example.com/"])(
    "another origin than the base URL is foreign: %s",
    (url) => {
      expect(may(url, {}, "https://api.example.com/")).toBe(false)
    },
  )

  it("a base URL with plain http is no exception", () => {
    expect(may("http://api.example.com/", {}, "http://api.example.com/")).toBe(false)
  })

  it.each([
    "http://localhost:1/",
    "http://127.0.0.1:1/",
    "http://127.9.9.9:1/",
    "http://[::1]:1/",
    "http://gw.localhost:1/",
  ])("plain http is admitted on this machine: %s", (url) => {
    expect(may(url, {}, url)).toBe(true)
  })
})

describe("after a redirect from another origin", () => {
  it("Huawei Cloud's own hosts get no credential by default", () => {
    expect(mayAfterRedirect("https://ecs.cn-north-4.myhuaweicloud.com/")).toBe(false)
    expect(mayAfterRedirect("https://a.st1.iotda-app.cn-north-4.myhuaweicloud.com/")).toBe(false)
    expect(mayAfterRedirect("https://api.meeting.huaweicloud.com/")).toBe(false)
  })

  it("the base URL's origin gets one, and so do listed hosts", () => {
    const url = "https://ecs.cn-north-4.myhuaweicloud.com/v1"
    expect(mayAfterRedirect(url, {}, "https://ecs.cn-north-4.myhuaweicloud.com/")).toBe(true)
    expect(mayAfterRedirect(url, { hosts: ["ecs.cn-north-4.myhuaweicloud.com"] })).toBe(true)
    expect(mayAfterRedirect(url, { hosts: ["*.myhuaweicloud.com"] })).toBe(true)
    expect(mayAfterRedirect(url, { hosts: ["iam.myhuaweicloud.com"] }, url)).toBe(false)
  })
})

describe("a property on Object.prototype", () => {
  afterEach(() => {
    for (const name of ["hosts", "allowInsecure"]) Reflect.deleteProperty(Object.prototype, name)
  })

  it("admits no host and no plain http", () => {
    Object.assign(Object.prototype, { hosts: ["example.com"], allowInsecure: true })
    expect(may("https://example.com/")).toBe(false)
    expect(may("http://ecs.cn-north-4.myhuaweicloud.com/")).toBe(false)
    expect(may("https://ecs.cn-north-4.myhuaweicloud.com/")).toBe(true)
  })
})

describe("with a host list", () => {
  it("only listed hosts count, not the default list and not the base URL", () => {
    const options = { hosts: ["api.example.com"] }
    expect(may("https://api.example.com/", options)).toBe(true)
    expect(may("https://iam.myhuaweicloud.com/", options)).toBe(false)
    expect(may("https://base.example.com/", options, "https://base.example.com/")).toBe(false)
  })

  it("an empty list admits no host", () => {
    expect(may("https://iam.myhuaweicloud.com/", { hosts: [] })).toBe(false)
  })

  it("a wildcard covers any depth below the domain, but not the domain", () => {
    const options = { hosts: ["*.example.com"] }
    expect(may("https://a.b.example.com/", options)).toBe(true)
    expect(may("https://example.com/", options)).toBe(false)
    expect(may("https://badexample.com/", options)).toBe(false)
  })

  it("a port is compared if the entry has one", () => {
    expect(may("https://api.example.com/", { hosts: ["api.example.com:443"] })).toBe(true)
    expect(may("https://api.example.com:8443/", { hosts: ["api.example.com:443"] })).toBe(false)
    expect(may("https://api.example.com:8443/", { hosts: ["api.example.com"] })).toBe(true)
  })

  it.each([
    ["api.example.com.", "https://api.example.com/"],
    ["api.example.com", "https://api.example.com./"],
    ["*.example.com.", "https://api.example.com/"],
    ["API.Example.com:0443", "https://api.example.com/"],
    ["[::1]:00080", "http://[::1]/"],
  ])("the entry %s admits %s", (entry, url) => {
    expect(may(url, { hosts: [entry] })).toBe(true)
  })

  it("allowInsecure admits plain http to listed hosts", () => {
    const options = { hosts: ["api.example.com"], allowInsecure: true }
    expect(may("http://api.example.com/", options)).toBe(true)
    expect(may("http://other.example.com/", options)).toBe(false)
  })

  it.each(["true", "false", 1, {}, []])("allowInsecure admits nothing if it is %j", (allowInsecure) => {
    const options = { hosts: ["api.example.com"], allowInsecure: allowInsecure as never }
    expect(may("http://api.example.com/", options)).toBe(false)
  })

  it.each([
    "https://api.example.com",
    "api.example.com/v1",
    "api.*.com",
    "*",
    "",
    "*.",
    "a b",
    "h:99999999",
    ".",
    "*..",
    "[::1",
    undefined,
    7,
  ])("%j is refused at once", (entry) => {
    expect(() => createHostGuard({ hosts: [entry as string] })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })
})

it("a value that is not a list is refused at once", () => {
  expect(() => createHostGuard({ hosts: "api.example.com" as never })).toThrow(
    expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
  )
})

describe("why a request goes out bare", () => {
  const cases: [
    reason: BareReason,
    url: string,
    options: GuardOptions,
    baseUrl?: string | undefined,
    redirected?: boolean,
  ][] = [
    ["plain-http", "http://ecs.cn-north-4.myhuaweicloud.com/", {}],
    ["plain-http", "http://api.example.com/", { hosts: ["api.example.com"] }],
    ["host-not-listed", "https://other.example.com/", { hosts: ["api.example.com"] }],
    ["host-not-listed", "https://other.example.com/", {}, "https://api.example.com/"],
    ["no-base-url", "https://api.example.com/", {}],
    ["redirected", "https://ecs.cn-north-4.myhuaweicloud.com/", {}, undefined, true],
    ["redirected", "https://ecs.cn-north-4.myhuaweicloud.com/", {}, "https://api.example.com/", true],
  ]

  it.each(cases)("is %s for %s", (reason, url, options, baseUrl, redirected) => {
    expect(createHostGuard(options).bareReason(new URL(url), baseUrl, redirected)).toBe(reason)
  })
})
