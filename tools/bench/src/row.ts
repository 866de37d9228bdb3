import type { Runtime } from "./runtimes.ts"

/** One measured figure. */
export interface Row {
  /** Stable, for comparing runs. */
  readonly id: string
  readonly what: string
  /** Of what it is a multiple, or what was counted. */
  readonly against: string
  readonly value: number
  /** Between which values the middle half of the rounds lies. */
  readonly spread?: readonly [number, number] | undefined
  readonly unit: "x" | "bytes" | "kB" | "MB" | "ms" | "calls"
  readonly target?: Target | undefined
  /** How long it took, or the like. */
  readonly detail?: string | undefined
  /** Depends on what else the machine does more than on the code, and is not compared with what was published. */
  readonly isUnsteady?: boolean | undefined
  /** An explanation for the reader when the target is missed. */
  readonly remark?: string | undefined
}

type Target = { readonly atMost: number } | { readonly atLeast: number }

/** One line of a chart: cost at growing sizes. */
export interface Curve {
  readonly name: string
  /** Size and nanoseconds. */
  readonly points: readonly (readonly [number, number])[]
}

export interface Chart {
  /** Stable, the name of its file. */
  readonly id: string
  readonly title: string
  /** The quantity from left to right. */
  readonly sizes: string
  /** The quantity from bottom to top. */
  readonly cost: string
  readonly curves: readonly Curve[]
}

/** The results of one part of the bench. */
export interface Findings {
  readonly rows: readonly Row[]
  readonly charts?: readonly Chart[] | undefined
}

/** Under which conditions a part is to measure. */
export interface Effort {
  /** Shorter, for CI. */
  readonly quick: boolean
  /** The Node that serves, whatever runtime measures. */
  readonly node: string
  /** The runtime that measures, for parts that start more processes. */
  readonly runtime: Runtime
}

export type Part = (effort: Effort) => Promise<Findings>

export function meets({ value, target }: Row): boolean | undefined {
  if (target === undefined) return undefined
  return "atMost" in target ? value <= target.atMost : value >= target.atLeast
}
