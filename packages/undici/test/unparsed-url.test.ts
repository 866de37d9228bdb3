import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { isPlainTarget, UnparsedUrl } from "../src/unparsed-url.ts"

const ORIGIN = new URL("https://vpc.cn-north-4.myhuaweicloud.com:8443")

const MEMBERS = [
  "href",
  "origin",
  "protocol",
  "host",
  "hostname",
  "port",
  "pathname",
  "search",
  "hash",
  "username",
  "password",
] as const

const characters = fc.string({ unit: fc.constantFrom(..."aZ9/.%2eE?#&=+;:@!$'()*,~-_|\\^\"<>`{} \tä[]") })

describe("an unparsed URL", () => {
  it("of a plain target is what the URL parser makes of the text", () => {
    fc.assert(
      fc.property(characters, (text) => {
        const target = `/${text}`
        if (!isPlainTarget(target)) return
        const unparsed = new UnparsedUrl(ORIGIN, target)
        const parsed = new URL(ORIGIN.origin + target)
        for (const name of MEMBERS) expect(unparsed[name], name).toBe(parsed[name])
        expect([...unparsed.searchParams]).toEqual([...parsed.searchParams])
        expect([`${unparsed}`, JSON.stringify(unparsed)]).toEqual([`${parsed}`, JSON.stringify(parsed)])
      }),
      { numRuns: 5_000 },
    )
  })

  it.each(["/", "/v1/0123456789abcdef/vpcs", "/v1//things:start/a,b;c=d@e?limit=10&name=a%2fb&empty=&q=?/:", "/v1?"])(
    "is made of %j",
    (target) => {
      expect(isPlainTarget(target)).toBe(true)
    },
  )

  it.each(["/a/../b", "/a/./b", "/.", "/a/%2e%2E/b", "/a b", "/a?b c", "/a?b+c", "/a#b", "/a\\b", "/ä", "/a?b'c", ""])(
    "is not made of %j, which must be parsed",
    (target) => {
      expect(isPlainTarget(target)).toBe(false)
    },
  )
})
