import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { publishedPackages } from "@countersign/tools-shared/published-packages"
import { nodeRuntime } from "@countersign/tools-shared/runtimes"
import type { TestProject } from "vitest/node"
import { installTogether, NODE_MAJORS } from "../src/install-together.ts"
import { type PackedPackage, pack } from "../src/pack.ts"

declare module "vitest" {
  interface ProvidedContext {
    packages: PackedPackage[]
    /** A folder outside the workspace, for this run. */
    scratch: string
    /** A project with all packages, clients and compilers. */
    together: string
    /** A Node of each release, by its major version. */
    nodes: Record<number, string>
  }
}

/** Packs and installs every package once, for all tests. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const scratch = await mkdtemp(join(tmpdir(), "package-check-"))
  project.provide("scratch", scratch)
  const packages = await Promise.all(publishedPackages().map((published) => pack(published, scratch)))
  project.provide("packages", packages)
  const nodes = NODE_MAJORS.map(async (major) => [major, await nodeRuntime(major)] as const)
  project.provide("nodes", Object.fromEntries(await Promise.all(nodes)))
  const together = join(scratch, "together")
  await installTogether(packages, together)
  project.provide("together", together)
  return () => rm(scratch, { recursive: true, force: true })
}
