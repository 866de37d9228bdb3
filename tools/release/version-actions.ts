import { execFileSync } from "node:child_process"
import { join } from "node:path"
import { type AfterAllProjectsVersioned, VersionActions } from "nx/release"

type Tree = Parameters<VersionActions["validate"]>[0]
type ProjectGraph = Parameters<VersionActions["readDependencies"]>[1]

const COLLECTIONS = ["dependencies", "devDependencies"] as const

interface Manifest extends Partial<Record<(typeof COLLECTIONS)[number], Record<string, string>>> {
  name: string
  version: string
}

/** Tells `nx release` how package.json holds versions: packages depend on exact versions of each other. */
export default class PackageJsonVersions extends VersionActions {
  override validManifestFilenames = ["package.json"]

  override async readCurrentVersionFromSourceManifest(
    tree: Tree,
  ): Promise<{ currentVersion: string; manifestPath: string }> {
    return { currentVersion: this.#read(tree).version, manifestPath: this.#path }
  }

  /** Versions are read from disk, so a release can be prepared without a registry. */
  override async readCurrentVersionFromRegistry(): Promise<null> {
    return null
  }

  override async readCurrentVersionOfDependency(tree: Tree, _: ProjectGraph, dependency: string) {
    const manifest = this.#read(tree)
    const dependencyCollection = COLLECTIONS.find((each) => manifest[each]?.[dependency]) ?? null
    const currentVersion = dependencyCollection && (manifest[dependencyCollection]?.[dependency] ?? null)
    return { currentVersion, dependencyCollection }
  }

  override async updateProjectVersion(tree: Tree, newVersion: string): Promise<string[]> {
    this.#write(tree, { ...this.#read(tree), version: newVersion })
    return [`${this.#path}: version ${newVersion}`]
  }

  override async updateProjectDependencies(
    tree: Tree,
    _: ProjectGraph,
    versions: Record<string, string>,
  ): Promise<string[]> {
    const manifest = this.#read(tree)
    const told: string[] = []
    for (const collection of COLLECTIONS) {
      for (const name of Object.keys(manifest[collection] ?? {})) {
        const version = versions[name]
        if (version === undefined) continue
        manifest[collection] = { ...manifest[collection], [name]: version }
        told.push(`${this.#path}: ${name} ${version}`)
      }
    }
    if (told.length > 0) this.#write(tree, manifest)
    return told
  }

  get #path(): string {
    return join(this.projectGraphNode.data.root, "package.json")
  }

  #read(tree: Tree): Manifest {
    return JSON.parse(tree.read(this.#path, "utf8") ?? "{}")
  }

  #write(tree: Tree, manifest: Manifest): void {
    tree.write(this.#path, `${JSON.stringify(manifest, null, 2)}\n`)
  }
}

/** Updates package-lock.json to the new versions. */
export const afterAllProjectsVersioned: AfterAllProjectsVersioned = async (cwd, { dryRun }) => {
  if (dryRun) return { changedFiles: [], deletedFiles: [] }
  execFileSync("npm", ["install", "--package-lock-only", "--ignore-scripts"], { cwd, stdio: "inherit" })
  return { changedFiles: ["package-lock.json"], deletedFiles: [] }
}
