import { sm3 } from "sm-crypto-v2"
import { bytesOfHex, joined } from "./digest/bytes.ts"
import { bytesOf, hmacPads, registerSm3, type Sm3Digest } from "./digest/digest.ts"

// Entry point for runtimes without node:crypto, or whose node:crypto has no SM3 (Bun). Importing it registers SM3.

registerSm3(sm3InOneGo((bytes) => sm3(bytes)))

/**
 * Builds on an SM3 that takes all bytes at once.
 *
 * @param sm3 gives lower-case hex
 */
function sm3InOneGo(sm3: (bytes: Uint8Array) => string): Sm3Digest {
  return {
    hashHex: sm3,
    createHmac(key) {
      const { inner, outer } = hmacPads(key, (bytes) => bytesOfHex(sm3(bytes)))
      return (message) => sm3(joined([outer, bytesOfHex(sm3(joined([inner, bytesOf(message)])))]))
    },
    createIncrementalHash() {
      const pieces: Uint8Array[] = []
      return { update: (bytes) => pieces.push(bytes), hex: () => sm3(joined(pieces)) }
    },
  }
}
