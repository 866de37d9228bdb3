import { fileURLToPath } from "node:url"
import { build } from "esbuild"

export type Target = "process" | "worker" | "page"

/** One file with everything in it, as a bundler of the target's kind resolves the packages. */
export async function bundle(target: Target): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`entries/${target}.ts`, import.meta.url))],
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
    target: "es2022",
    ...(target === "process"
      ? {
          platform: "node",
          banner: {
            js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
          },
        }
      : { platform: "browser", conditions: target === "worker" ? ["workerd", "worker", "browser"] : ["browser"] }),
  })
  const [output] = outputFiles
  if (output === undefined) throw new Error(`esbuild gave nothing for ${target}.`)
  return output.text
}
