import { createHash, createHmac as nodeHmac } from "node:crypto"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import * as node from "../../src/digest/node.ts"
import * as portable from "../../src/digest/portable.ts"
import "../../src/sm3.ts"

const ALGORITHMS = ["sha256", "sm3"] as const
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

describe.each([
  ["node", node],
  ["portable", portable],
])("the %s digest", (_, { hashHex, createHmac, createIncrementalHash }) => {
  it("hashes as in FIPS 180-4 and GB/T 32905", () => {
    expect(hashHex("sha256", "abc")).toBe("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    expect(hashHex("sm3", "abc")).toBe("66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0")
  })

  it("computes the HMACs of RFC 4231", () => {
    expect(createHmac("sha256", utf8("Jefe"))("what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    )
    expect(createHmac("sha256", new Uint8Array(20).fill(0x0b))("Hi There")).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    )
    const longerThanABlock = new Uint8Array(131).fill(0xaa)
    expect(createHmac("sha256", longerThanABlock)("Test Using Larger Than Block-Size Key - Hash Key First")).toBe(
      "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    )
  })

  it.each(ALGORITHMS)("agrees with node:crypto on any text, bytes, key and message: %s", (algorithm) => {
    const text = fc.string({ unit: "binary", maxLength: 200 })
    const bytes = fc.uint8Array({ maxLength: 200 })
    fc.assert(
      fc.property(text, bytes, bytes, text, (data, binary, key, message) => {
        expect(hashHex(algorithm, data)).toBe(createHash(algorithm).update(data, "utf8").digest("hex"))
        expect(hashHex(algorithm, binary)).toBe(createHash(algorithm).update(binary).digest("hex"))
        const hmac = createHmac(algorithm, key)
        const expected = nodeHmac(algorithm, key).update(message, "utf8").digest("hex")
        expect([hmac(message), hmac(data), hmac(message)]).toEqual([
          expected,
          nodeHmac(algorithm, key).update(data, "utf8").digest("hex"),
          expected,
        ])
      }),
    )
  })

  it.each(ALGORITHMS)("reads a key of text as UTF-8: %s", (algorithm) => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 200 }), fc.string({ maxLength: 200 }), (key, message) => {
        expect(createHmac(algorithm, key)(message)).toBe(createHmac(algorithm, Buffer.from(key))(message))
      }),
    )
  })

  it.each(ALGORITHMS)("gives the same hash for bytes in pieces: %s", (algorithm) => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), (pieces) => {
        const hash = createIncrementalHash(algorithm)
        for (const piece of pieces) hash.update(piece)
        expect(hash.hex()).toBe(hashHex(algorithm, Buffer.concat(pieces)))
      }),
    )
  })

  it("hashes the bytes of a view, not its whole buffer", () => {
    const view = utf8("xxabcxx").subarray(2, 5)
    expect(hashHex("sha256", view)).toBe(hashHex("sha256", "abc"))
    expect(hashHex("sm3", view)).toBe(hashHex("sm3", "abc"))
  })
})
