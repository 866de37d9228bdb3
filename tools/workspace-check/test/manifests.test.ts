import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")

interface Manifest {
  name: string
  version: string
  private?: boolean
  scripts?: Record<string, string>
  dependencies?: Record<string, string>
  repository?: { directory: string }
  homepage?: string
  bugs?: string
  author?: string
  publishConfig?: object
  bin?: Record<string, string>
}

const manifests = findFiles(workspace, ["package.json", "{packages,tools,examples}/*/package.json"]).map(
  (path): [string, Manifest] => [dirname(path), JSON.parse(readFileSync(join(workspace, path), "utf8"))],
)
const published = manifests.filter(([, manifest]) => !manifest.private)

describe.each(manifests)("package.json of %s", (folder, { scripts = {} }) => {
  it("makes every script check the Node release first", () => {
    const check = `node ${folder === "." ? "" : "../../"}tools/check-node.cjs && `
    expect(Object.values(scripts).filter((script) => !script.startsWith(check))).toEqual([])
  })

  it("has no script that needs a POSIX shell", () => {
    // Programs and their arguments, joined by &&: cmd.exe knows neither quotes of another kind, variables nor other operators.
    const portable = /^[a-z][\w-]*(?: [\w./:-]+)*(?: && [a-z][\w-]*(?: [\w./:-]+)*)*$/
    const programs = /(?:^|&& )(?:biome|knip|node|npm|nx|tsc|vite|vitest)(?= |$)/g
    for (const script of Object.values(scripts)) {
      expect(script).toMatch(portable)
      expect(script.match(programs)).toHaveLength(script.split(" && ").length)
    }
  })
})

describe.each(published)("the published package %s", (folder, manifest) => {
  const { version, dependencies = {}, repository } = manifest

  it("has the licence beside it", () => {
    const licence = (place: string) => readFileSync(join(workspace, place, "LICENSE"), "utf8")
    expect(licence(folder)).toBe(licence("."))
  })

  it("names its source", () => {
    expect(repository?.directory).toBe(folder)
  })

  it("names its page, its makers, and where to report a fault", () => {
    expect(manifest.homepage).toBe(`https://github.com/countersign/countersign/tree/main/${folder}#readme`)
    expect(manifest.bugs).toBe("https://github.com/countersign/countersign/issues")
    expect(manifest.author).toBe("The authors of Countersign")
  })

  it("is published for everybody, with its provenance", () => {
    expect(manifest.publishConfig).toEqual({ access: "public", provenance: true })
  })

  it("gives npm publish nothing to correct", () => {
    for (const program of Object.values(manifest.bin ?? {})) expect(program).not.toMatch(/^\.?\//)
  })

  it("depends on the exact version of its siblings", () => {
    const siblings = Object.entries(dependencies).filter(([name]) => name.startsWith("@countersign/"))
    expect(siblings.filter(([, range]) => range !== version)).toEqual([])
  })
})
