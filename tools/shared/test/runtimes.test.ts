import { expect, it } from "vitest"
import { nodeRuntime, runtimeVersion } from "../src/runtimes.ts"

it("the running Node is not downloaded", async () => {
  expect(await nodeRuntime(Number.parseInt(process.versions.node, 10))).toBe(process.execPath)
})

it("a runtime reports its version", async () => {
  expect(await runtimeVersion(process.execPath)).toBe(process.versions.node)
})
