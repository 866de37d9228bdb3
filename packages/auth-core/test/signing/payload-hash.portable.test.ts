// Where there is no node:crypto, WebCrypto hashes a large body.
import { createHash } from "node:crypto"
import { afterEach, describe, expect, it, vi } from "vitest"
import { largePayloadHash } from "../../src/signing/canonicalizer.ts"

vi.mock("#digest", () => import("../../src/digest/portable.ts"))

const sha256 = (data: string | Uint8Array): string => createHash("sha256").update(data).digest("hex")
const bytes = new Uint8Array(200_001).map((_, index) => index % 251)
const shared = new Uint8Array(new SharedArrayBuffer(bytes.length))
shared.set(bytes)

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

describe("the hash of a large body without node:crypto", () => {
  it.each<[string, string | Uint8Array]>([
    ["bytes", bytes],
    ["a view of a larger buffer", bytes.subarray(1, 100_000)],
    ["text", "naïve 你好 😀".repeat(20_000)],
  ])("is that of WebCrypto: %s", async (_, body) => {
    const digest = vi.spyOn(crypto.subtle, "digest")
    expect(await largePayloadHash(body, "sha256")).toBe(sha256(body))
    expect(digest).toHaveBeenCalledOnce()
  })

  it("is the same where WebCrypto does not take the bytes: shared memory", async () => {
    expect(await largePayloadHash(shared, "sha256")).toBe(sha256(bytes))
  })

  it("is the same where there is no WebCrypto: a page without https", async () => {
    vi.stubGlobal("crypto", {})
    expect(await largePayloadHash(bytes, "sha256")).toBe(sha256(bytes))
  })

  it("still refuses more than 12 MB, and what is neither text nor bytes", async () => {
    const digest = vi.spyOn(crypto.subtle, "digest")
    await expect(largePayloadHash("x".repeat(12 * 1024 * 1024 + 1), "sha256")).rejects.toMatchObject({
      code: "AUTH_BODY_TOO_LARGE",
    })
    await expect(largePayloadHash({ length: 100_000 } as string, "sha256")).rejects.toMatchObject({
      code: "AUTH_BODY_UNSIGNABLE",
    })
    expect(digest).not.toHaveBeenCalled()
  })
})
