import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { reportFigures } from "@countersign/testkit"
import { expect, it } from "vitest"

const SOURCES = new URL("../../../packages/testkit/src/from-sources.mjs", import.meta.url).href
const MAIN = fileURLToPath(new URL("../src/main.ts", import.meta.url))

it("300 fleets under faults keep their promises", { timeout: 600_000 }, async () => {
  const given = ["--no-warnings", "--import", SOURCES, MAIN, "--seeds", "300"]
  // A broken promise makes the program fail, and the error has its output.
  const { stdout } = await promisify(execFile)(process.execPath, given)
  const [, fleets, seconds] = /^(\d+ of \d+) fleets broke a promise.*?(\d+) s of processor time/ms.exec(stdout) ?? []
  expect(fleets).toBe("0 of 300")
  reportFigures({ "s of processor time": Number(seconds) })
})
