import { readFile } from "node:fs/promises"
import { dirname, posix } from "node:path"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { entriesOf } from "@countersign/tools-shared/published-packages"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { describe, expect, inject, it } from "vitest"

describe.concurrent.each(inject("packages"))("$manifest.name as packed", ({ folder, tarball, files, manifest }) => {
  const isLibrary = entriesOf(manifest).length > 0
  const sources = files.filter((file) => file.startsWith("src/"))
  const built = files.filter((file) => file.startsWith("dist/"))

  it("has only its licence, its README and its code", () => {
    const others = files.filter((file) => !sources.includes(file) && !built.includes(file))
    expect(others.toSorted()).toEqual(["LICENSE", "README.md", "package.json"])
    expect(built).toContain(isLibrary ? "dist/index.js" : "dist/main.js")
    expect(sources.filter((file) => !file.endsWith(".ts"))).toEqual([])
  })

  it("has everything built from its sources, and nothing of earlier builds (else: delete its dist)", () => {
    const expected = sources.flatMap((file) =>
      ["$1.js", "$1.js.map", "$1.d.ts", "$1.d.ts.map", ...(isLibrary ? ["cjs/$1.d.ts"] : [])].map((output) =>
        file.replace(/^src\/(.*)\.ts$/, `dist/${output}`),
      ),
    )
    // Without it Node and TypeScript treat the CommonJS build as ES modules.
    if (isLibrary) expected.push("dist/cjs/package.json")
    const missing = expected.filter((file) => !built.includes(file))
    const bundled = /^dist\/(?:node|cjs)\/(?:index|adapter|explain|p256|sm2|sm3|modules|view)\.m?js(?:\.map)?$/
    // The emulator's page, whose file names contain hashes.
    const page = built.filter((file) => /^dist\/ui\/(?:index\.html|assets\/[\w-]+\.(?:js|css|svg))$/.test(file))
    const leftovers = built.filter((file) => ![...expected, ...page].includes(file) && !bundled.test(file))
    expect({ missing, leftovers }).toEqual({ missing: [], leftovers: [] })
  })

  it("has source maps that lead to its sources", async () => {
    for (const file of built.filter((name) => name.endsWith(".map"))) {
      const map: { sources: string[] } = JSON.parse(await readFile(`${folder}/${file}`, "utf8"))
      for (const source of map.sources) expect(files).toContain(posix.join(dirname(file), source))
    }
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
