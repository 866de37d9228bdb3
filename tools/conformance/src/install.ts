import { execFile } from "node:child_process"
import { mkdir, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

/** Installs packages, with their binaries, into a folder that later runs find again. Gives its node_modules. */
export async function installed(name: string, dependencies: Readonly<Record<string, string>>): Promise<string> {
  const folder = join(tmpdir(), "countersign-runtimes", name)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ private: true, dependencies, allowScripts: {} }))
  await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: folder,
    shell: process.platform === "win32",
  })
  return join(folder, "node_modules")
}
