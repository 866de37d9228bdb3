import {
  BLOCK_BYTES,
  bytesOf,
  type HashAlgorithm,
  type Hmac,
  hmacPads,
  type IncrementalHash,
  registeredSm3,
} from "./digest.ts"

// For Node, Bun and Deno: the hashes of node:crypto. Must not load the portable ones.

const HASH_BYTES = 32

let loaded: typeof import("node:crypto") | undefined

/** Loaded for the first hash: it takes a third of the time that an import of this package takes. */
function crypto(): typeof import("node:crypto") {
  loaded ??= process.getBuiltinModule("node:crypto")
  return loaded
}

let hasSm3: boolean | undefined

/** Bun has no SM3. Some builds of Node lack it too. */
function isNative(algorithm: HashAlgorithm): boolean {
  if (algorithm === "sha256") return true
  hasSm3 ??= supports(algorithm)
  return hasSm3
}

function supports(algorithm: HashAlgorithm): boolean {
  try {
    crypto().hash(algorithm, "")
    return true
  } catch {
    return false
  }
}

/** Lower-case hex of a hash; a string counts as UTF-8. */
export function hashHex(algorithm: HashAlgorithm, data: string | Uint8Array): string {
  if (isNative(algorithm)) return crypto().hash(algorithm, data, "hex")
  return registeredSm3().hashHex(bytesOf(data))
}

/**
 * Prepares a key; text counts as UTF-8. A message then takes two one-shot hashes and no new buffer, several times faster than
 * `createHmac` of node:crypto.
 */
export function createHmac(algorithm: HashAlgorithm, key: string | Uint8Array): Hmac {
  if (!isNative(algorithm)) return registeredSm3().createHmac(key)
  const { hash } = crypto()
  const pads = hmacPads(key, (bytes) => hash(algorithm, bytes, "buffer"))
  const inner = Buffer.from(pads.inner)
  // The usual key is ASCII, and so is its inner pad: then pad and message hash as one text.
  const innerText = pads.inner.every((byte) => byte < 0x80) ? inner.toString("latin1") : undefined
  const outer = Buffer.alloc(BLOCK_BYTES + HASH_BYTES)
  outer.set(pads.outer)
  return (message) => {
    const padded = innerText === undefined ? Buffer.concat([inner, Buffer.from(message)]) : innerText + message
    outer.write(hash(algorithm, padded, "binary"), BLOCK_BYTES, "latin1")
    return hash(algorithm, outer, "hex")
  }
}

/** A hash over bytes in pieces. */
export function createIncrementalHash(algorithm: HashAlgorithm): IncrementalHash {
  if (!isNative(algorithm)) return registeredSm3().createIncrementalHash()
  const state = crypto().createHash(algorithm)
  return {
    isNative: true,
    update(bytes) {
      state.update(bytes)
    },
    hex: () => state.digest("hex"),
  }
}
