import { readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { findFiles } from "./find-files.ts"

export const workspace = join(import.meta.dirname, "../../..")

/** The members of a package.json that the tools read. */
export interface Manifest {
  name: string
  version: string
  private?: boolean
  exports: Record<string, unknown>
  bin?: Record<string, string>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
  devDependencies?: Record<string, string>
}

/** A package of the workspace that is published. */
export interface PublishedPackage {
  /** Name of its folder. */
  id: string
  folder: string
  manifest: Manifest
}

/** @param root of this workspace, or of a clone of it */
export function publishedPackages(root: string = workspace): PublishedPackage[] {
  return findFiles(root, "packages/*/package.json")
    .map((path) => {
      const folder = join(root, dirname(path))
      const manifest: Manifest = JSON.parse(readFileSync(join(root, path), "utf8"))
      return { id: basename(folder), folder, manifest }
    })
    .filter(({ manifest }) => !manifest.private)
}

/** The specifiers that users import: the package's name, alone and with each subpath of code. */
export function entriesOf({ name, exports }: Manifest): string[] {
  return Object.keys(exports)
    .filter((path) => path !== "./package.json")
    .map((path) => name + path.slice(1))
}
