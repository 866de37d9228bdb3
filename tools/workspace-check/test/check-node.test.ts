import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const checkNode = join(import.meta.dirname, "../../check-node.cjs")

/** Runs the check as if this Node were of another version. */
function checkOn(version: string) {
  const pretend = `Object.defineProperty(process, "versions", { value: { node: "${version}" } }); require(${JSON.stringify(checkNode)})`
  const { status, stdout, stderr } = spawnSync(process.execPath, ["-e", pretend], { encoding: "utf8" })
  return { status, output: stdout + stderr }
}

describe("check-node", () => {
  it.each(["18.20.0", "20.20.2", "22.17.1"])("stops on Node %s with one line that says what to do", (version) => {
    const { status, output } = checkOn(version)
    expect(status).toBe(1)
    expect(output).toMatch(new RegExp(`^Countersign .*v${version.replaceAll(".", "\\.")}.* npm ci.*\\n$`))
  })

  it.each(["22.18.0", "24.0.0", "26.1.0"])("lets Node %s pass without a word", (version) => {
    expect(checkOn(version)).toEqual({ status: 0, output: "" })
  })
})
