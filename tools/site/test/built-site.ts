import { join } from "node:path"
import { run } from "@countersign/tools-shared/run"

/** Builds the site once for all test files. Vitest's own variables would make it a development build. */
export default async function setup(): Promise<void> {
  const folder = join(import.meta.dirname, "..")
  await run(process.execPath, ["src/main.ts"], folder, { NODE_ENV: "production", VITEST: "" })
}
