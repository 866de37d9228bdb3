import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"
import { type LockedPackage, type Lockfile, missingOptionalDependencies } from "../src/lockfile.ts"

const workspace = join(import.meta.dirname, "../../..")
const lockfile: Lockfile = JSON.parse(readFileSync(join(workspace, "package-lock.json"), "utf8"))

describe("package-lock.json", () => {
  it("has an entry for every platform's build, so that npm ci accepts it (else: npm run lockfile)", () => {
    expect(missingOptionalDependencies(lockfile).map(({ name }) => name)).toEqual([])
  })

  it.each(findFiles(workspace, "{packages,tools,examples}/*/package.json"))("agrees with %s", (path) => {
    const manifest: LockedPackage = JSON.parse(readFileSync(join(workspace, path), "utf8"))
    const locked = lockfile.packages[dirname(path)]
    for (const kind of ["version", "dependencies", "devDependencies", "peerDependencies"] as const) {
      expect(locked?.[kind], kind).toEqual(manifest[kind])
    }
  })

  it("has only install scripts that allowScripts names", () => {
    const { allowScripts }: { allowScripts: object } = JSON.parse(readFileSync(join(workspace, "package.json"), "utf8"))
    const scripted = Object.entries(lockfile.packages).filter(([, { hasInstallScript }]) => hasInstallScript)
    const names = scripted.map(([place]) => place.replace(/^.*node_modules\//, ""))
    expect(names.filter((name) => !(name in allowScripts))).toEqual([])
  })

  it("names no registry, so that it installs from any", () => {
    const addresses = Object.values(lockfile.packages).flatMap(({ resolved }) => resolved ?? [])
    expect(addresses.filter((address) => address.includes(":"))).toEqual([])
  })
})

describe("missingOptionalDependencies", () => {
  const optionalDependencies = { "build-for-linux": "1.0.0" }

  it("finds a named package that is missing", () => {
    const packages = { "node_modules/tool": { optionalDependencies } }
    expect(missingOptionalDependencies({ packages })).toMatchObject([{ name: "build-for-linux", version: "1.0.0" }])
  })

  it.each([
    "node_modules/build-for-linux",
    "node_modules/tool/node_modules/build-for-linux",
    "node_modules/tool/node_modules/part/node_modules/build-for-linux",
  ])("sees %s", (place) => {
    const packages = { "node_modules/tool/node_modules/part": { optionalDependencies }, [place]: { version: "1.0.0" } }
    expect(missingOptionalDependencies({ packages })).toEqual([])
  })

  it("ignores the nested packages of another package", () => {
    const packages = {
      "node_modules/tool": { optionalDependencies },
      "node_modules/other/node_modules/build-for-linux": {},
    }
    expect(missingOptionalDependencies({ packages })).toHaveLength(1)
  })
})
