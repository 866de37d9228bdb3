/**
 * Reads Retry-After: seconds, or an HTTP date, which is compared with the server's own clock where that is known.
 *
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000
  // Date.parse takes more than dates.
  const at = /^[A-Z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - now)
}
