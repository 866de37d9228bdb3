import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { wireUrl } from "../../src/engine/wire-request.ts"

describe("the wire URL", () => {
  it("has a space in the query as %20, never as a plus", () => {
    expect(wireUrl("https://h/a+b?q=c+d&r=%2B").href).toBe("https://h/a+b?q=c%20d&r=%2B")
  })

  it("has no fragment", () => {
    expect(wireUrl("https://h/a#part").href).toBe("https://h/a")
  })

  it("does not change the caller's URL object", () => {
    const url = new URL("https://h/?q=a+b#x")
    wireUrl(url)
    expect(url.href).toBe("https://h/?q=a+b#x")
  })

  it("does not change a wire URL", () => {
    fc.assert(
      fc.property(fc.webUrl({ withQueryParameters: true, withFragments: true }), (url) => {
        const once = wireUrl(url).href
        expect(wireUrl(once).href).toBe(once)
      }),
    )
  })

  it.each(["/v1/things", "things", "", "//host/path"])("cannot be made from the relative %j", (url) => {
    expect(() => wireUrl(url)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_REQUEST" }))
  })

  it.each(["ftp://h/", "file:///etc/passwd", "data:text/plain,x"])("cannot be made from %s", (url) => {
    expect(() => wireUrl(url)).toThrow(expect.objectContaining({ code: "AUTH_INVALID_REQUEST" }))
  })
})
