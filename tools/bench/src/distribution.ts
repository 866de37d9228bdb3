import type { Samples } from "./rounds.ts"

/** A median, and the range of the middle half. */
export interface Distribution {
  readonly value: number
  readonly spread: readonly [number, number]
}

/** The distribution of the ratios of each round. A slow round slows both sides. */
export function ratio<Name extends string>(samples: Samples<Name>, of: Name, to: Name): Distribution {
  return distribution(samples[of].map((sample, round) => sample / (samples[to][round] ?? Number.NaN)))
}

/** The distribution of the differences of each round. */
export function difference<Name extends string>(samples: Samples<Name>, of: Name, to: Name): Distribution {
  return distribution(samples[of].map((sample, round) => sample - (samples[to][round] ?? Number.NaN)))
}

export function distribution(values: readonly number[]): Distribution {
  return { value: quantile(values, 0.5), spread: [quantile(values, 0.25), quantile(values, 0.75)] }
}

/** How many times the rounds are drawn anew. */
const DRAWS = 200

/**
 * The distribution of a figure that no single round can give, such as a ratio of two differences: the middle half of what
 * as many rounds, drawn at random from these, would show.
 *
 * @param figure of the rounds with these numbers
 */
export function resampled(rounds: number, figure: (drawn: readonly number[]) => number): Distribution {
  const all = Array.from({ length: rounds }, (_, round) => round)
  const draws = Array.from({ length: DRAWS }, () => figure(all.map(() => Math.floor(Math.random() * rounds))))
  return { ...distribution(draws), value: figure(all) }
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5)
}

/** The value below which this share of the values lies, interpolated. */
function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b)
  const place = (sorted.length - 1) * share
  const [below = Number.NaN, above = Number.NaN] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place - Math.floor(place))
}
