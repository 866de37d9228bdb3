import type { Expiring } from "../identity/provider.ts"

/** Spans since receipt, milliseconds. */
export interface Lifetime {
  /** From here on the value is renewed behind the back of those who still get it. */
  readonly softMs: number
  /** From here on callers wait for the renewal. */
  readonly hardMs: number
  /** The end. Between `hardMs` and it the value is given out only when the renewal fails. */
  readonly endMs: number
}

export interface LifetimeOptions {
  readonly refreshAheadMs: number | undefined
  readonly expiryMarginMs: number | undefined
  /** From 0 up to 1. */
  readonly random: () => number
}

/**
 * How long a value is believed that is past its end when it arrives. One of the two clocks is wrong then, or the issuer
 * repeats itself during an outage: asking again for each request would only make it worse, and a server that refuses the
 * value makes a renewal anyway.
 */
const BELIEVED_MS = 60_000

const SOFT_SHARE = 0.9
const SOFT_SPREAD = 0.05
const MARGIN_SHARE = 0.02
const MARGIN_MS = 10_000

/**
 * Plans the life of a value that has just arrived.
 *
 * @param now what the local wall clock shows, epoch ms
 * @param issuerNow what the issuer's clock shows, where the provider told it
 * @param againMs how soon the provider wants to be asked again, whatever the lifetime
 */
export function lifetimeOf(
  value: Expiring,
  now: number,
  issuerNow: number | undefined,
  againMs: number,
  options: LifetimeOptions,
): Lifetime {
  const lifetime = planLifetime(remainingMs(value, now, issuerNow), options)
  return { ...lifetime, softMs: Math.min(lifetime.softMs, againMs) }
}

/**
 * Soft expiry: drawn between 90 % and 95 % of the lifetime, 45 to 90 s ahead for a key of 15 minutes and 72 to 144 minutes
 * for a token of 24 hours; or exactly `refreshAheadMs` before the end, but not before half of the lifetime. Hard expiry:
 * 10 s or 2 % before the end, what is less; or `expiryMarginMs`, up to half of the lifetime.
 */
export function planLifetime(endMs: number, { refreshAheadMs, expiryMarginMs, random }: LifetimeOptions): Lifetime {
  if (endMs === Number.POSITIVE_INFINITY) return { softMs: endMs, hardMs: endMs, endMs }
  const marginMs =
    expiryMarginMs === undefined ? Math.min(MARGIN_MS, endMs * MARGIN_SHARE) : Math.min(expiryMarginMs, endMs / 2)
  const hardMs = Math.floor(endMs - marginMs)
  const softMs =
    refreshAheadMs === undefined
      ? endMs * (SOFT_SHARE + SOFT_SPREAD * random())
      : Math.max(endMs - refreshAheadMs, endMs / 2)
  return { softMs: Math.min(Math.floor(softMs), hardMs), hardMs, endMs: Math.floor(endMs) }
}

/**
 * The life of a value that another process received `ageMs` ago, and planned. A store drops what is over, so one that looks
 * over was read by a clock that is ahead of the other's, and is believed for a while.
 */
export function agedLifetime(
  { softMs, endMs }: Pick<Lifetime, "softMs" | "endMs">,
  ageMs: number,
  options: LifetimeOptions,
): Lifetime {
  if (ageMs >= endMs) return planLifetime(Math.min(BELIEVED_MS, endMs), options)
  const own = planLifetime(endMs, options)
  const plannedSoftMs = options.refreshAheadMs === undefined ? Math.min(softMs, own.hardMs) : own.softMs
  return { softMs: plannedSoftMs - ageMs, hardMs: own.hardMs - ageMs, endMs: own.endMs - ageMs }
}

/**
 * The issuer's clock decides, where it is known. Else the span between issue and expiry is an upper bound, and what the
 * local clock says a second one; what arrives expired by the local clock is taken for brand-new when it says its age
 * itself, since then that clock is what is wrong.
 */
function remainingMs({ expiresAt, issuedAt }: Expiring, now: number, issuerNow: number | undefined): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY
  if (issuerNow !== undefined) return expiresAt > issuerNow ? expiresAt - issuerNow : BELIEVED_MS
  const byLocalClock = expiresAt - now
  const whole = issuedAt === undefined || issuedAt >= expiresAt ? undefined : expiresAt - issuedAt
  if (byLocalClock > 0) return whole === undefined ? byLocalClock : Math.min(byLocalClock, whole)
  return whole ?? BELIEVED_MS
}
