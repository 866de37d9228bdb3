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
  const siblings = all.filter(({ manifest }) => manifest.name in dependencies)
  await installPackages(folder, {
    dependencies: {
      ...Object.fromEntries(clients.map((client) => [client, devDependencies[client] ?? "*"])),
      ...peerDependencies,
      "@types/node": "^24.0.0",
      [name]: `file:${packed.tarball}`,
    },
    overrides: Object.fromEntries(siblings.map(({ manifest, tarball }) => [manifest.name, `file:${tarball}`])),
  })
}
