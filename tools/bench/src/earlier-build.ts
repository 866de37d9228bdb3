import { execFileSync } from "node:child_process"
import { hash } from "node:crypto"
import { existsSync, globSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

/** The commit from which gains around the signature are counted. */
export const EARLIER_COMMIT = "87c6f09"

const WORKSPACE = fileURLToPath(new URL("../../..", import.meta.url))
// Outside, where no tool of the workspace looks. Each workspace has its own, because of the dependencies.
const FOLDER = join(tmpdir(), `countersign-bench-${EARLIER_COMMIT}-${hash("sha256", WORKSPACE).slice(0, 8)}`)

/**
 * The workspace at the earlier commit, built once, with the dependencies of this one.
 *
 * @returns its folder
 */
export function earlierBuild(): string {
  if (existsSync(FOLDER)) return FOLDER
  const unfinished = `${FOLDER}.unfinished`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true })
  const archive = filesAt(EARLIER_COMMIT)
  execFileSync("tar", ["-x", "-C", unfinished], { input: archive })
  linkDependencies(unfinished)
  const packages = globSync("packages/*/tsconfig.json", { cwd: unfinished }).map(dirname)
  const node = (script: string, args: readonly string[], cwd: string): unknown =>
    execFileSync(process.execPath, [script, ...args], { cwd, stdio: ["ignore", "ignore", "inherit"] })
  node(join(WORKSPACE, "node_modules/typescript/bin/tsc"), ["-b", ...packages], unfinished)
  node(join(unfinished, "tools/bundle-node.mjs"), [], join(unfinished, "packages/auth-core"))
  renameSync(unfinished, FOLDER)
  return FOLDER
}

function filesAt(commit: string): Buffer {
  try {
    return execFileSync("git", ["archive", commit], { cwd: WORKSPACE, maxBuffer: 2 ** 28 })
  } catch (cause) {
    throw new Error(`The bench builds commit ${commit}, which is not in this clone: git fetch --unshallow`, { cause })
  }
}

/** All packages of others are those of this workspace; its own are those of the folder. */
function linkDependencies(folder: string): void {
  const modules = join(folder, "node_modules")
  mkdirSync(join(modules, "@countersign"), { recursive: true })
  for (const name of readdirSync(join(WORKSPACE, "node_modules")))
    if (name !== "@countersign") symlinkSync(join(WORKSPACE, "node_modules", name), join(modules, name))
  for (const path of globSync("packages/*", { cwd: folder })) {
    symlinkSync(join("../..", path), join(modules, "@countersign", path.replace(/.*[\\/]/, "")))
    const own = join(WORKSPACE, path, "node_modules")
    if (existsSync(own)) symlinkSync(own, join(folder, path, "node_modules"))
  }
}
