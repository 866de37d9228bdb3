import { describe, expect, it } from "vitest"
import { createHostGuard } from "../../src/engine/host-guard.ts"

const may = (url: string, options = {}, baseUrl?: string): boolean => createHostGuard(options)(new URL(url), baseUrl)

describe("without a host list", () => {
  it.each([
    "https://iam.myhuaweicloud.com/v3/auth/tokens",
    "https://ecs.cn-north-4.myhuaweicloud.com/v1",
    "https://iam.eu-west-101.myhuaweicloud.eu/",
    "https://bss-intl.myhuaweicloud.com:443/",
    "https://ECS.CN-North-4.MyHuaweiCloud.com/",
    "https://ecs.cn-north-4.myhuaweicloud.com./",
  ])("credentials may go to %s", (url) => {
    expect(may(url)).toBe(true)
  })

  it.each([
    "https://example.com/",
    "https://myhuaweicloud.com.example.com/",
    "https://evilmyhuaweicloud.com/",
    "https://example.com/?x=.myhuaweicloud.com",
    "https://user:iam.myhuaweicloud.com@example.com/",
    "https://abc.apig.cn-north-4.huaweicloudapis.com/",
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

  it("a base URL in clear text makes no exception", () => {
    expect(may("http://api.example.com/", {}, "http://api.example.com/")).toBe(false)
  })

  it.each([
    "http://localhost:1/",
    "http://127.0.0.1:1/",
    "http://127.9.9.9:1/",
    "http://[::1]:1/",
    "http://gw.localhost:1/",
  ])("plain http is no danger on this machine: %s", (url) => {
    expect(may(url, {}, url)).toBe(true)
  })
})

describe("with a host list", () => {
  it("only what is listed counts, neither the default nor the base URL", () => {
    const options = { hosts: ["api.example.com"] }
    expect(may("https://api.example.com/", options)).toBe(true)
    expect(may("https://iam.myhuaweicloud.com/", options)).toBe(false)
    expect(may("https://base.example.com/", options, "https://base.example.com/")).toBe(false)
  })

  it("an empty list lets credentials go nowhere", () => {
    expect(may("https://iam.myhuaweicloud.com/", { hosts: [] })).toBe(false)
  })

  it("a wildcard takes any depth below, and not the domain itself", () => {
    const options = { hosts: ["*.example.com"] }
    expect(may("https://a.b.example.com/", options)).toBe(true)
    expect(may("https://example.com/", options)).toBe(false)
    expect(may("https://badexample.com/", options)).toBe(false)
  })

  it("a port is compared where one is given", () => {
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
  ])("whatever way %s is spelled, it lets credentials go to %s", (entry, url) => {
    expect(may(url, { hosts: [entry] })).toBe(true)
  })

  it("allowInsecure lets them cross plain http to what is listed", () => {
    const options = { hosts: ["api.example.com"], allowInsecure: true }
    expect(may("http://api.example.com/", options)).toBe(true)
    expect(may("http://other.example.com/", options)).toBe(false)
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

it("a list that is no list is refused at once", () => {
  expect(() => createHostGuard({ hosts: "api.example.com" as never })).toThrow(
    expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
  )
})
