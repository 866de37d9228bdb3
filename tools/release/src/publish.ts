// Publishes every package that the registry does not have in this version, so a publication that broke off can go on.
// Arguments go to `npm publish`: `npm run publish-packages -w tools/release -- --dry-run`.
import { execFileSync, spawnSync } from "node:child_process"
import { globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const workspace = join(import.meta.dirname, "../../..")
const options = process.argv.slice(2)

interface Manifest {
  name: string
  version: string
  private?: boolean
  dependencies?: Record<string, string>
}

const packages = globSync("packages/*/package.json", { cwd: workspace })
  .map((path) => ({
    folder: join(workspace, dirname(path)),
    manifest: JSON.parse(readFileSync(join(workspace, path), "utf8")) as Manifest,
  }))
  .filter(({ manifest }) => !manifest.private)
// A package comes after those that it depends on, so that whoever installs meanwhile finds them.
const dependents = (manifest: Manifest): number =>
  Object.keys(manifest.dependencies ?? {}).filter((name) => packages.some((other) => other.manifest.name === name))
    .length
packages.sort((one, other) => dependents(one.manifest) - dependents(other.manifest))

for (const { folder, manifest } of packages) {
  const id = `${manifest.name}@${manifest.version}`
  if (isPublished(id)) console.log(`${id} is already published`)
  else execFileSync("npm", ["publish", ...options], { cwd: folder, stdio: "inherit" })
}

function isPublished(id: string): boolean {
  const registry = options.filter((option) => option.startsWith("--registry="))
  const { status, stdout, stderr } = spawnSync("npm", ["view", id, "version", ...registry], {
    cwd: workspace,
    encoding: "utf8",
  })
  if (status === 0) return stdout.trim() !== ""
  if (stderr.includes("E404")) return false
  throw new Error(`npm cannot tell whether ${id} is published:\n${stderr}`)
}
