import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { rememberLast } from "../../src/runtime/remember-last.ts"
import { hostOf, type UrlParts, urlParts } from "../../src/signing/url-parts.ts"
import { failureOf } from "../failure-of.ts"

describe("the parts of a URL", () => {
  it.each([
    ["https://a.example.com", "a.example.com", "", ""],
    ["https://a.example.com/", "a.example.com", "/", ""],
    ["https://a.example.com?x=1", "a.example.com", "", "x=1"],
    ["https://a.example.com/v1?x=/1?y#z?w", "a.example.com", "/v1", "x=/1?y"],
    ["https://a.example.com#/v1?x", "a.example.com", "", ""],
    ["https://a.example.com/v1#x?y", "a.example.com", "/v1", ""],
    ["https://a.example.com/a/../b/%2e/'\"", "a.example.com", "/a/../b/%2e/'\"", ""],
  ])("of %s do not change", (url, host, path, query) => {
    expect(urlParts(url)).toEqual({ host, path, query })
  })

  it.each([
    ["https://A.Example.COM/", "a.example.com"],
    ["HTTPS://a.example.com/", "a.example.com"],
    ["https://a.example.com:443/", "a.example.com"],
    ["http://a.example.com:80/", "a.example.com"],
    ["https://a.example.com:80/", "a.example.com:80"],
    ["https://a.example.com:8443", "a.example.com:8443"],
    ["https://user:secret@a.example.com/", "a.example.com"],
    ["https://bücher.example/", "xn--bcher-kva.example"],
    ["http://[::1]:8080/", "[::1]:8080"],
    ["http://127.1/", "127.0.0.1"],
    ["http://localhost:3000/", "localhost:3000"],
  ])("of %s include the host that clients send", (url, host) => {
    expect(urlParts(url).host).toBe(host)
    expect(urlParts(new URL(url)).host).toBe(host)
  })

  it.each(["/v1/a", "a.example.com/v1", "//a.example.com", "ftp://a.example.com/", "", " https://a.example.com/"])(
    "need an absolute http or https URL, unlike %j",
    (url) => {
      expect(failureOf(() => urlParts(url))).toMatchObject({
        code: "AUTH_INVALID_REQUEST",
        message: expect.stringContaining("absolute"),
      })
    },
  )

  it.each([
    "https://",
    "https:///v1",
    "https://a b/",
    "https://a:99999/",
    "https://a\\b/",
    "https://a.example.com\\/v1",
    "https://[::1/",
  ])("need a valid host, unlike %j", (url) => {
    expect(failureOf(() => urlParts(url))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
  })
})

describe("the parts of one URL after another", () => {
  const host = fc.constantFrom(
    "a.example.com",
    "a.example.co",
    "a.example.com.cn",
    "A.example.com",
    "localhost",
    "[::1]",
  )
  const url = fc
    .record({
      scheme: fc.constantFrom("https://", "http://", "HTTPS://"),
      user: fc.constantFrom("", "", "", "user@", "user:secret@", "a.example.com@"),
      host,
      port: fc.constantFrom("", "", ":443", ":80", ":8", ":80443"),
      path: fc.constantFrom("", "/", "/v1", "//", "/https://a.example.com/", "/@b.example.com/", "\\", "\\/v1"),
      query: fc.constantFrom("", "?", "?x=/1?y", "?https://a.example.com/"),
      fragment: fc.constantFrom("", "#", "#/v1?x", "#https://a.example.com/"),
    })
    .map((parts) => Object.values(parts).join(""))

  const partsBy = (text: string, hostAt = hostOf): UrlParts | string => {
    try {
      return urlParts(text, hostAt)
    } catch (error) {
      return (error as Error).message
    }
  }

  it("do not mix with those of a remembered host", () => {
    fc.assert(
      fc.property(fc.array(url, { minLength: 2, maxLength: 8 }), (texts) => {
        const hostAt = rememberLast(hostOf)
        for (const text of texts) expect(partsBy(text, hostAt)).toEqual(partsBy(text))
      }),
    )
  })

  it("have the same host as the URL class", () => {
    fc.assert(
      fc.property(fc.array(url, { minLength: 2, maxLength: 8 }), (texts) => {
        for (const text of texts) {
          if (URL.canParse(text) && !text.includes("\\")) expect(urlParts(text).host).toBe(new URL(text).host)
          else expect(failureOf(() => urlParts(text))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
        }
      }),
    )
  })
})
