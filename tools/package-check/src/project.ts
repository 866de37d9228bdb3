import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { PackedPackage } from "./pack.ts"
import { run } from "./run.ts"

interface ProjectManifest {
  dependencies: Record<string, string>
  overrides?: Record<string, string>
}

/** Makes an empty project in `folder` and installs what the manifest names. */
export async function installInto(folder: string, manifest: ProjectManifest): Promise<void> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, ...manifest }))
  await run("npm", ["install", "--prefer-offline", "--ignore-scripts", "--no-package-lock", "--no-audit"], folder)
}

/**
 * Installs one packed package with its peers, the clients that a program uses beside it, the types of Node, and nothing of
 * the workspace but what the package depends on, as packed too.
 */
export async function installAlone(
  packed: PackedPackage,
  clients: string[],
  all: PackedPackage[],
  folder: string,
): Promise<void> {
  const { name, dependencies = {}, peerDependencies = {}, devDependencies = {} } = packed.manifest
  const siblings = all.filter(({ manifest }) => manifest.name in dependencies)
  await installInto(folder, {
    dependencies: {
      ...Object.fromEntries(clients.map((client) => [client, devDependencies[client] ?? "*"])),
      ...peerDependencies,
      "@types/node": "^24.0.0",
      [name]: `file:${packed.tarball}`,
    },
    overrides: Object.fromEntries(siblings.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
  })
}
