import { bytesOf, type HashAlgorithm, type Hmac, hmacPads, type IncrementalHash } from "./digest.ts"
import { Sha256 } from "./sha256.ts"
import { registeredSm3 } from "./sm3.ts"

// For runtimes without node:crypto: synchronous hashes in JavaScript.

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  const bytes = bytesOf(data)
  return algorithm === "sha256" ? new Sha256().update(bytes).hex() : registeredSm3().hashHex(bytes)
}

/** Prepares a key; text counts as UTF-8. Each message then starts from the states behind the pads. */
export function createHmac(algorithm: HashAlgorithm, key: string | Uint8Array): Hmac {
  if (algorithm !== "sha256") return registeredSm3().createHmac(key)
  const pads = hmacPads(key, (bytes) => new Sha256().update(bytes).digest())
  const inner = new Sha256().update(pads.inner)
  const outer = new Sha256().update(pads.outer)
  return (message) => new Sha256(outer).update(new Sha256(inner).update(bytesOf(message)).digest()).hex()
}

/** A hash over bytes in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  return algorithm === "sha256" ? new Sha256() : registeredSm3().createIncrementalHash()
}
