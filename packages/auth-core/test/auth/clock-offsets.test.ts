import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import type { Attempt, Rejection } from "../../src/auth/auth.ts"
import { parseSdkDate } from "../../src/signing/server-time.ts"

const MINUTE = 60_000
const start = Date.UTC(2026, 0, 1, 12)
const expired: Rejection = {
  status: 401,
  origin: "https://h",
  replayed: false,
  errorMessage:
    "Incorrect IAM authentication information: calc aksk signature fail:signature expired, signature time:20260101T120000Z,server time:20260101T122000Z",
}

/** An auth whose clock stands still, so that only rejections change the time of its signatures. */
function stoppedAuth() {
  const seen: unknown[] = []
  const auth = akskAuth(
    { accessKeyId: "AK", secretAccessKey: "s3cret" },
    { clock: fakeClock(start), onClockOffset: (offset) => seen.push(offset) },
  )
  const sign = (origin: string) => {
    const attempt: Attempt = { method: "GET", url: `${origin}/`, headers: {}, body: null }
    return auth.authenticate(attempt)
  }
  return {
    seen,
    /** The time of a signature for an endpoint, epoch ms. */
    signsAt: async (origin = "https://h") => parseSdkDate((await sign(origin)).headers["x-sdk-date"] ?? ""),
    /** Whether a request that this answer refuses is signed again, at another time. */
    learns: async (rejection: Rejection) =>
      (await auth.judge(await sign(rejection.origin), rejection)) === "clock-corrected",
  }
}

describe("the clock of an endpoint", () => {
  it("is the local clock at first", async () => {
    expect(await stoppedAuth().signsAt()).toBe(start)
  })

  it.each([
    ["20260101T120000Z", "20260101T122000Z", 20],
    ["20260101T120000Z", "20260101T114000Z", -20],
    ["20260101T120000Z", "2026-01-01T12:20:00Z", 20],
    ["20260101T120000Z", "2026-01-01T20:20:00+08:00", 20],
    ["20260101T120000Z", "Thu, 01 Jan 2026 12:20:00 GMT", 20],
    ["Thu, 01 Jan 2026 12:00:00 GMT", "Thu, 01 Jan 2026 12:20:00 GMT", 20],
    ["2026-01-01 20:00:00", "2026-01-01 20:20:00", 20],
  ])("is learned from the two times in the text alone: %s, %s", async (signatureTime, serverTime, minutes) => {
    for (const text of [
      `signature expired, signature time:${signatureTime},server time:${serverTime}`,
      `Signature expired, server time: ${serverTime}, signature time: ${signatureTime}`,
    ]) {
      const { learns, signsAt, seen } = stoppedAuth()
      expect(await learns({ ...expired, errorMessage: text, serverTime: undefined })).toBe(true)
      expect(await signsAt()).toBe(start + minutes * MINUTE)
      expect(seen).toEqual([{ origin: "https://h", offsetMs: minutes * MINUTE }])
    }
  })

  it("is learned from the server's time if the text names no time of the signature", async () => {
    const { learns, signsAt } = stoppedAuth()
    const errorMessage = "signature expired, server time:20260101T122000Z"
    expect(await learns({ ...expired, errorMessage })).toBe(true)
    expect(await signsAt()).toBe(start + 20 * MINUTE)
  })

  it("is learned from the Date header when the text names no time", async () => {
    const { learns, signsAt } = stoppedAuth()
    const rejection = { ...expired, errorMessage: "signature expired", serverTime: start + 20 * MINUTE }
    expect(await learns(rejection)).toBe(true)
    expect(await signsAt()).toBe(start + 20 * MINUTE)
  })

  it("is learned from the Date header when the body could not be read and the offset exceeds the limit", async () => {
    const { learns } = stoppedAuth()
    const unread = { ...expired, errorMessage: undefined }
    expect(await learns({ ...unread, serverTime: start + 14 * MINUTE })).toBe(false)
    expect(await learns({ ...unread, serverTime: start + 16 * MINUTE })).toBe(true)
  })

  it("is learned from the Date header when a temporary key has expired", async () => {
    const { learns, signsAt } = stoppedAuth()
    const rejection = { ...expired, errorMessage: "token expires, expires_at: 2026-01-01T12:00:00Z" }
    expect(await learns({ ...rejection, serverTime: start + 40 * MINUTE })).toBe(false)
    expect(await signsAt()).toBe(start + 40 * MINUTE)
  })

  it("is not learned from any other rejection", async () => {
    const { learns, signsAt } = stoppedAuth()
    const other = { ...expired, errorMessage: "verify aksk signature fail", serverTime: start + 60 * MINUTE }
    expect(await learns(other)).toBe(false)
    expect(await signsAt()).toBe(start)
  })

  it("belongs to one endpoint", async () => {
    const { learns, signsAt } = stoppedAuth()
    await learns(expired)
    expect(await signsAt("https://other")).toBe(start)
  })
})
