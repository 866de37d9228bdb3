import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { describe, expect, it } from "vitest"

const packages = new URL("../../", import.meta.url)
const hooks = new URL("../src/from-sources.mjs", import.meta.url)

/** The entries of a package, as programs name them. */
function entriesOf(name: string): string[] {
  const manifest: { exports: Record<string, unknown> } = JSON.parse(
    readFileSync(new URL(`${name}/package.json`, packages), "utf8"),
  )
  return Object.keys(manifest.exports)
    .filter((entry) => entry !== "./package.json")
    .map((entry) => `@countersign/${name}${entry.slice(1)}`)
}

describe("from-sources", () => {
  // A clone that was never built has no other file to run on.
  it("leads every entry of auth-core to its source", () => {
    const entries = entriesOf("auth-core")
    const program = `for (const entry of ${JSON.stringify(entries)}) console.log(import.meta.resolve(entry))`
    const { stdout, stderr } = spawnSync(
      process.execPath,
      ["--import", hooks.href, "--input-type=module", "--eval", program],
      { cwd: new URL("auth-core/", packages), encoding: "utf8" },
    )
    expect(stderr).toBe("")
    expect(entries).toContain("@countersign/auth-core/p256")
    expect(stdout.trim().split("\n")).toEqual(
      entries.map((entry) => {
        const file = entry.split("/")[2] ?? "index"
        return new URL(`auth-core/src/${file}.ts`, packages).href
      }),
    )
  })
})
