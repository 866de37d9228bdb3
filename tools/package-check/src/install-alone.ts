import { installPackages } from "@countersign/tools-shared/install-packages"
import type { PackedPackage } from "./pack.ts"

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
