import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")
const security = readFileSync(join(workspace, "SECURITY.md"), "utf8")

/** Each promise of the tables under "What is promised", and its test. */
const promises = [...(security.split(/^## /m)[3] ?? "").matchAll(/^\| (?!promise|---)(.+) \| (.+) \|$/gm)].map(
  ([, promise = "", tests = ""]): [string, string] => [promise, tests],
)

describe("SECURITY.md", () => {
  it("holds promises for the tests below", () => {
    expect(promises.length).toBeGreaterThan(30)
  })

  it("names the adapter contract by a path that exists", () => {
    expect(security).toContain("`packages/testkit/src/describe-adapter.ts`")
    expect(existsSync(join(workspace, "packages/testkit/src/describe-adapter.ts"))).toBe(true)
  })

  it.each(promises)("names test files that exist for: %s", (_, tests) => {
    const paths = [...tests.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path)
    expect(paths).not.toEqual([])
    expect(paths.filter((path) => !path.endsWith(".test.ts") || !existsSync(join(workspace, path)))).toEqual([])
  })
})
