/** One measured figure. */
export interface Row {
  /** Stable, for comparing runs. */
  readonly id: string
  readonly what: string
  /** Of what it is a multiple, or what was counted. */
  readonly against: string
  readonly value: number
  readonly unit: "x" | "bytes" | "ms" | "MB" | "calls"
  readonly target?: Target | undefined
  /** How long it took, or the like. */
  readonly detail?: string | undefined
}

export type Target = { readonly atMost: number } | { readonly atLeast: number }

/** One curve: cost at growing sizes. */
export interface Curve {
  readonly name: string
  /** Size and nanoseconds. */
  readonly points: readonly (readonly [number, number])[]
}

/** What one part of the bench found. */
export interface Findings {
  readonly rows: readonly Row[]
  readonly curves?: Readonly<Record<string, readonly Curve[]>> | undefined
}

/** How long the parts may take. */
export interface Effort {
  /** Shorter, for CI. */
  readonly quick: boolean
}

export type Part = (effort: Effort) => Promise<Findings>

export function meets({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast
}

export function time(nanoseconds: number): string {
  if (nanoseconds < 1_000) return `${nanoseconds.toFixed(0)} ns`
  if (nanoseconds < 1_000_000) return `${(nanoseconds / 1_000).toFixed(2)} µs`
  return `${(nanoseconds / 1_000_000).toFixed(2)} ms`
}
