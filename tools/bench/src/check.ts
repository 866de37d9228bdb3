import { type Regression, regressions } from "./regressions.ts"
import type { MeasuredPart, Run } from "./report.ts"

/**
 * Finds figures that are twice as bad as published in two measurements of their part. One bad measurement may come from a
 * busy machine.
 */
export async function check(
  published: Pick<Run, "parts">,
  measured: readonly MeasuredPart[],
  measureAgain: (parts: readonly string[]) => Promise<readonly MeasuredPart[]>,
): Promise<Regression[]> {
  const once = regressions(published, measured)
  if (once.length === 0) return []
  const again = regressions(published, await measureAgain([...new Set(once.map(({ part }) => part))]))
  return again.filter(({ id }) => once.some((first) => first.id === id))
}
