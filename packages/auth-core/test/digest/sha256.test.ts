import { createHash } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { Sha256 } from "../../src/digest/portable.ts"

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

describe("SHA-256 in JavaScript", () => {
  it.each([
    ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
    ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
    [
      "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
    ],
    ["a".repeat(1_000_000), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"],
  ])("gives the standard's results for its examples: %.20s", (text, hex) => {
    expect(new Sha256().update(ascii(text)).hex()).toBe(hex)
  })

  it("pads a message of any length, cut anywhere", () => {
    const bytes = Uint8Array.from({ length: 300 }, (_, index) => (index * 31) % 256)
    for (let length = 0; length <= bytes.length; length++) {
      const message = bytes.subarray(0, length)
      const cut = Math.floor(length / 3)
      const hash = new Sha256().update(message.subarray(0, cut)).update(message.subarray(cut))
      expect(hash.hex()).toBe(createHash("sha256").update(message).digest("hex"))
    }
  })

  it("gives the same hash for any pieces, including views into larger buffers", () => {
    const piece = fc.tuple(fc.uint8Array({ maxLength: 150 }), fc.nat(150)).map(([bytes, at]) => bytes.subarray(at))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        const hash = new Sha256()
        for (const bytes of pieces) hash.update(bytes)
        expect(hash.hex()).toBe(createHash("sha256").update(Buffer.concat(pieces)).digest("hex"))
      }),
      { numRuns: 500 },
    )
  })

  it("continues after a block, any number of times", () => {
    const block = ascii("b".repeat(64))
    const behind = new Sha256().update(block)
    for (const rest of ["", "one", "another"]) {
      const expected = createHash("sha256").update(block).update(rest).digest("hex")
      expect(new Sha256(behind).update(ascii(rest)).hex()).toBe(expected)
    }
  })
})
