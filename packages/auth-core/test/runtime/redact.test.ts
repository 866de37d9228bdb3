import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { redactText } from "../../src/runtime/redact.ts"

describe("text from a server", () => {
  it("does not change without a secret in it", () => {
    expect(redactText("Could not find project: x", ["correct horse battery"])).toBe("Could not find project: x")
    expect(redactText("Account locked", [])).toBe("Account locked")
  })

  it("shows no secret that has half a character", () => {
    expect(redactText("got pass\ud800word", ["pass\ud800word"])).toBe("got [secret]")
  })

  it("shows no secret: plain, in JSON, in a URL, in base64, or a part of it", () => {
    const secret = 'p"ä ss/wörd+with=signs'
    const forms = [secret, JSON.stringify(secret), encodeURIComponent(secret), Buffer.from(secret).toString("base64")]
    const text = redactText(`refused ${forms.join(" and ")}`, [secret])
    expect(text).toBe('refused [secret] and "[secret]" and [secret] and [secret]')
    expect(redactText(`got ${secret.slice(0, 14)}... `, [secret])).toBe("got [secret]... ")
  })

  it("is cut to a readable length, never through a secret", () => {
    const secret = "s3cret-".repeat(100)
    const text = redactText(`${"x".repeat(480)} ${secret}`, [secret])
    expect(text.length).toBeLessThan(520)
    expect(text).not.toContain("s3c")
  })

  it("shows no secret, for any secret and any text around it", () => {
    const secrets = fc.string({ minLength: 12, maxLength: 60, unit: "binary" })
    fc.assert(
      fc.property(fc.string(), secrets, fc.string(), (before, secret, after) => {
        expect(redactText(before + secret + after, [secret])).not.toContain(secret)
      }),
    )
  })
})
