import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import type { Rejection } from "../../src/auth/auth.ts"
import { createClockOffsets } from "../../src/auth/clock-offsets.ts"

const MINUTE = 60_000
const start = Date.UTC(2026, 0, 1, 12)
const expired: Rejection = {
  status: 401,
  origin: "https://h",
  replayed: false,
  errorMessage:
    "Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:20260101T120000Z,server time:20260101T122000Z",
}

describe("the clock of an endpoint", () => {
  it("is the local one until something else is known", () => {
    expect(createClockOffsets(fakeClock(start), undefined).nowAt("https://h")).toBe(start)
  })

  it.each([
    ["20260101T122000Z", 20],
    ["20260101T114000Z", -20],
    ["2026-01-01T12:20:00Z", 20],
    ["Thu, 01 Jan 2026 12:20:00 GMT", 20],
  ])("is learned from the text: server time %s", (time, minutes) => {
    const seen: unknown[] = []
    const offsets = createClockOffsets(fakeClock(start), (offset) => seen.push(offset))
    // A comma ends the field, so a date that has one is cut, and the Date header serves.
    const serverTime = Date.parse(time)
    const errorMessage = `signature expired, signature time:20260101T120000Z,server time:${time}`
    expect(
      offsets.learn({ ...expired, errorMessage, serverTime: Number.isNaN(serverTime) ? undefined : serverTime }, start),
    ).toBe(true)
    expect(offsets.nowAt("https://h")).toBe(start + minutes * MINUTE)
    expect(seen).toEqual([{ origin: "https://h", offsetMs: minutes * MINUTE }])
  })

  it("is learned from the Date header when the text names no time", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const rejection = { ...expired, errorMessage: "signature expired", serverTime: start + 20 * MINUTE }
    expect(offsets.learn(rejection, start)).toBe(true)
    expect(offsets.nowAt("https://h")).toBe(start + 20 * MINUTE)
  })

  it("is learned from the Date header alone when the body could not be read, if it is off by more than is allowed", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const unread = { ...expired, errorMessage: undefined }
    expect(offsets.learn({ ...unread, serverTime: start + 14 * MINUTE }, start)).toBe(false)
    expect(offsets.learn({ ...unread, serverTime: start + 16 * MINUTE }, start)).toBe(true)
  })

  it("is learned from the Date header when a temporary key has expired, since the time would be refused next", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const rejection = { ...expired, errorMessage: "token expires, expires_at: 2026-01-01T12:00:00Z" }
    expect(offsets.learn({ ...rejection, serverTime: start + 40 * MINUTE }, start)).toBe(false)
    expect(offsets.nowAt("https://h")).toBe(start + 40 * MINUTE)
  })

  it("is not learned from any other rejection", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const other = { ...expired, errorMessage: "verify aksk signature fail", serverTime: start + 60 * MINUTE }
    expect(offsets.learn(other, start)).toBe(false)
    expect(offsets.nowAt("https://h")).toBe(start)
  })

  it("is one endpoint's alone", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    offsets.learn(expired, start)
    expect(offsets.nowAt("https://other")).toBe(start)
  })
})
