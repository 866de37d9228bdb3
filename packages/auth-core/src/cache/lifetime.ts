import type { Expiring } from "../identity/provider.ts"

/** Spans since receipt, milliseconds. */
export interface Lifetime {
  /** From here on the value is renewed in the background, while callers still get it. */
  readonly softMs: number
  /** From here on callers wait for the renewal. */
  readonly hardMs: number
  /** The end. Between `hardMs` and the end the value is used only if renewal fails. */
  readonly endMs: number
}

export interface LifetimeOptions {
  readonly refreshAheadMs: number | undefined
  readonly expiryMarginMs: number | undefined
  /** From 0 up to 1. */
  readonly random: () => number
}

/**
 * The lifetime of a value that has already ended when it arrives. Either one of the clocks is wrong, or the issuer
 * repeats old answers during an outage. Asking again for each request would only make that worse, and a server that
 * refuses the value causes a renewal anyway.
 */
const BELIEVED_MS = 60_000

const SOFT_SHARE = 0.9
const SOFT_SPREAD = 0.05
const MARGIN_SHARE = 0.02
const MARGIN_MS = 10_000

/**
 * Plans the lifetime of a value that has just arrived.
 *
 * @param now the time of the local wall clock, epoch ms
 * @param issuerNow the time of the issuer's clock, where the provider reported it
 * @param againMs how soon the provider wants the next call, whatever the lifetime
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
 * Soft expiry: a random point between 90 % and 95 % of the lifetime, which is 45 to 90 s ahead for a key of 15 minutes
 * and 72 to 144 minutes for a token of 24 hours; or exactly `refreshAheadMs` before the end, but not before half of the
 * lifetime. Hard expiry: 10 s or 2 % before the end, whichever is less; or `expiryMarginMs`, up to half of the
 * lifetime.
 */
function planLifetime(endMs: number, { refreshAheadMs, expiryMarginMs, random }: LifetimeOptions): Lifetime {
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
 * The lifetime of a value that another process planned `ageMs` ago. Each process adds a delay of its own to the soft
 * expiry, up to half of the time until the hard expiry, so that not all of a fleet renew at once.
 */
export function agedLifetime(
  { softMs, endMs }: Pick<Lifetime, "softMs" | "endMs">,
  ageMs: number,
  options: LifetimeOptions,
): Lifetime {
  const own = planLifetime(endMs, options)
  const plannedMs = options.refreshAheadMs === undefined ? Math.min(softMs, own.hardMs) : own.softMs
  const delayMs = Math.floor((options.random() * (own.hardMs - plannedMs)) / 2)
  return { softMs: plannedMs + delayMs - ageMs, hardMs: own.hardMs - ageMs, endMs: own.endMs - ageMs }
}

/**
 * The issuer's clock decides where it is known. Otherwise the lifetime is at most the span between issue and expiry,
 * and at most the time that the local clock shows until expiry. If that clock shows a value with an issue time as
 * expired on arrival, the clock is wrong and the value counts as new.
 */
function remainingMs({ expiresAt, issuedAt }: Expiring, now: number, issuerNow: number | undefined): number {
  if (expiresAt === undefined) return Number.POSITIVE_INFINITY
  if (issuerNow !== undefined) return expiresAt > issuerNow ? expiresAt - issuerNow : BELIEVED_MS
  const byLocalClock = expiresAt - now
  const whole = issuedAt === undefined || issuedAt >= expiresAt ? undefined : expiresAt - issuedAt
  if (byLocalClock > 0) return whole === undefined ? byLocalClock : Math.min(byLocalClock, whole)
  return whole ?? BELIEVED_MS
}
