// Publishes every package that the registry does not have in this version, so a publication that broke off can go on.
// Arguments go to `npm publish`: `npm run publish-packages -w tools/release -- --dry-run`.
import { execFileSync, spawnSync } from "node:child_process"
import { join } from "node:path"
import { NPM } from "@countersign/tools-shared/npm"
import { type PublishedPackage, publishedPackages } from "@countersign/tools-shared/published-packages"

const workspace = join(import.meta.dirname, "../../..")
const [program, ...args] = NPM
const options = process.argv.slice(2)

for (const { folder, manifest } of inOrder(publishedPackages(workspace))) {
  const id = `${manifest.name}@${manifest.version}`
  if (isPublished(id)) console.log(`${id} is already published`)
  else execFileSync(program, [...args, "publish", ...options], { cwd: folder, stdio: "inherit" })
}

/** Each package after those that it depends on, so that whoever installs meanwhile finds them. */
function inOrder(packages: readonly PublishedPackage[]): Set<PublishedPackage> {
  const ordered = new Set<PublishedPackage>()
  const add = (one: PublishedPackage): void => {
    const { dependencies = {}, peerDependencies = {} } = one.manifest
    for (const other of packages) {
      if (other.manifest.name in dependencies || other.manifest.name in peerDependencies) add(other)
    }
    ordered.add(one)
  }
  packages.forEach(add)
  return ordered
}

function isPublished(id: string): boolean {
  const registry = options.filter((option) => option.startsWith("--registry="))
  const { status, stdout, stderr } = spawnSync(program, [...args, "view", id, "version", ...registry], {
    cwd: workspace,
    encoding: "utf8",
  })
  if (status === 0) return stdout.trim() !== ""
  if (stderr.includes("E404")) return false
  throw new Error(`npm cannot tell whether ${id} is published:\n${stderr}`)
}
