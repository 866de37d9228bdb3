import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { parseSdkDate } from "../../src/signing/server-time.ts"
import { formatSdkDate } from "../../src/signing/string-to-sign.ts"
import { failureOf } from "../failure-of.ts"

describe("X-Sdk-Date", () => {
  it("is an instant in UTC, to the second", () => {
    expect(formatSdkDate(Date.UTC(2019, 10, 15, 3, 36, 55, 999))).toBe("20191115T033655Z")
    expect(formatSdkDate(Date.UTC(2019, 10, 15, 3, 36, 56))).toBe("20191115T033656Z")
    expect(formatSdkDate(-1)).toBe("19691231T235959Z")
    expect(parseSdkDate("20191115T033655Z")).toBe(Date.UTC(2019, 10, 15, 3, 36, 55))
  })

  it("survives a round trip", () => {
    const [min, max] = [new Date("0000-01-01T00:00:00Z"), new Date("9999-12-31T23:59:59Z")]
    fc.assert(
      fc.property(fc.date({ min, max, noInvalidDate: true }), (date) => {
        const time = Math.floor(date.getTime() / 1000) * 1000
        expect(parseSdkDate(formatSdkDate(date.getTime()))).toBe(time)
      }),
    )
  })

  it.each([
    "",
    "20191115",
    "20191115T033655",
    "20191115t033655z",
    "2019-11-15T03:36:55Z",
    "20191115T033655.000Z",
    "20191131T033655Z",
    "20190229T000000Z",
    "20191315T033655Z",
    "20191115T243655Z",
    "20191115T240000Z",
    "20191115T036055Z",
    "20191115T033655Z, 20191115T033655Z",
  ])("is not %j", (text) => {
    expect(parseSdkDate(text)).toBeUndefined()
  })

  it.each([Number.NaN, Number.POSITIVE_INFINITY, 8.64e15, -8.64e15])("has no form for %d", (time) => {
    expect(failureOf(() => formatSdkDate(time))).toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})
