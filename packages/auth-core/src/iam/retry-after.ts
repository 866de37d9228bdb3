/** Who names a longer time means an outage, or does not count right: a wait without end would outlast it. */
const LONGEST_MS = 60 * 60_000

/**
 * Reads Retry-After: seconds, or an HTTP date, which is compared with the server's own clock where that is known. More than
 * an hour counts as an hour.
 *
 * @see RFC 9110, section 10.2.3
 */
export function retryAfterMs(value: string | null, now: number): number | undefined {
  if (value === null) return undefined
  if (/^\d+$/.test(value.trim())) return Math.min(Number(value) * 1000, LONGEST_MS)
  // Date.parse takes more than dates.
  const at = /^[A-Z]/i.test(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.min(Math.max(0, at - now), LONGEST_MS)
}
