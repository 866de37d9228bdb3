import { describe, expect, it } from "vitest"
import { wireUrl } from "../../src/signing/wire-url.ts"
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
  ])("of %s are taken as they are", (url, host, path, query) => {
    expect(wireUrl(url)).toEqual({ host, path, query })
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
    expect(wireUrl(url).host).toBe(host)
    expect(wireUrl(new URL(url)).host).toBe(host)
  })

  it.each(["/v1/a", "a.example.com/v1", "//a.example.com", "ftp://a.example.com/", "", " https://a.example.com/"])(
    "need an absolute http or https URL, unlike %j",
    (url) => {
      expect(failureOf(() => wireUrl(url))).toMatchObject({
        code: "AUTH_INVALID_REQUEST",
        message: expect.stringContaining("absolute"),
      })
    },
  )

  it.each(["https://", "https:///v1", "https://a b/", "https://a:99999/", "https://a\\b/", "https://[::1/"])(
    "need a valid host, unlike %j",
    (url) => {
      expect(failureOf(() => wireUrl(url))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
    },
  )
})
