import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import type { Rejection } from "../../src/auth/auth.ts"
import { createClockOffsets } from "../../src/auth/signature-judge.chunk.ts"

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
  it("is the local clock at first", () => {
    expect(createClockOffsets(fakeClock(start), undefined).nowAt("https://h")).toBe(start)
  })

  it.each([
    ["20260101T120000Z", "20260101T122000Z", 20],
    ["20260101T120000Z", "20260101T114000Z", -20],
    ["20260101T120000Z", "2026-01-01T12:20:00Z", 20],
    ["20260101T120000Z", "2026-01-01T20:20:00+08:00", 20],
    ["20260101T120000Z", "Thu, 01 Jan 2026 12:20:00 GMT", 20],
    ["Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 12:20:00 GMT", 20],
    ["2026-01-01 20:00:00", "2026-01-01 20:20:00", 20],
  ])("is learned from the two times in the text alone: %s, %s", (signatureTime, serverTime, minutes) => {
    for (const text of [
      `signature expired, signature time:${signatureTime},server time:${serverTime}`,
      `Signature expired, server time: ${serverTime}, signature time: ${signatureTime}`,
    ]) {
      const seen: unknown[] = []
      const offsets = createClockOffsets(fakeClock(start), (offset) => seen.push(offset))
      expect(offsets.learn({ ...expired, errorMessage: text, serverTime: undefined }, start)).toBe(true)
      expect(offsets.nowAt("https://h")).toBe(start + minutes * MINUTE)
      expect(seen).toEqual([{ origin: "https://h", offsetMs: minutes * MINUTE }])
    }
  })

  it("is learned from the server's time if the text names no time", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const errorMessage = "signature expired, server time:20260101T122000Z"
    expect(offsets.learn({ ...expired, errorMessage }, start)).toBe(true)
    expect(offsets.nowAt("https://h")).toBe(start + 20 * MINUTE)
  })

  it("is learned from the Date header when the text names no time", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const rejection = { ...expired, errorMessage: "signature expired", serverTime: start + 20 * MINUTE }
    expect(offsets.learn(rejection, start)).toBe(true)
    expect(offsets.nowAt("https://h")).toBe(start + 20 * MINUTE)
  })

  it("is learned from the Date header when the body could not be read and the offset exceeds the limit", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    const unread = { ...expired, errorMessage: undefined }
    expect(offsets.learn({ ...unread, serverTime: start + 14 * MINUTE }, start)).toBe(false)
    expect(offsets.learn({ ...unread, serverTime: start + 16 * MINUTE }, start)).toBe(true)
  })

  it("is learned from the Date header when a temporary key has expired", () => {
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

  it("belongs to one endpoint", () => {
    const offsets = createClockOffsets(fakeClock(start), undefined)
    offsets.learn(expired, start)
    expect(offsets.nowAt("https://other")).toBe(start)
  })
})
