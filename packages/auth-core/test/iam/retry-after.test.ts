import { describe, expect, it } from "vitest"
import { retryAfterMs } from "../../src/iam/exchange.ts"

describe("Retry-After", () => {
  const now = Date.UTC(2026, 0, 1)

  it.each([
    [null, undefined],
    ["", undefined],
    ["soon", undefined],
    ["-1", undefined],
    ["0", 0],
    ["120", 120_000],
    ["Thu, 01 Jan 2026 00:00:30 GMT", 30_000],
    ["Wed, 31 Dec 2025 23:59:00 GMT", 0],
    ["31536000", 3_600_000],
    ["9".repeat(400), 3_600_000],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 3_600_000],
  ])("%o is %o ms", (value, expected) => {
    expect(retryAfterMs(value, now)).toBe(expected)
  })
})
