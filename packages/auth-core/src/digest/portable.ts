// Everything without node:crypto: synchronous hashes in JavaScript.
import { sha256 } from "@noble/hashes/sha2.js"
import { bytesToHex } from "@noble/hashes/utils.js"
import type { HashAlgorithm, Hmac, IncrementalHash } from "./digest.ts"
import { hmacPads } from "./pads.ts"
import { registeredSm3 } from "./sm3.ts"

const encoder = new TextEncoder()

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  return bytesToHex(hashOf(algorithm)(bytesOf(data)))
}

/** Prepares a key. */
export function createHmac(algorithm: HashAlgorithm, key: Uint8Array): Hmac {
  const hash = hashOf(algorithm)
  const { inner, outer } = hmacPads(key, hash)
  if (algorithm === "sm3") {
    return (message) => bytesToHex(hash(joined(outer, hash(joined(inner, encoder.encode(message))))))
  }
  const innerState = sha256.create().update(inner)
  const outerState = sha256.create().update(outer)
  return (message) => {
    const first = innerState.clone().update(encoder.encode(message)).digest()
    return bytesToHex(outerState.clone().update(first).digest())
  }
}

/** A hash over bytes that come in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  if (algorithm === "sha256") {
    const state = sha256.create()
    return {
      update(bytes) {
        state.update(bytes)
      },
      hex: () => bytesToHex(state.digest()),
    }
  }
  const hash = registeredSm3()
  const pieces: Uint8Array[] = []
  return {
    update(bytes) {
      pieces.push(bytes)
    },
    hex: () => bytesToHex(hash(joined(...pieces))),
  }
}

function hashOf(algorithm: HashAlgorithm): (bytes: Uint8Array) => Uint8Array {
  return algorithm === "sha256" ? sha256 : registeredSm3()
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === "string" ? encoder.encode(data) : data
}

function joined(...pieces: Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0))
  let offset = 0
  for (const piece of pieces) {
    bytes.set(piece, offset)
    offset += piece.length
  }
  return bytes
}
