import { installPackages } from "@countersign/tools-shared/install-packages"
import type { PackedPackage } from "./pack.ts"

/**
 * Installs one packed package with its peers, the clients of its program and the types of Node. Of the workspace it gets only
 * its dependencies, also packed.
 */
export async function installAlone(
  packed: PackedPackage,
  clients: string[],
  all: PackedPackage[],
  folder: string,
): Promise<void> {
  const { name, dependencies = {}, peerDependencies = {}, devDependencies = {} } = packed.manifest
  const siblings = siblingsOf(dependencies, all)
  await installPackages(folder, {
    dependencies: {
      ...Object.fromEntries(clients.map((client) => [client, devDependencies[client] ?? "*"])),
      ...peerDependencies,
      "@types/node": "^24.0.0",
      ...("express" in peerDependencies ? { "@types/express": "^5.0.0" } : {}),
      [name]: `file:${packed.tarball}`,
    },
    overrides: Object.fromEntries(siblings.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
  })
}

/** The packages of the workspace that are needed, and those that they need. */
function siblingsOf(dependencies: Readonly<Record<string, string>>, all: PackedPackage[]): PackedPackage[] {
  const own = all.filter(({ manifest }) => manifest.name in dependencies)
  return [...new Set([...own, ...own.flatMap(({ manifest }) => siblingsOf(manifest.dependencies ?? {}, all))])]
}
