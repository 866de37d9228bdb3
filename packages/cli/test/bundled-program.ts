import { rm } from "node:fs/promises"
import { fileURLToPath } from "node:url"
import { rolldown } from "rolldown"
import { viteAliasPlugin } from "rolldown/experimental"
import { shared } from "../../../vitest.shared.ts"

/** As deep as src, since the program looks for its package.json. */
export const PROGRAM_FOLDER = fileURLToPath(new URL("../.program/", import.meta.url))

/** Makes one file of the sources, once for all tests: each of hundreds of processes would read them one by one. */
export default async function setup(): Promise<() => Promise<void>> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL("../src/main.ts", import.meta.url)),
    platform: "node",
    // The emulator finds the files of its view from its own place.
    external: /^(?:node:|[a-z]|@(?!countersign\/)|@countersign\/emulator$)/,
    plugins: [viteAliasPlugin({ entries: shared.resolve?.alias as { find: string; replacement: string }[] })],
    checks: { ineffectiveDynamicImport: false },
    // package.json names the built files that have side effects, not their sources.
    treeshake: false,
  })
  await bundle.write({ dir: PROGRAM_FOLDER })
  return () => rm(PROGRAM_FOLDER, { recursive: true, force: true })
}
