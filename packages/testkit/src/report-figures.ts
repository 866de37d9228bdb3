import { type RunnerTestCase, TestRunner } from "vitest"

/** The measurements of a test, by name. */
export type Figures = Readonly<Record<string, string | number>>

declare module "vitest" {
  interface TaskMeta {
    figures?: Figures
  }
}

/** Adds figures to the report of the running test. The sum of all test runs prints them. */
export function reportFigures(figures: Figures): void {
  const { meta } = TestRunner.getCurrentTest<RunnerTestCase>()
  meta.figures = { ...meta.figures, ...figures }
}
