// Everything without node:crypto: synchronous hashes in JavaScript.
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { HashAlgorithm, Hmac, IncrementalHash } from "./digest.ts"
import { hmacPads } from "./pads.ts"
import { createIncrementalSm3, createSm3Hmac, registeredSm3 } from "./sm3.ts"

const encoder = new TextEncoder()

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  const bytes = typeof data === "string" ? encoder.encode(data) : data
  return algorithm === "sha256" ? bytesToHex(sha256(bytes)) : registeredSm3()(bytes)
}

/** Prepares a key; each message then starts from the states behind the pads. */
export function createHmac(algorithm: HashAlgorithm, key: Uint8Array): Hmac {
  if (algorithm !== "sha256") return createSm3Hmac(key)
  const pads = hmacPads(key, sha256)
  const inner = sha256.create().update(pads.inner)
  const outer = sha256.create().update(pads.outer)
  return (message) => {
    const first = inner.clone().update(encoder.encode(message)).digest()
    return bytesToHex(outer.clone().update(first).digest())
  }
}

/** A hash over bytes that come in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  if (algorithm !== "sha256") return createIncrementalSm3()
  const state = sha256.create()
  return {
    update(bytes) {
      state.update(bytes)
    },
    hex: () => bytesToHex(state.digest()),
  }
}
