import { describe, expect, it } from "vitest"
import { followRedirect, hiddenRedirect } from "../../src/engine/redirect.ts"

const url = new URL("https://a.example.com/from?q=1")
const headers = {
  "content-type": "text/plain",
  "x-custom": "1",
  authorization: "Basic x",
  "x-auth-token": "t",
  "x-sdk-date": "d",
  cookie: "c",
}
const post = { method: "POST", url, headers, body: "x" }

describe("the request after a redirect", () => {
  it.each([
    [301, "POST", "GET"],
    [302, "POST", "GET"],
    [303, "POST", "GET"],
    [303, "PUT", "GET"],
    [303, "DELETE", "GET"],
    [303, "HEAD", "HEAD"],
    [301, "PUT", "PUT"],
    [302, "DELETE", "DELETE"],
    [307, "POST", "POST"],
    [308, "PATCH", "PATCH"],
  ])("%d turns %s into %s", (status, method, expected) => {
    const next = followRedirect({ ...post, method }, status, "/to")
    expect(next?.request).toMatchObject({ method: expected, body: expected === "GET" ? null : "x" })
    expect(next?.request.headers).toHaveProperty("x-custom", "1")
    if (expected === "GET") expect(next?.request.headers).not.toHaveProperty("content-type")
  })

  it("resolves Location against the last URL", () => {
    expect(followRedirect(post, 307, "../to?x=1")?.request.url.href).toBe("https://a.example.com/to?x=1")
    expect(followRedirect(post, 307, "//b.example.com/to")?.request.url.href).toBe("https://b.example.com/to")
  })

  it.each([
    ["UTF-8, which clients decode as Latin-1", Buffer.from("/é?q=ü").toString("latin1"), "/%C3%A9?q=%C3%BC"],
    ["Latin-1", "/\xe9?q=\xfc", "/%C3%A9?q=%C3%BC"],
    ["text that a client has decoded", "/世", "/%E4%B8%96"],
    ["ASCII", "/%C3%A9", "/%C3%A9"],
  ])("reads a Location in %s", (_, location, target) => {
    expect(followRedirect(post, 307, location)?.request.url.href).toBe(`https://a.example.com${target}`)
  })

  it("keeps the caller's own secrets on the same origin", () => {
    expect(followRedirect(post, 307, "/to")?.request.headers).toEqual(headers)
  })

  it.each(["https://b.example.com/", "http://a.example.com/", "https://a.example.com:8443/"])(
    "drops them on another origin: %s",
    (location) => {
      expect(followRedirect(post, 307, location)?.request.headers).toEqual({
        "content-type": "text/plain",
        "x-custom": "1",
      })
    },
  )

  it("also drops the headers that the caller calls secret", () => {
    const secret = ["x-custom"]
    expect(followRedirect(post, 307, "https://b.example.com/", secret)?.request.headers).toEqual({
      "content-type": "text/plain",
    })
    expect(followRedirect(post, 307, "/to", secret)?.request.headers).toEqual(headers)
  })

  it("leaves out the user and password of the Location", () => {
    expect(followRedirect(post, 307, "https://user:word@a.example.com/to")?.request.url.href).toBe(
      "https://a.example.com/to",
    )
  })

  it.each([undefined, "http://", "javascript:alert(1)", "ftp://x/"])("is none when Location is %j", (location) => {
    expect(followRedirect(post, 302, location)).toBeUndefined()
  })
})

it("a hidden redirect is an error with the URL without its query, and says what to do", () => {
  const error = hiddenRedirect(new URL("https://api.example.com/v1/things?secret=1"))
  expect(error.code).toBe("AUTH_REDIRECT_BLOCKED")
  expect(error.message).toContain("https://api.example.com/v1/things answers with a redirect")
  expect(error.message).not.toContain("secret")
})
