import { afterEach, describe, expect, it, vi } from "vitest"
import { hasSystemTool } from "../src/index.ts"

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe("hasSystemTool", () => {
  it("finds a program of the machine", () => {
    expect(hasSystemTool("node")).toBe(true)
  })

  it("says in one line what to install for a missing one", () => {
    vi.stubEnv("COUNTERSIGN_REQUIRE_SYSTEM_TOOLS", undefined)
    const write = vi.spyOn(process.stderr, "write").mockReturnValue(true)
    expect(hasSystemTool("no-such-program", "some-package")).toBe(false)
    expect(write.mock.calls).toEqual([[expect.stringMatching(/^.*no-such-program.*apt-get install some-package.*\n$/)]])
  })

  it("fails for a missing one if tools are required", () => {
    vi.stubEnv("COUNTERSIGN_REQUIRE_SYSTEM_TOOLS", "1")
    expect(() => hasSystemTool("no-such-program")).toThrow("apt-get install no-such-program")
  })
})
