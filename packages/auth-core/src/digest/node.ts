import { createHash, hash } from "node:crypto"
import { BLOCK_BYTES, type HashAlgorithm, type Hmac, hmacPads, type IncrementalHash } from "./digest.ts"
import { registeredSm3 } from "./sm3.ts"

// Node, Bun and Deno: the hashes of node:crypto. Nothing here loads the portable ones.

const HASH_BYTES = 32

let hasSm3: boolean | undefined

/** Bun has no SM3, nor has a Node whose OpenSSL was built without it. */
function isNative(algorithm: HashAlgorithm): boolean {
  if (algorithm === "sha256") return true
  hasSm3 ??= supports(algorithm)
  return hasSm3
}

function supports(algorithm: HashAlgorithm): boolean {
  try {
    hash(algorithm, "")
    return true
  } catch {
    return false
  }
}

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  if (isNative(algorithm)) return hash(algorithm, data, "hex")
  return registeredSm3().hashHex(typeof data === "string" ? Buffer.from(data) : data)
}

/**
 * Prepares a key. A message then takes two one-shot hashes, and no buffer but the one made here: several times faster than
 * `createHmac` of node:crypto.
 */
export function createHmac(algorithm: HashAlgorithm, key: Uint8Array): Hmac {
  if (!isNative(algorithm)) return registeredSm3().createHmac(key)
  const pads = hmacPads(key, (bytes) => hash(algorithm, bytes, "buffer"))
  const inner = Buffer.from(pads.inner)
  // The usual key is ASCII, and so is its inner pad: then pad and message hash as one text.
  const innerText = pads.inner.every((byte) => byte < 0x80) ? inner.toString("latin1") : undefined
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES)
  outer.set(pads.outer)
  let begun = { start: "", text: innerText }
  return (message, start = "") => {
    // Joined, since a text that was added up is put together anew with each hash.
    if (start !== begun.start) begun = { start, text: innerText && [innerText, start].join("") }
    const { text } = begun
    const padded = text === undefined ? Buffer.concat([inner, Buffer.from(start + message)]) : text + message
    outer.write(hash(algorithm, padded, "binary"), BLOCK_BYTES, "latin1")
    return hash(algorithm, outer, "hex")
  }
}

/** A hash over bytes that come in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  if (!isNative(algorithm)) return registeredSm3().createIncrementalHash()
  const state = createHash(algorithm)
  return {
    update(bytes) {
      state.update(bytes)
    },
    hex: () => state.digest("hex"),
  }
}
