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
