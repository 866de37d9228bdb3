import { p256 } from "@noble/curves/nist.js"
import { hashHex } from "#digest"
import { bytesOfHex, hexOf } from "./digest/bytes.ts"
import { addAsymmetric } from "./signing/add-asymmetric.ts"

// Entry point for SDK-ECDSA-P256-SHA256. Importing it adds the algorithm to the program.

/** We hash the text. Huawei Cloud's clients do not turn `s` into the smaller of its two values. */
const HASHED = { prehash: false, lowS: false } as const

addAsymmetric("SDK-ECDSA-P256-SHA256", {
  order: p256.Point.Fn.ORDER,
  publicKeyOf: (privateKey) => hexOf(p256.getPublicKey(bytesOfHex(privateKey), false)),
  sign(text, privateKey) {
    // Without extra entropy the nonces are those of RFC 6979. Version 1 gives an object, version 2 the bytes.
    const signature: Uint8Array | { toBytes(): Uint8Array } = p256.sign(hashOf(text), bytesOfHex(privateKey), HASHED)
    return hexOf(signature instanceof Uint8Array ? signature : signature.toBytes())
  },
  verify: (text, signature, publicKey) =>
    p256.verify(bytesOfHex(signature), hashOf(text), bytesOfHex(publicKey), HASHED),
})

function hashOf(text: string): Uint8Array {
  return bytesOfHex(hashHex("sha256", text))
}
