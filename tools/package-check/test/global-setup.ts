import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { TestProject } from "vitest/node"
import { type PackedPackage, pack } from "../src/pack.ts"
import { publishedPackages } from "../src/published-packages.ts"
import { installTogether } from "../src/together.ts"

declare module "vitest" {
  interface ProvidedContext {
    packages: PackedPackage[]
    /** A folder outside the workspace, for this run. */
    scratch: string
    /** A project with all packages, clients and compilers. */
    together: string
  }
}

/** Packs and installs every package once, for all tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = await mkdtemp(join(tmpdir(), "package-check-"))
  project.provide("scratch", scratch)
  const packages = await Promise.all(publishedPackages().map((published) => pack(published, scratch)))
  project.provide("packages", packages)
  const together = join(scratch, "together")
  await installTogether(packages, together)
  project.provide("together", together)
  return () => rm(scratch, { recursive: true, force: true })
}
