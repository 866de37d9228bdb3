import { bunRuntime, denoRuntime } from "@countersign/tools-shared/runtimes"

export type RuntimeName = "node" | "bun" | "deno"

/** A program that runs the parts. */
export interface Runtime {
  readonly binary: string
  /** Arguments before the file. */
  readonly before: readonly string[]
}

export const runtimes: Readonly<Record<RuntimeName, () => Promise<Runtime>>> = {
  node: async () => ({ binary: process.execPath, before: ["--expose-gc"] }),
  bun: async () => ({ binary: await bunRuntime(), before: ["run"] }),
  deno: async () => ({
    binary: await denoRuntime(),
    // Our packages lie outside node_modules here. There Deno takes CommonJS only if it is told to look for it.
    before: [
      ...["run", "-A", "--quiet", "--no-config", "--node-modules-dir=manual", "--unstable-detect-cjs"],
      "--v8-flags=--expose-gc",
    ],
  }),
}
