import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"

export const workspace = join(import.meta.dirname, "../../..")
/** Where the pages are put together, in VitePress' form. */
export const pagesFolder = join(import.meta.dirname, "../.pages")
/** The built site. */
export const siteFolder = join(import.meta.dirname, "../dist")

interface Manifest {
  readonly name: string
  readonly version: string
  readonly private?: boolean
  readonly description: string
  readonly repository: { readonly url: string }
  readonly exports: Readonly<Record<string, string | { readonly types?: { readonly default: string } }>>
  readonly dependencies?: Readonly<Record<string, string>>
}

/** A published package. */
export interface SitePackage {
  /** Name of its folder. */
  readonly id: string
  readonly name: string
  readonly description: string
  /** The specifiers that users import, each with the source file behind it. */
  readonly entries: readonly { readonly specifier: string; readonly source: string }[]
}

function manifestOf(path: string): Manifest {
  return JSON.parse(readFileSync(join(workspace, path), "utf8"))
}

/** All published packages: each after those that it is built on, else by name. */
export function sitePackages(): SitePackage[] {
  const published = findFiles(workspace, "packages/*/package.json")
    .map((path) => ({ folder: dirname(path), manifest: manifestOf(path) }))
    .filter(({ manifest }) => !manifest.private)
  const manifests = new Map(published.map(({ manifest }) => [manifest.name, manifest]))
  const floorOf = (name: string): number => {
    const below = Object.keys(manifests.get(name)?.dependencies ?? {}).filter((each) => manifests.has(each))
    return below.length === 0 ? 0 : 1 + Math.max(...below.map(floorOf))
  }
  return published
    .sort(({ manifest: { name: a } }, { manifest: { name: b } }) => floorOf(a) - floorOf(b) || a.localeCompare(b))
    .map(({ folder, manifest }) => ({
      id: basename(folder),
      name: manifest.name,
      description: manifest.description,
      entries: Object.entries(manifest.exports ?? {}).flatMap(([subpath, conditions]) => {
        if (typeof conditions === "string" || conditions.types === undefined) return []
        const source = conditions.types.default.replace("./dist/", "src/").replace(/\.d\.ts$/, ".ts")
        return { specifier: manifest.name + subpath.slice(1), source: join(workspace, folder, source) }
      }),
    }))
}

/** The one version of all packages. */
export function packagesVersion(): string {
  return manifestOf("packages/auth-core/package.json").version
}

/** Where the repository can be read, without an ending slash. */
export function repositoryAddress(): string {
  return manifestOf("packages/auth-core/package.json").repository.url.replace(/^git\+|\.git$/g, "")
}
