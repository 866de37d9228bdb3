import type { Runtime } from "./runtimes.ts"

/** One measured figure. */
export interface Row {
  /** A stable name, to compare runs. */
  readonly id: string
  readonly what: string
  /** The base of the ratio, or the counted quantity. */
  readonly against: string
  readonly value: number
  /** The range of the middle half of the rounds. */
  readonly spread?: readonly [number, number] | undefined
  readonly unit: "x" | "bytes" | "kB" | "MB" | "ms" | "µs" | "calls"
  readonly target?: Target | undefined
  /** The target is reached if a quarter of the rounds reach it: the rest of their spread is noise. */
  readonly isMetByQuartile?: boolean | undefined
  /** A further figure, such as the time. */
  readonly detail?: string | undefined
  /** Depends more on the machine's load than on the code, so it is not compared with the published figure. */
  readonly isUnsteady?: boolean | undefined
  /** An explanation for the reader when the target is missed. */
  readonly remark?: string | undefined
}

type Target = { readonly atMost: number } | { readonly atLeast: number }

/** One line of a chart: the cost at growing sizes. */
export interface Curve {
  readonly name: string
  /** Size and nanoseconds. */
  readonly points: readonly (readonly [number, number])[]
}

export interface Chart {
  /** A stable name, also of its file. */
  readonly id: string
  readonly title: string
  /** The quantity of the horizontal axis. */
  readonly sizes: string
  /** The quantity of the vertical axis. */
  readonly cost: string
  readonly curves: readonly Curve[]
}

/** The results of one part of the bench. */
export interface Findings {
  readonly rows: readonly Row[]
  readonly charts?: readonly Chart[] | undefined
}

/** The conditions of a measurement. */
export interface Effort {
  /** Shorter, for CI. */
  readonly quick: boolean
  /** The Node that runs the server, for every measured runtime. */
  readonly node: string
  /** The runtime that measures, for parts that start more processes. */
  readonly runtime: Runtime
}

export type Part = (effort: Effort) => Promise<Findings>

/** Whether another run may decide otherwise. */
export function isInDoubt({ target, spread }: Pick<Row, "target" | "spread">): boolean {
  if (target === undefined || spread === undefined) return false
  const limit = "atMost" in target ? target.atMost : target.atLeast
  return spread[0] <= limit && limit <= spread[1]
}

/** Whether the row reaches its target. */
export function meets({ value, spread, target, isMetByQuartile }: Row): boolean | undefined {
  if (target === undefined) return undefined
  const [low, high] = isMetByQuartile && spread !== undefined ? spread : [value, value]
  return "atMost" in target ? low <= target.atMost : high >= target.atLeast
}
