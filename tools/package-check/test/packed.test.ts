import { execFile } from "node:child_process"
import { readFile } from "node:fs/promises"
import { posix } from "node:path"
import { promisify } from "node:util"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { NPM } from "@countersign/tools-shared/npm"
import { entriesOf } from "@countersign/tools-shared/published-packages"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { describe, expect, inject, it } from "vitest"

/** Kilobytes of the tarball and number of files, at most. */
const LIMITS: Record<string, readonly [kB: number, files: number]> = {
  "auth-core": [276, 280],
  cli: [50, 60],
  emulator: [120, 100],
  server: [60, 75],
}
const SMALL = [30, 45] as const

/** Their clients have other types for CommonJS, so declarations that name these are there for each. */
const WITH_TYPES_OF_TWO_KINDS = ["axios", "opentelemetry"]

describe.concurrent.each(inject("packages"))("$manifest.name as packed", (packed) => {
  const { id, folder, tarball, size, files, manifest } = packed
  const isLibrary = entriesOf(manifest).length > 0
  const built = files.filter((file) => file.startsWith("dist/"))

  it("has only its licence, its README and its code, each once", async () => {
    const others = files.filter((file) => !built.includes(file))
    expect(others.toSorted()).toEqual(["LICENSE", "README.md", "package.json"])
    const endings = WITH_TYPES_OF_TWO_KINDS.includes(id) ? /js$/ : /(?:js|\.d\.ts)$/
    const contents = await Promise.all(
      built.filter((file) => endings.test(file)).map((file) => readFile(`${folder}/${file}`, "utf8")),
    )
    expect(contents.length).toBeGreaterThan(0)
    expect(contents.filter((content) => content.includes("sourceMappingURL"))).toEqual([])
    const large = contents.filter((content) => content.length > 100)
    expect(new Set(large).size).toBe(large.length)
  })

  it("is small", () => {
    const [kB, most] = LIMITS[id] ?? SMALL
    expect(size).toBeLessThanOrEqual(1_000 * kB)
    expect(files.length).toBeLessThanOrEqual(most)
  })

  it("is published without a warning", async () => {
    // Without a token npm warns that it would want one.
    const registry = ["--registry=http://127.0.0.1:9/", "--//127.0.0.1:9/:_authToken=any"]
    const [program, ...args] = NPM
    const publish = ["publish", "--dry-run", "--loglevel=warn", ...registry]
    const { stdout, stderr } = await promisify(execFile)(program, [...args, ...publish], { cwd: folder })
    expect(stdout).toContain(`+ ${manifest.name}@${manifest.version}`)
    expect(stderr).not.toMatch(/^npm (?:warn|error)/im)
  })

  it("has the code of its entries, and nothing of earlier builds (else: delete its dist)", async () => {
    const isCore = id === "auth-core"
    const names = entriesOf(manifest).map((entry) => entry.split("/")[2] ?? "index")
    const programs = Object.values(manifest.bin ?? {}).map((path) => path.replace(/^(?:\.\/)?dist\/|\.js$/g, ""))
    const expected = [...names, ...programs].map((name) => `dist/${isCore ? "modules/" : ""}${name}.js`)
    if (isLibrary) {
      const endings = isCore ? [".js", ".mjs", ".d.ts"] : [".js", ".d.ts"]
      expected.push(
        ...names.flatMap((name) => [`dist/${name}.d.ts`, ...endings.map((end) => `dist/cjs/${name}${end}`)]),
      )
      // Without it Node and TypeScript treat the CommonJS build as ES modules.
      expected.push("dist/cjs/package.json")
    }
    expect(expected.filter((file) => !built.includes(file))).toEqual([])

    const code = built.filter((file) => /^dist\/(?!ui\/).*\.m?js$/.test(file))
    const loaded = await Promise.all(
      code.map(async (file) => {
        const specifiers = (await readFile(`${folder}/${file}`, "utf8")).matchAll(/["'`](\.\.?\/[^"'`]+\.js)["'`]/g)
        return [...specifiers].map(([, specifier = ""]) => posix.join(posix.dirname(file), specifier))
      }),
    )
    // One of the two is for runtimes without node:crypto, by a condition of package.json.
    const known = [...expected, ...loaded.flat(), "dist/modules/digest/node.js", "dist/modules/digest/portable.js"]
    expect(code.filter((file) => !known.includes(file))).toEqual([])
    // The emulator's page, whose file names contain hashes.
    const page = /^dist\/ui\/(?:index\.html|assets\/[\w-]+\.(?:js|css|svg))$/
    const others = built.filter((file) => !code.includes(file) && !file.endsWith(".d.ts") && !page.test(file))
    expect(others).toEqual(isLibrary ? ["dist/cjs/package.json"] : [])
  })

  it.runIf(isLibrary)("has the types that its entries lead to, and no others", async () => {
    const types = built.filter((file) => file.endsWith(".d.ts"))
    const named = await Promise.all(
      types.map(async (file) => {
        const specifiers = (await readFile(`${folder}/${file}`, "utf8")).matchAll(/"(\.[^"]+)\.[jt]s"/g)
        return [...specifiers].map(([, specifier = ""]) => `${posix.join(posix.dirname(file), specifier)}.d.ts`)
      }),
    )
    expect(named.flat().filter((file) => !types.includes(file))).toEqual([])
    const entries = types.filter((file) =>
      entriesOf(manifest).some((entry) => file.endsWith(`/${entry.split("/")[2] ?? "index"}.d.ts`)),
    )
    expect(types.filter((file) => !entries.includes(file) && !named.flat().includes(file))).toEqual([])
  })

  it("passes publint", async () => {
    const data = await readFile(tarball)
    const buffer = data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength)
    const { messages, pkg } = await publint({ pack: { tarball: buffer } })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })

  it.runIf(isLibrary)("has correct types for import and for require", async () => {
    const analysis = await checkPackage(createPackageFromTarballData(await readFile(tarball)))
    expect(analysis.types ? analysis.problems : [{ kind: "NoTypes" }]).toEqual([])
  })
})
