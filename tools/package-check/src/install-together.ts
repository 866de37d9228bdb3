import { copyFile, mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { installPackages } from "@countersign/tools-shared/install-packages"
import { run } from "@countersign/tools-shared/run"
import { denoRuntime } from "@countersign/tools-shared/runtimes"
import { type Consumer, consumersIn } from "./consumers.ts"
import type { PackedPackage } from "./pack.ts"

/** Releases of TypeScript, each with its newest library that Node 22 supports. */
export const COMPILERS = { "5.6": "es2023", "5.9": "es2024", "7": "es2024" } as const
export type Compiler = keyof typeof COMPILERS

/** The types of the runtime: those of a Node release, or those of Bun, which extend Node's. */
export const PLATFORMS = ["node-22", "node-24", "node-26", "bun"] as const
export type Platform = (typeof PLATFORMS)[number]

/** The oldest and the newest Node release with long-term support. */
export const NODE_MAJORS = [22, 24] as const

const NODE_TYPES = ["22", "24", "26"]

/**
 * Makes a project with all packed packages, all clients, each TypeScript and each runtime's types. The project is CommonJS:
 * `modules/*.mts` are the programs as ES modules, `commonjs/*.ts` are the same programs as CommonJS.
 */
export async function installTogether(packages: PackedPackage[], folder: string): Promise<void> {
  const programs = consumersIn("")
  const others = consumersIn("clients")
  const clients = [...programs, ...others].flatMap((consumer) => consumer.clients)
  const own = Object.fromEntries(packages.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`]))
  const aliases = Object.keys(COMPILERS).map((version) => [`typescript-${version}`, `npm:typescript@${version}`])
  const nodeTypes = NODE_TYPES.map((major) => [`types-node-${major}`, `npm:@types/node@${major}`])
  await installPackages(folder, {
    dependencies: {
      ...Object.fromEntries([...aliases, ...nodeTypes]),
      "@types/bun": "^1.4.0",
      "@types/express": "^5.0.0",
      jest: "^30.5.0",
      ...Object.assign({}, ...packages.map(({ manifest }) => manifest.peerDependencies)),
      ...Object.fromEntries(clients.map((client) => [client, versionOf(client, packages)])),
      ...own,
    },
    overrides: own,
  })
  for (const platform of PLATFORMS) await declareRuntime(platform, folder)
  await copyInto(join(folder, "modules"), [...programs, ...others], ".mts")
  await copyInto(join(folder, "commonjs"), programs, ".ts")
  await copyInto(join(folder, "commonjs"), consumersIn("commonjs"), "-on-demand.ts")
}

/** One run of a compiler. */
export interface Compilation {
  compiler: Compiler
  /** The name of the configuration. */
  name: string
  options: object
  files: string[]
}

/** Compiles. Returns the compiler's output, which is empty without errors. */
export async function compile(folder: string, { compiler, name, options, files }: Compilation): Promise<string> {
  const config = `tsconfig.${compiler}-${name}.json`
  const compilerOptions = { target: "es2023", strict: true, skipLibCheck: false, ...options }
  await writeFile(join(folder, config), JSON.stringify({ compilerOptions, files }))
  const tsc = join(folder, `node_modules/typescript-${compiler}/lib/tsc.js`)
  const compiling = run(process.execPath, [tsc, "--pretty", "false", "--project", config], folder)
  return compiling.catch((error: Error) => error.message)
}

/** Runs `deno check` with the installed packages. Returns its output. */
export async function denoCheck(folder: string, files: string[]): Promise<string> {
  await writeFile(join(folder, "deno.json"), JSON.stringify({ nodeModulesDir: "manual" }))
  return run(await denoRuntime(), ["check", ...files], folder, { DENO_DIR: join(folder, "deno"), NO_COLOR: "1" })
}

/** Options that declare one runtime only. */
export function typesOf(platform: Platform): object {
  return { types: [platform.replace(/-.*/, "")], typeRoots: [`./types/${platform}`] }
}

/** The version of a client that a package is tested with; `*` if there is none. */
function versionOf(client: string, packages: PackedPackage[]): string {
  const versions = packages.map(({ manifest }) => manifest.devDependencies?.[client])
  return versions.find((version) => version !== undefined) ?? "*"
}

async function declareRuntime(platform: Platform, folder: string): Promise<void> {
  const types = join(folder, "types", platform)
  const installed = join(folder, "node_modules")
  await mkdir(types, { recursive: true })
  await symlink(join(installed, platform === "bun" ? "types-node-26" : `types-${platform}`), join(types, "node"))
  if (platform === "bun") await symlink(join(installed, "@types/bun"), join(types, "bun"))
}

async function copyInto(folder: string, consumers: Consumer[], ending: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  await Promise.all(consumers.map(({ name, file }) => copyFile(file, join(folder, name + ending))))
}
