import { median } from "./distribution.ts"
import type { Samples } from "./rounds.ts"
import type { Curve } from "./row.ts"

/** The name of the case that measures a curve at a size. */
export function at(name: string, size: number): string {
  return `${name} ${size}`
}

/** Draws curves through the medians of the cases that {@link at} names. */
export function curves(samples: Samples<string>, names: readonly string[], sizes: readonly number[]): Curve[] {
  return names.map((name) => ({
    name,
    points: sizes.map((size) => [size, median(samples[at(name, size)] ?? [])] as const),
  }))
}
