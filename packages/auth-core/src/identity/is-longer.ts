/** Whether text, as UTF-8, or bytes are longer than so many bytes. */
export function isLonger(body: string | Uint8Array, limit: number): boolean {
  if (typeof body !== "string" || body.length > limit) return body.length > limit
  // A UTF-16 unit takes three bytes at the most, so most texts need no count.
  return body.length * 3 > limit && new TextEncoder().encode(body).length > limit
}
