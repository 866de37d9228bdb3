import { createHash } from "node:crypto"
import { describe, expect, it } from "vitest"
import { MAX_SIGNED_BODY_BYTES } from "../../src/cloud/body-size.ts"
import { largePayloadHash } from "../../src/signing/canonicalizer.ts"
import { payloadHash } from "../../src/signing/signer.ts"
import { failureOf } from "../failure-of.ts"

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex")

describe("the payload hash", () => {
  it.each([null, undefined, "", new Uint8Array()])("of no body, %j, is the hash of nothing", (body) => {
    expect(payloadHash(body, "sha256")).toBe(sha256(""))
    expect(payloadHash(body, "sm3")).toBe(createHash("sm3").update("").digest("hex"))
  })

  it("of a string is the hash of its UTF-8", () => {
    expect(payloadHash("naïve 你好 😀", "sha256")).toBe(sha256(Buffer.from("naïve 你好 😀")))
  })

  it("of a view is the hash of its own bytes", () => {
    const view = new TextEncoder().encode("xxbodyxx").subarray(2, 6)
    expect(payloadHash(view, "sha256")).toBe(sha256("body"))
  })

  it("has a limit of 12 * 1024 * 1024 bytes", () => {
    expect(MAX_SIGNED_BODY_BYTES).toBe(12_582_912)
    const most = new Uint8Array(MAX_SIGNED_BODY_BYTES)
    expect(payloadHash(most, "sha256")).toBe(sha256(most))
    const tooLarge = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    expect(failureOf(() => payloadHash(tooLarge, "sha256"))).toMatchObject({ code: "AUTH_BODY_TOO_LARGE" })
  })

  it("counts the bytes of a string, not its characters", () => {
    const third = MAX_SIGNED_BODY_BYTES / 3
    expect(payloadHash("你".repeat(third), "sha256")).toMatch(/^[\da-f]{64}$/)
    for (const text of [`${"你".repeat(third)}x`, "x".repeat(MAX_SIGNED_BODY_BYTES + 1)]) {
      expect(failureOf(() => payloadHash(text, "sha256"))).toMatchObject({ code: "AUTH_BODY_TOO_LARGE" })
    }
  })

  it.each([{}, new ArrayBuffer(1), 1, new Blob(["x"])])("is for text and bytes only, not %o", (body) => {
    expect(failureOf(() => payloadHash(body as string, "sha256"))).toMatchObject({
      code: "AUTH_BODY_UNSIGNABLE",
    })
  })
})

describe("hashing in slices", () => {
  it("hashes a small body in one call", () => {
    for (const body of [Buffer.from("a body"), "a body", "", null, undefined]) {
      expect(largePayloadHash(body, "sha256")).toBeUndefined()
    }
  })

  it("gives the same hash", async () => {
    const large = Buffer.alloc(1_000_001, "0123456789abc")
    expect(await largePayloadHash(large, "sha256")).toBe(sha256(large))
    expect(await largePayloadHash(large, "sm3")).toBe(createHash("sm3").update(large).digest("hex"))
  })

  it("gives the same hash for text, wherever a slice ends", async () => {
    for (const before of ["", "a", "aé", "世"]) {
      const text = before + "😀é世\ud83d".repeat(60_000)
      expect(await largePayloadHash(text, "sha256")).toBe(sha256(Buffer.from(text)))
    }
  })

  it.each([
    ["bytes", new Uint8Array(MAX_SIGNED_BODY_BYTES)],
    ["text", "x".repeat(MAX_SIGNED_BODY_BYTES)],
  ])("lets other work run after every 64 kB of %s", async (_, body) => {
    let turns = 0
    let isDone = false
    const other = (): void => {
      turns++
      if (!isDone) setImmediate(other)
    }
    setImmediate(other)
    await largePayloadHash(body, "sha256")
    isDone = true
    expect(turns).toBeGreaterThanOrEqual(MAX_SIGNED_BODY_BYTES / (64 * 1024) - 1)
  })

  it("refuses a body above the limit", async () => {
    const tooLarge = new Uint8Array(MAX_SIGNED_BODY_BYTES + 1)
    await expect(largePayloadHash(tooLarge, "sha256")).rejects.toMatchObject({
      code: "AUTH_BODY_TOO_LARGE",
    })
  })
})
