import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"

/** The members of Vitest's JSON report that the tools read. */
interface TestReport {
  numPassedTests: number
  numFailedTests: number
  numPendingTests: number
  numTodoTests: number
  testResults: { status: string; assertionResults: TestResult[] }[]
}

interface TestResult {
  fullName: string
  meta: { figures?: Record<string, string | number> }
}

// The figures that tests report, and one line for all packages, from the report that each left at its last run.
const workspace = join(import.meta.dirname, "../../..")
const reports = findFiles(workspace, "{packages,tools,examples}/*/test-results.json").map(
  (path): TestReport => JSON.parse(readFileSync(join(workspace, path), "utf8")),
)
const sum = (count: (report: TestReport) => number) => reports.map(count).reduce((one, other) => one + other, 0)
const passed = sum(({ numPassedTests }) => numPassedTests)
const failed = sum(({ numFailedTests, testResults }) => numFailedTests + testResults.filter(failedToLoad).length)
const skipped = sum(({ numPendingTests, numTodoTests }) => numPendingTests + numTodoTests)
const files = reports.flatMap(({ testResults }) => testResults)
for (const { fullName, meta } of files.flatMap(({ assertionResults }) => assertionResults)) {
  const figures = Object.entries(meta.figures ?? {}).map(([name, value]) => `${name} ${value}`)
  if (figures.length > 0) console.log(`${fullName}: ${figures.join(", ")}`)
}
console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`)

/** A file that does not get as far as its first test counts as one failure. */
function failedToLoad({ status, assertionResults }: TestReport["testResults"][number]): boolean {
  return status === "failed" && assertionResults.length === 0
}
