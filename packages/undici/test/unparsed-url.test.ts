import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { unparsedUrl } from "../src/unparsed-url.ts"

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
  it("is what the URL parser makes of the text, or none", () => {
    fc.assert(
      fc.property(characters, (text) => {
        const target = `/${text}`
        const unparsed = unparsedUrl(ORIGIN, target)
        if (unparsed === undefined) return
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
      expect(unparsedUrl(ORIGIN, target)?.href).toBe(`${ORIGIN.origin}${target}`)
    },
  )

  it.each(["/a/../b", "/a/./b", "/.", "/a/%2e%2E/b", "/a b", "/a?b c", "/a?b+c", "/a#b", "/a\\b", "/ä", "/a?b'c", ""])(
    "is not made of %j, which must be parsed",
    (target) => {
      expect(unparsedUrl(ORIGIN, target)).toBeUndefined()
    },
  )
})
