/** The hashes that Huawei Cloud signs with. */
export type HashAlgorithm = "sha256" | "sm3"

/**
 * HMAC under a key that was prepared once: a message, as UTF-8, to lower-case hex.
 *
 * @param start stands before the message. Apart from it, since many in a row begin alike.
 */
export type Hmac = (message: string, start?: string) => string

/** A hash over bytes that come in pieces. */
export interface IncrementalHash {
  update(bytes: Uint8Array): unknown
  /** Lower-case hex; ends the hash. */
  hex(): string
}

/** Both hashes work on blocks of so many bytes. */
export const BLOCK_BYTES = 64

/** The key of an HMAC, stretched to a block and mixed with the inner and outer constants (RFC 2104, section 2). */
export function hmacPads(
  key: Uint8Array,
  hash: (bytes: Uint8Array) => Uint8Array,
): { inner: Uint8Array; outer: Uint8Array } {
  const block = new Uint8Array(BLOCK_BYTES)
  block.set(key.length > BLOCK_BYTES ? hash(key) : key)
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) }
}

/** The bytes that lower-case hex stands for. */
export function bytesOfHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}
