import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

export type RuntimeName = "node" | "bun" | "deno"

/** A program that runs the parts. */
export interface Runtime {
  readonly binary: string
  /** Arguments before the file. */
  readonly before: readonly string[]
}

export const runtimes: Readonly<Record<RuntimeName, () => Promise<Runtime>>> = {
  node: async () => ({ binary: process.execPath, before: ["--expose-gc"] }),
  bun: async () => ({ binary: await bunBinary(), before: ["run"] }),
  deno: async () => ({
    binary: await denoBinary(),
    before: ["run", "-A", "--quiet", "--no-config", "--node-modules-dir=manual", "--v8-flags=--expose-gc"],
  }),
}

export async function versionOf({ binary }: Runtime): Promise<string> {
  const { stdout } = await run(binary, ["--version"])
  return /\d+\.\d+\.\d+/.exec(stdout)?.[0] ?? stdout.trim()
}

async function bunBinary(): Promise<string> {
  const name = `bun-${process.platform}-${process.arch === "arm64" ? "aarch64" : "x64"}`
  return join(await installed("bun", { [`@oven/${name}`]: "^1.4.0" }), "@oven", name, "bin", "bun")
}

async function denoBinary(): Promise<string> {
  const name = `${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`
  return join(await installed("deno", { [`@deno/${name}`]: "^2.9.0" }), "@deno", name, "deno")
}

/** Installs packages, with their binaries, into a folder that later runs find again. Gives its node_modules. */
async function installed(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(tmpdir(), "countersign-runtimes", name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, dependencies, allowScripts: {} }))
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    shell: process.platform === "win32",
  })
  return join(folder, "node_modules")
}
