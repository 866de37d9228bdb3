import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { agedLifetime, type LifetimeOptions, lifetimeOf } from "../../src/cache/lifetime.ts"

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const NOW = Date.UTC(2026, 0, 1)

const options = (random = 0.5) => ({ refreshAheadMs: undefined, expiryMarginMs: undefined, random: () => random })
const lifetime = (value: { issuedAt?: number; expiresAt?: number }, issuerNow?: number) =>
  lifetimeOf(value, NOW, issuerNow, Number.POSITIVE_INFINITY, options())
/** The lifetime of a value that ends so long after its receipt. */
const planned = (endMs: number, chosen: LifetimeOptions) =>
  lifetimeOf({ expiresAt: NOW + endMs }, NOW, NOW, Number.POSITIVE_INFINITY, chosen)

describe("the plan of a lifetime", () => {
  it.each([
    ["15 minutes", 15 * MINUTE, [45, 90], 10],
    ["24 hours", 24 * HOUR, [72 * 60, 144 * 60], 10],
    ["10 seconds", 10 * SECOND, [0.5, 1], 0.2],
  ])(
    "of %s renews ahead by a share of the lifetime, and ends shortly before the expiry",
    (_name, endMs, [latest, earliest], margin) => {
      const early = planned(endMs, options(0))
      const late = planned(endMs, options(0.999_999))
      expect((endMs - early.softMs) / SECOND).toBeCloseTo(earliest ?? 0, 1)
      expect((endMs - late.softMs) / SECOND).toBeCloseTo(latest ?? 0, 0)
      expect((endMs - early.hardMs) / SECOND).toBeCloseTo(margin, 1)
    },
  )

  it("follows refreshAheadMs exactly, but not in the first half of the lifetime", () => {
    const plan = (endMs: number) => planned(endMs, { ...options(), refreshAheadMs: 5 * MINUTE })
    expect(plan(24 * HOUR).softMs).toBe(24 * HOUR - 5 * MINUTE)
    expect(plan(6 * MINUTE).softMs).toBe(3 * MINUTE)
  })

  it("follows expiryMarginMs, but a value is used for at least half of its lifetime", () => {
    const plan = (endMs: number) => planned(endMs, { ...options(), expiryMarginMs: MINUTE })
    expect(plan(HOUR).hardMs).toBe(59 * MINUTE)
    expect(plan(30 * SECOND).hardMs).toBe(15 * SECOND)
  })

  it("is in order for any lifetime and any options", () => {
    const span = fc.option(fc.integer({ min: 0, max: 48 * HOUR }), { nil: undefined })
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 400 * HOUR }),
        span,
        span,
        fc.double({ min: 0, max: 0.999_999, noNaN: true }),
        (end, refreshAheadMs, expiryMarginMs, random) => {
          const { softMs, hardMs, endMs } = planned(end, { refreshAheadMs, expiryMarginMs, random: () => random })
          expect(endMs).toBe(end)
          expect(hardMs).toBeLessThanOrEqual(endMs)
          expect(softMs).toBeLessThanOrEqual(hardMs)
          expect(softMs).toBeGreaterThanOrEqual(Math.floor(end / 2) - 1)
        },
      ),
    )
  })

  it("has no end for a value without an end", () => {
    expect(planned(Number.POSITIVE_INFINITY, options())).toEqual({
      softMs: Number.POSITIVE_INFINITY,
      hardMs: Number.POSITIVE_INFINITY,
      endMs: Number.POSITIVE_INFINITY,
    })
  })
})

describe("the remaining lifetime of a value on receipt", () => {
  it("is exact if the issuer's clock is known, however wrong the local clock is", () => {
    for (const skewMs of [-20 * MINUTE, 0, 20 * MINUTE, 400 * 24 * HOUR]) {
      const issuerNow = NOW + skewMs
      expect(lifetime({ expiresAt: issuerNow + 15 * MINUTE }, issuerNow).endMs).toBe(15 * MINUTE)
    }
  })

  it("is never more than the span between issue and expiry, even if the local clock is behind", () => {
    expect(lifetime({ issuedAt: NOW + 20 * MINUTE, expiresAt: NOW + 35 * MINUTE }).endMs).toBe(15 * MINUTE)
  })

  it("is that span when a local clock that is ahead calls a new value expired", () => {
    expect(lifetime({ issuedAt: NOW - 20 * MINUTE, expiresAt: NOW - 5 * MINUTE }).endMs).toBe(15 * MINUTE)
  })

  it("is shorter for a value that was issued earlier", () => {
    expect(lifetime({ issuedAt: NOW - 10 * HOUR, expiresAt: NOW + 14 * HOUR }).endMs).toBe(14 * HOUR)
  })

  it("uses the local clock if nothing else is known", () => {
    expect(lifetime({ expiresAt: NOW + 15 * MINUTE }).endMs).toBe(15 * MINUTE)
  })

  it("is a minute for a value that looks expired, so that not every request asks again", () => {
    expect(lifetime({ expiresAt: NOW - 5 * MINUTE }).endMs).toBe(MINUTE)
    expect(lifetime({ expiresAt: NOW - 1 }, NOW).endMs).toBe(MINUTE)
    expect(lifetime({ issuedAt: NOW, expiresAt: NOW - 1 }).endMs).toBe(MINUTE)
  })
})

describe("the lifetime of a value that another process received", () => {
  it("starts at that time", () => {
    const theirs = planned(HOUR, options())
    const aged = agedLifetime(theirs, 10 * MINUTE, options(0))
    expect(aged).toEqual({
      softMs: theirs.softMs - 10 * MINUTE,
      hardMs: theirs.hardMs - 10 * MINUTE,
      endMs: 50 * MINUTE,
    })
  })

  it("follows the reader's own refreshAheadMs", () => {
    const aged = agedLifetime(planned(HOUR, options()), 10 * MINUTE, {
      ...options(0),
      refreshAheadMs: 20 * MINUTE,
    })
    expect(aged.softMs).toBe(30 * MINUTE)
  })

  it("has a soft expiry that differs among processes, up to half of the time until the hard one", () => {
    const theirs = planned(HOUR, options(0))
    const { hardMs } = agedLifetime(theirs, 0, options(0))
    expect(agedLifetime(theirs, 0, options(0)).softMs).toBe(theirs.softMs)
    expect(agedLifetime(theirs, 0, options(1)).softMs).toBe(Math.floor((theirs.softMs + hardMs) / 2))
  })
})
