import { fileURLToPath } from "node:url"
import { build } from "esbuild"
import type { ProgramName } from "./columns.ts"

export type Target = "process" | "worker" | "page"

/** In the programs of old releases each of these replaces its client, also in the adapter and in plugins. */
const OLDEST = { axios: "axios-1.7", got: "got-14", ky: "ky-1.7", undici: "undici-7" }

/** Bundles everything into one file, with the packages resolved as for the target. */
export async function bundle(target: Target, program: ProgramName | "renewals"): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`entries/${entryOf(target, program)}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
    target: "es2022",
    alias: program === "oldest" || program === "undici 7.10" ? OLDEST : {},
    ...(target === "process" && program !== "portable"
      ? {
          platform: "node",
          banner: {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
          },
        }
      : {
          platform: "browser",
          external: ["cloudflare:workers"],
          conditions: target === "worker" ? ["workerd", "worker", "browser"] : ["browser"],
        }),
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error(`esbuild gave nothing for ${target}, ${program}.`)
  return output.text
}

function entryOf(target: Target, program: ProgramName | "renewals"): string {
  if (program === "portable" || program === "renewals") return program
  return program.startsWith("undici") ? "undici" : target
}
