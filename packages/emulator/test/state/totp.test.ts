import { expect, it } from "vitest"
import { isTotp, totp } from "../../src/state/totp.ts"

// "12345678901234567890" in Base32
const SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

// RFC 6238, appendix B, of whose eight digits the last six count.
it.each([
  [59, "287082"],
  [1_111_111_109, "081804"],
  [1_111_111_111, "050471"],
  [1_234_567_890, "005924"],
  [2_000_000_000, "279037"],
  [20_000_000_000, "353130"],
])("shows at %d seconds what the RFC says", (seconds, code) => {
  expect(totp(SECRET, seconds * 1_000)).toBe(code)
})

it("accepts a code for half a minute after its end", () => {
  expect(isTotp("287082", SECRET, 59_000)).toBe(true)
  expect(isTotp("287082", SECRET, 89_000)).toBe(true)
  expect(isTotp("287082", SECRET, 90_000)).toBe(false)
  expect(isTotp("287082", SECRET, 29_000)).toBe(false)
  expect(isTotp(undefined, SECRET, 59_000)).toBe(false)
})
