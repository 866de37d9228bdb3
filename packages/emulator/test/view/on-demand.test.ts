import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const run = promisify(execFile)
const PACKAGE = fileURLToPath(new URL("../../", import.meta.url))

/** Starts the built emulator. Returns the loaded files of its view and of the view's dependencies. */
async function loadedOfView(options: object): Promise<string[]> {
  const program = `
    const { startEmulator } = require(${JSON.stringify(PACKAGE)})
    startEmulator(${JSON.stringify(options)}).then(async (emulator) => {
      const files = Object.keys(require.cache).filter((file) => /\\bview\\.js$|[/\\\\](?:cors|streaming|explain)\\b/.test(file))
      console.log(JSON.stringify(files.map((file) => file.split(/[/\\\\]/).at(-1))))
      await emulator.close()
    })`
  return JSON.parse((await run(process.execPath, ["-e", program])).stdout)
}

it("is loaded only on demand", async () => {
  expect(await loadedOfView({})).toEqual([])
  expect(await loadedOfView({ ui: true })).toContain("create-view.js")
})
