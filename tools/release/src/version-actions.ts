import { readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
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

/**
 * Updates the private workspaces, which depend on exact versions too, and package-lock.json. npm is not asked: it would look
 * up every package in the registry, and omit builds for other systems.
 */
export const afterAllProjectsVersioned: AfterAllProjectsVersioned = async (cwd, { dryRun }) => {
  if (dryRun) return { changedFiles: [], deletedFiles: [] }
  const folders = findFiles(cwd, "{packages,tools,examples}/*/package.json").map((path) => dirname(path))
  const manifests = new Map(folders.map((folder) => [folder, readJson<Manifest>(join(cwd, folder, "package.json"))]))
  const versions = new Map([...manifests.values()].map(({ name, version }) => [name, version]))
  const lockfile = readJson<{ packages: Record<string, Manifest> }>(join(cwd, "package-lock.json"))
  for (const [folder, manifest] of manifests) {
    for (const dependencies of COLLECTIONS.map((collection) => manifest[collection] ?? {})) {
      for (const name of Object.keys(dependencies)) dependencies[name] = versions.get(name) ?? dependencies[name] ?? "*"
    }
    writeJson(join(cwd, folder, "package.json"), manifest)
    const { version, dependencies, devDependencies } = manifest
    Object.assign(
      lockfile.packages[folder] ?? {},
      { version },
      dependencies && { dependencies },
      devDependencies && { devDependencies },
    )
  }
  writeJson(join(cwd, "package-lock.json"), lockfile)
  return {
    changedFiles: [...folders.map((folder) => join(folder, "package.json")), "package-lock.json"],
    deletedFiles: [],
  }
}

function readJson<T>(file: string): T {
  return JSON.parse(readFileSync(file, "utf8"))
}

function writeJson(file: string, content: unknown): void {
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`)
}
