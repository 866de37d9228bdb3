import { spawnSync } from "node:child_process"

/**
 * Whether this machine has a program, by `program --version`. If not, prints one line, and the tests that need it must be
 * skipped. In CI a missing program is an error.
 *
 * @param aptPackage Debian's package of it
 */
export function hasSystemTool(program: string, aptPackage = program): boolean {
  if (spawnSync(program, ["--version"]).status === 0) return true
  if (process.env.COUNTERSIGN_REQUIRE_SYSTEM_TOOLS === "1")
    throw new Error(`${program} is missing: apt-get install ${aptPackage}`)
  process.stderr.write(`Tests with ${program} are skipped: apt-get install ${aptPackage} to run them.\n`)
  return false
}
