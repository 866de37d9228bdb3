import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { canonicalQueryString } from "../../src/signing/url-parts.ts"
import { failureOf } from "../failure-of.ts"

const text = fc.string({ unit: "binary", maxLength: 30 }).filter((value) => !/\p{Cc}/u.test(value))

describe("the canonical query string", () => {
  it.each([
    ["", ""],
    ["&", ""],
    ["a", "a="],
    ["a=", "a="],
    ["=a", "=a"],
    ["a=1&b=2", "a=1&b=2"],
    ["b=2&a=1", "a=1&b=2"],
    ["a=1&&b=2&", "a=1&b=2"],
    ["a=b=c", "a=b%3Dc"],
    ["a=2&a=10&a=1", "a=1&a=10&a=2"],
    ["a=&a", "a=&a="],
    ["a=b c", "a=b%20c"],
    ["a=1%2B2", "a=1%2B2"],
    ["a=1+2", "a=1%2B2"],
    ["a=%2f%7E", "a=%2F~"],
    ["a=100%", "a=100%25"],
    ["a=%ff", "a=%FF"],
    ["%61=1", "a=1"],
    ["tags[0]=x", "tags%5B0%5D=x"],
  ])("of %j is %j", (query, expected) => {
    expect(canonicalQueryString(query)).toBe(expected)
  })

  it("sorts by code: upper case before lower case, digits before letters", () => {
    expect(canonicalQueryString("b=&F=&a=&1=&_=")).toBe("1=&F=&_=&a=&b=")
  })

  it("sorts by the name alone if one name starts another", () => {
    expect(canonicalQueryString("a-b=1&a=2&ab=0")).toBe("a=2&a-b=1&ab=0")
  })

  it("sorts by decoded names: a:b comes after a-b, although its encoding would not", () => {
    expect(canonicalQueryString("a:b=1&a-b=2")).toBe("a-b=2&a%3Ab=1")
  })

  it("sorts by bytes, also beyond U+FFFF, where UTF-16 has another order", () => {
    const [last, first] = ["\u{1f600}", "\uff61"]
    expect(canonicalQueryString(`${last}=&${first}=`)).toBe(
      `${encodeURIComponent(first)}=&${encodeURIComponent(last)}=`,
    )
  })

  it("refuses control characters", () => {
    expect(failureOf(() => canonicalQueryString("a=b\nc"))).toMatchObject({ code: "AUTH_INVALID_REQUEST" })
  })

  it("is its own canonical query string", () => {
    fc.assert(
      fc.property(text, (query) => {
        const canonical = canonicalQueryString(query)
        expect(canonicalQueryString(canonical)).toBe(canonical)
      }),
    )
  })

  it("is the same for every order of the pairs", () => {
    const pairs = fc.array(fc.tuple(fc.string({ unit: "grapheme", maxLength: 3 }), fc.string({ maxLength: 3 })))
    const shuffled = pairs.chain((list) =>
      fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length })),
    )
    fc.assert(
      fc.property(shuffled, ([list, other]) => {
        const query = (entries: [string, string][]): string =>
          entries.map((entry) => entry.map(encodeURIComponent).join("=")).join("&")
        expect(canonicalQueryString(query(other))).toBe(canonicalQueryString(query(list)))
      }),
    )
  })

  it("has plain pairs in order of their names", () => {
    const word = fc.string({ unit: fc.constantFrom(..."ab-._~1A"), minLength: 1, maxLength: 3 })
    fc.assert(
      fc.property(fc.uniqueArray(word, { maxLength: 6 }), (names) => {
        const pairs = (list: string[]): string => list.map((name) => `${name}=x`).join("&")
        expect(canonicalQueryString(pairs(names))).toBe(pairs([...names].sort()))
      }),
    )
  })
})
