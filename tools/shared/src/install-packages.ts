import { mkdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { npm } from "./npm.ts"

export interface ProjectManifest {
  dependencies: Readonly<Record<string, string>>
  overrides?: Readonly<Record<string, string>>
}

/**
 * Installs the packages of a manifest into `folder`, without running their scripts, and returns its `node_modules`.
 * A folder that already has them is left as it is.
 */
export async function installPackages(folder: string, manifest: ProjectManifest): Promise<string> {
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "project", private: true, ...manifest }))
  await npm(["install", "--prefer-offline", "--ignore-scripts", "--no-package-lock", "--no-audit"], folder)
  return join(folder, "node_modules")
}
