/** The largest body that AK/SK can sign: 12 MB, that is 12 * 1024 * 1024 bytes. */
export const MAX_SIGNED_BODY_BYTES = 12 * 1024 * 1024

/** Whether text, as UTF-8, or bytes are longer than `limit` bytes. */
export function isBodyLonger(body: string | Uint8Array, limit: number): boolean {
  // A UTF-16 unit takes at most three bytes, so most texts need no count.
  const isUncertain = typeof body === "string" && body.length <= limit && body.length * 3 > limit
  return (isUncertain ? new TextEncoder().encode(body) : body).length > limit
}
