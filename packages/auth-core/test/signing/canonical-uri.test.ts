import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { canonicalUriLine } from "../../src/signing/url-parts.ts"
import { failureOf } from "../failure-of.ts"

function canonicalUri(path: string): string {
  const line = canonicalUriLine(path)
  expect(line.at(-1)).toBe("\n")
  return line.slice(0, -1)
}

const text = fc.string({ unit: "binary", maxLength: 20 }).filter((value) => !/\p{Cc}/u.test(value))

describe("the canonical URI", () => {
  it.each([
    ["", "/"],
    ["/", "/"],
    ["/v1/a", "/v1/a/"],
    ["/v1/a/", "/v1/a/"],
    ["/v1//a", "/v1//a/"],
    ["/v1/a//", "/v1/a//"],
    ["/v1/./a/../b", "/v1/./a/../b/"],
    ["/-_.~/Az09", "/-_.~/Az09/"],
    ["/a b", "/a%20b/"],
    ["/a%20b", "/a%20b/"],
    ["/a+b", "/a%2Bb/"],
    ["/urn:fss", "/urn%3Afss/"],
    ["/urn%3afss", "/urn%3Afss/"],
    ["/%41%7e", "/A~/"],
    ["/a%2Fb", "/a/b/"],
    ["/a%252Fb", "/a%252Fb/"],
    ["/你好", "/%E4%BD%A0%E5%A5%BD/"],
    ["/😀", "/%F0%9F%98%80/"],
    // Two letters outside ASCII that a case-insensitive \w would match as s and k.
    ["/\u017f\u212a", "/%C5%BF%E2%84%AA/"],
  ])("of %j is %j", (path, expected) => {
    expect(canonicalUri(path)).toBe(expected)
  })

  it("keeps escapes that are not UTF-8, and encodes a percent sign that starts no escape", () => {
    expect(canonicalUri("/%ff%80/a%zz/100%/%e4%bd")).toBe("/%FF%80/a%25zz/100%25/%E4%BD/")
  })

  it("replaces half a character by U+FFFD, as encoders do", () => {
    expect(canonicalUri("/\ud800")).toBe(`/${encodeURIComponent("\ufffd")}/`)
  })

  it("refuses line breaks and other control characters", () => {
    for (const character of ["\n", "\r", "\t", "\0", "\x7f"]) {
      expect(failureOf(() => canonicalUri(`/a${character}`))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
    }
  })

  it("is its own canonical URI", () => {
    fc.assert(
      fc.property(text, (path) => {
        const canonical = canonicalUri(`/${path}`)
        expect(canonicalUri(canonical)).toBe(canonical)
      }),
    )
  })

  it("is the same for every encoding of a path", () => {
    const bytes = fc.array(fc.tuple(fc.integer({ min: 0, max: 255 }), fc.constantFrom("raw", "lower", "upper")))
    fc.assert(
      fc.property(bytes, (choices) => {
        const encode = ([byte, how]: [number, string]): string => {
          const character = String.fromCharCode(byte)
          // Characters that may be unescaped in a path: ASCII without a special meaning there.
          if (how === "raw" && byte > 0x20 && byte < 0x7f && !"%?#/".includes(character)) return character
          const escaped = `%${byte.toString(16).padStart(2, "0")}`
          return how === "upper" ? escaped.toUpperCase() : escaped
        }
        const escaped = choices.map(([byte]) => encode([byte, "lower"])).join("")
        expect(canonicalUri(`/${choices.map(encode).join("")}`)).toBe(canonicalUri(`/${escaped}`))
      }),
    )
  })

  it("equals encodeURIComponent except for the five characters that it does not encode", () => {
    const segments = fc.array(fc.string({ unit: "grapheme" }), { maxLength: 4 })
    const encode = (segment: string): string =>
      encodeURIComponent(segment).replace(/[!'()*]/g, (match) => `%${match.charCodeAt(0).toString(16).toUpperCase()}`)
    fc.assert(
      fc.property(segments, (parts) => {
        const path = `/${parts.map((part) => encodeURIComponent(part).replace(/%2F/g, "")).join("/")}`
        const expected = `/${parts.map((part) => encode(part).replace(/%2F/g, "")).join("/")}`
        expect(canonicalUri(path)).toBe(expected.endsWith("/") ? expected : `${expected}/`)
      }),
    )
  })
})
