import { timesWorse } from "@countersign/tools-shared/times-worse"
import { ABSENT, MARKS, type RuntimeSummary, type Summary } from "./summary.ts"

/** The factor by which a bundle may exceed the published size. */
const SIZE_TOLERANCE = 1.02

/** Verdicts, the better ones first. */
const ORDER = [MARKS.ok, MARKS.declined, MARKS.failed] as readonly string[]

/** Lists the results that are worse than published; empty if there are none. */
export function regressions(published: Summary, now: Summary): string[] {
  const runtimes = Object.entries(now.runtimes).flatMap(([name, runtime]) => {
    const before = published.runtimes[name]
    return before === undefined ? [] : worseCells(name, before, runtime)
  })
  const sizes = now.sizes.flatMap(({ what, gzipped }) => {
    const before = published.sizes.find((size) => size.what === what)?.gzipped ?? gzipped
    return timesWorse(before, gzipped, "less") > SIZE_TOLERANCE
      ? [`"${what}" takes ${gzipped} bytes in place of ${before}`]
      : []
  })
  return [...runtimes, ...sizes]
}

function worseCells(name: string, before: RuntimeSummary, now: RuntimeSummary): string[] {
  const worse =
    timesWorse(before.vectors, now.vectors, "more") > 1
      ? [`${name}: ${now.vectors} vectors in place of ${before.vectors}`]
      : []
  if (now.renewals !== undefined && now.renewals.right < now.renewals.of) {
    worse.push(`${name}: ${now.renewals.right} of ${now.renewals.of} requests got a token across renewals`)
  }
  for (const [column, bodies] of Object.entries(now.cells)) {
    for (const [body, marks] of Object.entries(bodies)) {
      const old = before.cells[column]?.[body] ?? marks
      const count = [...marks].filter((mark, index) => isWorse(mark, old[index] ?? mark)).length
      if (count > 0) worse.push(`${name}, ${column}, ${body}: ${count} worse: ${marks} in place of ${old}`)
    }
  }
  return worse
}

function isWorse(mark: string, before: string): boolean {
  // A missing cell is reported, and a new cell must be right.
  if (mark === ABSENT) return before !== ABSENT
  if (before === ABSENT) return mark === MARKS.failed
  return ORDER.indexOf(mark) > ORDER.indexOf(before)
}
