import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

const folders = new Map<string, Promise<string>>()

/** Installs packages, with their binaries, into a folder that later runs find again. Gives its node_modules. */
export function installed(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const known = folders.get(name)
  if (known !== undefined) return known
  const folder = install(name, dependencies)
  folders.set(name, folder)
  return folder
}

async function install(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(tmpdir(), "countersign-runtimes", name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, dependencies, allowScripts: {} }))
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    shell: process.platform === "win32",
  })
  return join(folder, "node_modules")
}
