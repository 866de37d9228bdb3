import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"

/** The source files behind the names that packages are imported by, a package's own `#names` included. */
export type PackageEntries = Readonly<Record<string, readonly string[]>>

interface Manifest {
  name: string
  exports?: object
  imports?: object
}

export function packageEntries(workspace: string): PackageEntries {
  const entries: Record<string, string[]> = {}
  for (const path of findFiles(workspace, "packages/*/package.json")) {
    const manifest: Manifest = JSON.parse(readFileSync(join(workspace, path), "utf8"))
    const folder = dirname(path)
    for (const [subpath, target] of Object.entries(manifest.exports ?? {}))
      entries[subpath.replace(".", manifest.name)] = sourcesOf(folder, target)
    for (const [name, target] of Object.entries(manifest.imports ?? {})) entries[name] = sourcesOf(folder, target)
  }
  return entries
}

/** The source of each file that a condition of `target` leads to. */
function sourcesOf(folder: string, target: unknown): string[] {
  if (typeof target === "object" && target !== null)
    return [...new Set(Object.values(target).flatMap((value) => sourcesOf(folder, value)))]
  const [, name] = /^\.\/dist\/(?:modules\/|cjs\/)?(.+?)(?:\.d)?\.m?[jt]s$/.exec(String(target)) ?? []
  return name === undefined ? [] : [`${folder}/src/${name}.ts`]
}
