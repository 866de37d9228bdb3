import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { checkCredentials } from "../../src/identity/credentials.ts"
import { checkBare } from "../../src/runtime/environment.ts"
import { thrownBy } from "../iam/local-iam.ts"

const value = fc.stringMatching(/^[A-Za-z0-9+/=_.-]{1,60}$/)
const mark = fc.constantFrom('"', "'", "`", "“", "”")
const comment = fc
  .tuple(fc.constantFrom(" ", "\t", "  "), fc.constantFrom("#", ";"), fc.constantFrom("", " note", "note"))
  .map((parts) => parts.join(""))

describe("a value of a file or the environment", () => {
  it("is used verbatim, also with a # or ; inside", () => {
    fc.assert(fc.property(value, (text) => checkBare(text, "It") === text))
    for (const text of ["ab;cd#ef", "a#", "a b", 'a"b', "https://iam.example.com/#x"])
      expect(checkBare(text, "It")).toBe(text)
  })

  it("is refused in quotes, also at one end only, or with a comment after it, and is not shown", () => {
    fc.assert(
      fc.property(value, mark, mark, comment, (text, left, right, end) => {
        for (const bad of [left + text + right, left + text, text + right, text + end, left + text + right + end]) {
          const error = thrownBy(() => checkBare(bad, "The value sk"), ...(text.length > 20 ? [text] : []))
          expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
          expect(error.message).toMatch(/^The value sk has (quotes around it|a comment behind it)/)
        }
      }),
    )
  })

  it("is refused when it is only a comment", () => {
    for (const text of ["# to be filled in", ";", "#abc"]) {
      expect(thrownBy(() => checkBare(text, "It")).message).toContain("a comment")
    }
  })
})

describe("credentials that a program reads", () => {
  const key = { accessKeyId: "AKEXAMPLE", secretAccessKey: "skExample0123", securityToken: "st/Example+0123==" }

  it.each(Object.keys(key) as (keyof typeof key)[])(
    "are refused with quotes around %s, or a comment behind it",
    (field) => {
      const text = key[field]
      for (const bad of [
        `"${text}"`,
        `'${text}'`,
        `\`${text}\``,
        `"${text}`,
        `${text}'`,
        `${text} # note`,
        `${text} ;`,
      ]) {
        const error = thrownBy(() => checkCredentials({ ...key, [field]: bad }), text)
        expect(error.code).toBe("AUTH_INVALID_CREDENTIALS")
        expect(error.message).toContain(`\`${field}\``)
      }
      expect(checkCredentials(key)).toBe(key)
    },
  )
})
