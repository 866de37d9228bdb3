// Node, Bun and Deno: the hashes of node:crypto.
import { createHash, hash } from "node:crypto"
import type { HashAlgorithm, Hmac, IncrementalHash } from "./digest.ts"
import { hmacPads } from "./pads.ts"
import * as portable from "./portable.ts"

let hasSm3: boolean | undefined

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
  return isNative(algorithm) ? hash(algorithm, data, "hex") : portable.hashHex(algorithm, data)
}

/** Prepares a key; each message then takes two one-shot hashes, which on Node is several times faster than createHmac. */
export function createHmac(algorithm: HashAlgorithm, key: Uint8Array): Hmac {
  if (!isNative(algorithm)) return portable.createHmac(algorithm, key)
  const pads = hmacPads(key, (bytes) => hash(algorithm, bytes, "buffer"))
  const inner = Buffer.from(pads.inner).toString("latin1")
  const outer = Buffer.from(pads.outer).toString("latin1")
  return (message) => {
    const first = hash(algorithm, Buffer.from(inner + bytesAsLatin1(message), "latin1"), "binary")
    return hash(algorithm, Buffer.from(outer + first, "latin1"), "hex")
  }
}

function bytesAsLatin1(text: string): string {
  return NON_ASCII.test(text) ? Buffer.from(text).toString("latin1") : text
}

const NON_ASCII = /\P{ASCII}/u

/** A hash over bytes that come in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  if (!isNative(algorithm)) return portable.createIncrementalHash(algorithm)
  const state = createHash(algorithm)
  return {
    update(bytes) {
      state.update(bytes)
    },
    hex: () => state.digest("hex"),
  }
}
