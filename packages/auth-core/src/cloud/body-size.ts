/** The largest body that AK/SK can sign: 12 MB, that is 12 * 1024 * 1024 bytes. */
export const MAX_SIGNED_BODY_BYTES = 12 * 1024 * 1024

/** Whether text, as UTF-8, or bytes are longer than `limit` bytes. */
export function isBodyLonger(body: string | Uint8Array, limit: number): boolean {
  if (typeof body !== "string" || body.length > limit) return body.length > limit
  // A UTF-16 unit takes at most three bytes, so most texts need no count.
  return body.length * 3 > limit && new TextEncoder().encode(body).length > limit
}
