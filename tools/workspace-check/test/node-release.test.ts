import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"
import { parse } from "yaml"

const workspace = join(import.meta.dirname, "../../..")
const read = (path: string): string => readFileSync(join(workspace, path), "utf8")

describe("the Node that builds Countersign", () => {
  const { engines, devDependencies, optionalDependencies } = JSON.parse(read("package.json"))
  const { jobs }: { jobs: Record<string, { container?: string }> } = parse(read(".github/workflows/ci.yml"))
  const major = read(".nvmrc").trim()

  it("is the same release in .nvmrc, package.json, the workflow and the dev container", () => {
    expect(major).toMatch(/^\d+$/)
    expect(optionalDependencies.node).toBe(`^${major}.0.0`)
    expect(devDependencies["@types/node"]).toBe(`^${major}.0.0`)
    const image = `node:${major}-bookworm`
    expect(jobs.check?.container).toBe(image)
    expect(/^FROM (.*)$/m.exec(read(".devcontainer/Dockerfile"))?.[1]).toBe(image)
  })

  it("is supported by every package, and all support the same releases", () => {
    const ranges = findFiles(workspace, "packages/*/package.json").map(
      (path): unknown => JSON.parse(read(path)).engines?.node,
    )
    expect(new Set([engines.node, ...ranges])).toEqual(new Set([engines.node]))
    expect(Number(/^>=(\d+)/.exec(engines.node)?.[1])).toBeLessThanOrEqual(Number(major))
  })
})
