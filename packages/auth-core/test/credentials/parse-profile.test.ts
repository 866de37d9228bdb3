import { readFileSync } from "node:fs"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseProfile } from "../../src/credentials/profile-credentials.ts"
import { AuthError } from "../../src/errors/auth-error.ts"
import { thrownBy } from "../iam/local-iam.ts"

/** The credential that an SDK takes from the section [basic], or "error". */
type Taken = Record<string, string> | "error"

interface Form {
  name: string
  text: string
  python: Taken
  go: Taken
}

const file = new URL("../vectors/profile-forms.json", import.meta.url)
const { cases } = JSON.parse(readFileSync(file, "utf8")) as { cases: Form[] }

/** Our reading. An identity provider wins over AK and SK, as in the SDKs. */
function taken(text: string): Taken | AuthError {
  try {
    const values = parseProfile(text.replace(/^\uFEFF/, ""), "file").section("basic")
    if (values?.get("idp_id") && values.get("id_token_file")) return { idpId: values.get("idp_id") ?? "" }
    if (!(values?.get("ak") && values.get("sk"))) return "error"
    const named = {
      ak: "ak",
      sk: "sk",
      securityToken: "security_token",
      projectId: "project_id",
      iamEndpoint: "iam_endpoint",
    }
    const found = Object.entries(named).map(([name, key]) => [name, values.get(key)])
    return Object.fromEntries(found.filter(([, value]) => value !== undefined))
  } catch (error) {
    if (error instanceof AuthError) return error
    throw error
  }
}

const hasLineBreak = (read: Taken): boolean =>
  read !== "error" && Object.values(read).some((text) => text.includes("\n"))

describe("the 65 forms", () => {
  it("are 65", () => {
    expect(cases.length).toBe(65)
  })

  it.each(cases)("$name", ({ name, text, python, go }) => {
    const ours = taken(text)
    const isSame = JSON.stringify(python) === JSON.stringify(go)
    const isInherited = name.startsWith("DEFAULT-")
    const isRefused = name.startsWith("dup-") || text.includes("%(") || hasLineBreak(python)
    if (isRefused || !(isSame || isInherited || python === "error" || go === "error")) {
      expect(ours).toBeInstanceOf(AuthError)
      expect((ours as AuthError).code).toBe("AUTH_INVALID_CREDENTIALS")
      expect((ours as AuthError).message).toMatch(/^file, line \d+: ./)
    } else if (python === "error" && go === "error") {
      expect(ours === "error" || ours instanceof AuthError).toBe(true)
    } else {
      expect(ours).toEqual(python === "error" ? go : python)
    }
  })
})

const parsed = (text: string, name = "basic"): unknown => {
  const section = parseProfile(text, "file").section(name)
  return section && Object.fromEntries(section)
}

describe("a profile", () => {
  it("has sections, keys, values and comments", () => {
    // Go reads no key in [basic], since it takes only lower case.
    const text =
      "# comment\r\n; another\n[basic]\nAK = a=b\nsk:  c  \nempty =\nnote = c # d ;e\n\n[global]\nak=\u00e9\nsk=x"
    expect(parsed(text)).toEqual({ ak: "a=b", sk: "c" })
    expect(parsed(text, "global")).toEqual({ ak: "é", sk: "x" })
    expect(parsed(text, "other")).toBeUndefined()
    expect(parsed("")).toBeUndefined()
    expect(parseProfile(text, "file").has("global")).toBe(true)
    expect(parseProfile(text, "file").has("other")).toBe(false)
  })

  it("may lack a key, which the caller reports", () => {
    expect(parsed("[basic]\nak = a\nsk =\n")).toEqual({ ak: "a" })
  })

  it("inherits from [DEFAULT], wherever that is", () => {
    const text = "[DEFAULT] # for all\nak = AK0\nsk = SK0\n[basic]\nak = AK1\n[DEFAULT]\nproject_id = p\n[global]\n"
    const inherited = { sk: "SK0", project_id: "p" }
    expect(parsed(text)).toEqual({ ak: "AK1", ...inherited })
    expect(parsed(text, "global")).toEqual({ ak: "AK0", ...inherited })
    expect(parsed(text, "DEFAULT")).toBeUndefined()
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
    ['[basic]\nak = a\nsk = "s3cret"', 3, "`sk` has quotes around it"],
    ["[basic]\nak = a\nsk = s3cret # new", 3, "`sk` has a # or ;"],
    ["[basic]\nak = a\nsk = s3cret\nproject_id = p ; old", 4, "`project_id` has a # or ;"],
    ["[basic]\nak = a\nsk = s3cret%%", 3, "`sk` has %%"],
    ["[basic]\nak = a\nsk = s3cret\\\nx = y", 3, "`sk` ends with \\"],
    ["[basic]\nak = a\nsk = %(s3cret)s", 3, "`sk` refers to another key"],
    ["[basic]\nak = a\nsk = s3cret\n more", 3, "`sk` has several lines"],
    ["[basic]\nak = a\nsk = s3cret\n project_id = p", 3, "begin each key at the start of its line"],
    ["[basic]\nak = `s3cret\nsk = s`", 2, "`ak` has quotes around it"],
    ["[basic]\nak = a\nsk = s3cret\nproject_id = %\n[basic]\n", 5, "second time"],
  ])("%o is refused for line %d", (text, line, problem) => {
    const error = thrownBy(() => parseProfile(text, "/home/me/credentials").section("basic"), "s3cret")
    expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
    expect(error.message).toContain(`/home/me/credentials, line ${line}:`)
    expect(error.message).toContain(problem)
  })

  it.each([
    ["blanks of two kinds", `[basic]\nak = a\nsk = ${" \x85".repeat(200_000)}\n`],
    ["lines that go on", `[basic]\nak = a\n${"x = \\\n\\\n".repeat(100_000)}`],
    ["lines with a deeper indent", `[basic]\nak = a\nx = 1\n${" 2\n".repeat(200_000)}`],
  ])("is read or refused soon: %s", (_, text) => {
    const begun = performance.now()
    try {
      parsed(text)
    } catch (error) {
      expect(error).toMatchObject({ code: "AUTH_INVALID_CREDENTIALS" })
    }
    expect(performance.now() - begun).toBeLessThan(5_000)
  })

  it("returns the values that were written, if they have no marks", () => {
    const value = fc.stringMatching(/^[\w+/=.:\u00e9-]{1,40}$/)
    const section = fc.record({ ak: value, sk: value, project_id: value })
    const profile = fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), section)
    fc.assert(
      fc.property(profile, fc.constantFrom("\n", "\r\n"), (sections, end) => {
        const lines = Object.entries(sections).flatMap(([name, values]) => [
          `[${name}]`,
          ...Object.entries(values).map(([key, text]) => `${key} = ${text}`),
        ])
        for (const [name, values] of Object.entries(sections)) expect(parsed(lines.join(end), name)).toEqual(values)
      }),
    )
  })
})
