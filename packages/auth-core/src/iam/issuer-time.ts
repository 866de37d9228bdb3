/** The Date header and the times in a body may come from two machines; so much they may differ. */
const TOLERANCE_MS = 5 * 60_000

/**
 * What the issuer's clock shows, epoch ms: the Date header, where it falls into the life of what was issued; a server in
 * between may have another clock.
 */
export function issuerTime(
  serverTime: number | undefined,
  { issuedAt, expiresAt }: { issuedAt: number; expiresAt: number },
): number | undefined {
  if (serverTime === undefined || serverTime < issuedAt - TOLERANCE_MS || serverTime >= expiresAt) return undefined
  return Math.max(serverTime, issuedAt)
}
