import { beforeEach, describe, expect, it, vi } from "vitest"
import { isAuthError } from "../../src/errors/auth-error.ts"
import { failureOf } from "../failure-of.ts"

beforeEach(() => {
  vi.resetModules()
})

describe("a runtime without SM3", () => {
  it("says what to import", async () => {
    const portable = await import("../../src/digest/portable.ts")
    const attempts = [
      () => portable.hashHex("sm3", "abc"),
      () => portable.createHmac("sm3", new Uint8Array(1)),
      () => portable.createIncrementalHash("sm3"),
    ]
    for (const attempt of attempts) {
      const failure = failureOf(attempt)
      expect(isAuthError(failure) && failure.code).toBe("AUTH_ALGORITHM_UNSUPPORTED")
      expect(String(failure)).toContain('import "@countersign/auth-core/sm3"')
    }
    expect(portable.hashHex("sha256", "abc")).toMatch(/^ba7816bf/)
  })

  it("has it once the entry is imported", async () => {
    const portable = await import("../../src/digest/portable.ts")
    await import("../../src/sm3.ts")
    expect(portable.hashHex("sm3", "abc")).toMatch(/^66c7f0f4/)
  })

  // For example Bun, whose node:crypto throws for "sm3".
  it("has it also if only SM3 is missing in node:crypto", async () => {
    const crypto = process.getBuiltinModule("node:crypto")
    const hash = (algorithm: string, data: string | Uint8Array, encoding: "hex"): string => {
      if (algorithm === "sm3") throw new Error("Unsupported algorithm")
      return crypto.hash(algorithm, data, encoding)
    }
    const builtIn = vi.spyOn(process, "getBuiltinModule").mockReturnValue({ ...crypto, hash })
    const node = await import("../../src/digest/node.ts")
    expect(node.hashHex("sha256", "abc")).toMatch(/^ba7816bf/)
    expect(failureOf(() => node.hashHex("sm3", "abc"))).toMatchObject({ code: "AUTH_ALGORITHM_UNSUPPORTED" })
    await import("../../src/sm3.ts")
    expect(node.hashHex("sm3", "abc")).toMatch(/^66c7f0f4/)
    const expected = crypto.createHmac("sm3", "key").update("message").digest("hex")
    expect(node.createHmac("sm3", Buffer.from("key"))("message")).toBe(expected)
    builtIn.mockRestore()
  })
})
