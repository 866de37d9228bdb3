import { readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

/** The manifest of this package. Found by name: the files of the view lie elsewhere once they are bundled. */
const manifest = createRequire(import.meta.url).resolve("@countersign/emulator/package.json")

/** A folder of this package. */
export function ownFolder(path: string): URL {
  return new URL(path, pathToFileURL(manifest))
}

/** The version of this package. */
export function ownVersion(): string {
  const { version }: { version: string } = JSON.parse(readFileSync(manifest, "utf8"))
  return version
}
