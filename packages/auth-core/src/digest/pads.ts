/** Both hashes work on blocks of so many bytes. */
export const BLOCK_BYTES = 64

/** The key of an HMAC, stretched to a block and mixed with the inner and outer constants (RFC 2104, section 2). */
export function hmacPads(
  key: Uint8Array,
  hash: (bytes: Uint8Array) => Uint8Array,
): { inner: Uint8Array; outer: Uint8Array } {
  const inner = new Uint8Array(BLOCK_BYTES).fill(0x36)
  const outer = new Uint8Array(BLOCK_BYTES).fill(0x5c)
  const short = key.length > BLOCK_BYTES ? hash(key) : key
  short.forEach((byte, index) => {
    inner[index] = byte ^ 0x36
    outer[index] = byte ^ 0x5c
  })
  return { inner, outer }
}
