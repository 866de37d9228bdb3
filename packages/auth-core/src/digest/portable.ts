import { type HashAlgorithm, type Hmac, hmacPads, type IncrementalHash } from "./digest.ts"
import { Sha256 } from "./sha256.ts"
import { registeredSm3 } from "./sm3.ts"

// Everything without node:crypto: synchronous hashes in JavaScript.

const encoder = new TextEncoder()

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  const bytes = typeof data === "string" ? encoder.encode(data) : data
  return algorithm === "sha256" ? new Sha256().update(bytes).hex() : registeredSm3().hashHex(bytes)
}

/** Prepares a key; each message then starts from the states behind the pads. */
export function createHmac(algorithm: HashAlgorithm, key: Uint8Array): Hmac {
  if (algorithm !== "sha256") return registeredSm3().createHmac(key)
  const pads = hmacPads(key, (bytes) => new Sha256().update(bytes).digest())
  const inner = new Sha256().update(pads.inner)
  const outer = new Sha256().update(pads.outer)
  return (message, start = "") => {
    const hashed = new Sha256(inner).update(encoder.encode(start + message)).digest()
    return new Sha256(outer).update(hashed).hex()
  }
}

/** A hash over bytes that come in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  return algorithm === "sha256" ? new Sha256() : registeredSm3().createIncrementalHash()
}
