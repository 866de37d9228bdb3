import { existsSync, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { join } from "node:path"

/** The exact version of an installed package, whatever it exports. `from` is the `import.meta.url` of the importer. */
export function installedVersion(name: string, from: string): string {
  const folders = createRequire(from).resolve.paths(name) ?? []
  const path = folders.map((folder) => join(folder, name, "package.json")).find(existsSync)
  if (path === undefined) throw new Error(`${name} is not installed.`)
  return (JSON.parse(readFileSync(path, "utf8")) as { version: string }).version
}
