import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseProfile } from "../../src/credentials/profile-credentials.ts"
import { thrownBy } from "../iam/local-iam.ts"

const parsed = (text: string): unknown =>
  Object.fromEntries([...parseProfile(text, "file")].map(([name, values]) => [name, Object.fromEntries(values)]))

describe("a profile", () => {
  it("has sections, keys, values and comments", () => {
    const text = '# comment\r\n; another\n[basic]\nAK = a=b\n sk:  c # d ;e  \nempty =\n\n[global]\nak=\u00e9 "x"'
    expect(parsed(text)).toEqual({ basic: { ak: "a=b", sk: "c # d ;e", empty: "" }, global: { ak: 'é "x"' } })
    expect(parsed("[basic]\nak = a\u2028b")).toEqual({ basic: { ak: "a\u2028b" } })
    expect(parsed("")).toEqual({})
  })

  it("may have text after the bracket of a section", () => {
    expect(parsed("[basic] ; note\nak = a\n[global]# note\nak = b")).toEqual({
      basic: { ak: "a" },
      global: { ak: "b" },
    })
    expect(parsed("[a[b]]\nx = 1\n[basic]\nak = a")).toEqual({ "a[b]": { x: "1" }, basic: { ak: "a" } })
  })

  it("inherits from [DEFAULT], wherever that is", () => {
    const text = "[DEFAULT] # for all\nak = AK0\nsk = SK0\n[basic]\nAK = AK1\n[DEFAULT]\nproject_id = p\n[global]\n"
    const inherited = { sk: "SK0", project_id: "p" }
    expect(parsed(text)).toEqual({ basic: { ak: "AK1", ...inherited }, global: { ak: "AK0", ...inherited } })
    expect(parsed("[default]\nak = a\n[basic]\nsk = b")).toEqual({ default: { ak: "a" }, basic: { sk: "b" } })
    expect(parsed("[DEFAULT]\nak = a\n")).toEqual({})
  })

  it.each([
    ["[DEFAULT]\nak = a\n[basic]\n[DEFAULT]\nak = b", 5, "second time"],
    ["[basic\nak = a", 1, "[section]"],
    ["[basic]\nak", 2, "key = value"],
    ["[basic]\nak = a\n\ns3cret value", 4, "key = value"],
    ["ak = a", 1, "before the first"],
    ["[basic]\nak = a\nAK = b", 3, "second time"],
    ["[basic]\n[global]\n[basic]", 3, "second time"],
    ["[]", 1, "[section]"],
    ["\0\0\0", 1, "key = value"],
  ])("%o is malformed in line %d", (text, line, problem) => {
    const error = thrownBy(() => parseProfile(text, "/home/me/credentials"), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toContain(`/home/me/credentials, line ${line}:`)
    expect(error.message).toContain(problem)
  })

  it("returns the values that were written", () => {
    const value = fc.string({ unit: "binary" }).map((text) => text.replaceAll(/[\r\n]/g, "").trim())
    const section = fc.dictionary(fc.stringMatching(/^[a-z_]{1,12}$/), value)
    const profile = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), section)
    fc.assert(
      fc.property(profile, fc.constantFrom("\n", "\r\n"), (sections, end) => {
        const lines = Object.entries(sections).flatMap(([name, values]) => [
          `[${name}]`,
          ...Object.entries(values).map(([key, text]) => `${key} = ${text}`),
        ])
        expect(parsed(lines.join(end))).toEqual({ ...sections })
      }),
    )
  })
})
