import { median, ratio } from "./distribution.ts"
import { time } from "./figures.ts"
import type { Samples } from "./rounds.ts"
import type { Row } from "./row.ts"

/** The texts of a row. */
export type Words = Pick<Row, "id" | "what" | "against"> &
  Partial<Pick<Row, "target" | "isMetByQuartile" | "remark" | "detail" | "isUnsteady">>

/** Makes rows of cases that were measured side by side: the ratio of two, with the time of the first. */
export function comparing<Name extends string>(samples: Samples<Name>) {
  return (of: Name, to: Name, words: Words): Row => ({
    detail: time(median(samples[of])),
    ...words,
    ...ratio(samples, of, to),
    unit: "x",
  })
}
