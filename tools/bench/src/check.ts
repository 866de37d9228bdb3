import { type Regression, regressions } from "./regressions.ts"
import type { MeasuredPart, Run } from "./report.ts"

/**
 * Finds figures that are twice as bad as published, and are so again when their part is measured a second time: a machine
 * that was busy for a moment is no defect.
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
