import { readFileSync } from "node:fs"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { publicApi } from "../src/public-api.ts"

const workspace = join(import.meta.dirname, "../../..")

interface Manifest {
  name: string
  private?: boolean
  exports: Record<string, { types?: { default: string } } | string>
}

const published = findFiles(workspace, "packages/*/package.json").flatMap((path) => {
  const manifest: Manifest = JSON.parse(readFileSync(join(workspace, path), "utf8"))
  const entries = Object.entries(manifest.exports).flatMap(([subpath, target]) =>
    typeof target === "object" && target.types !== undefined ? [{ subpath, types: target.types.default }] : [],
  )
  // A package that is a command alone has no API.
  return manifest.private || entries.length === 0
    ? []
    : [{ name: manifest.name, folder: join(workspace, dirname(path)), entries }]
})

describe("the public API", () => {
  it.each(published)("of $name matches its snapshot (if the change is meant: npm run public-api)", async (own) => {
    const { name, folder, entries } = own
    const parts = await Promise.all(
      entries.map(
        async ({ subpath, types }) => `// ${name}${subpath.slice(1)}\n${await publicApi(join(folder, types))}`,
      ),
    )
    expect(parts.length).toBeGreaterThan(0)
    await expect(parts.join("\n")).toMatchFileSnapshot(join(folder, "test/public-api.txt"))
  })
})

describe("publicApi", () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "public-api-"))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  async function apiOf(files: Record<string, string>): Promise<string> {
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
    return publicApi(join(folder, "index.d.ts"))
  }

  const index = `export { type Options, start } from "./start.js"\nexport * from "other"\nimport type { Thing } from "thing"\nexport declare const thing: Thing\n`
  const start = `/** Options. */\nexport interface Options {\n  /** A name. */\n  name: string\n  inner: Inner\n}\ninterface Inner {}\ninterface Unused {}\nexport declare function start(options: Options): void\n`

  it("names each export with its type and the types behind it, and nothing else", async () => {
    expect(await apiOf({ "index.d.ts": index, "start.d.ts": start })).toBe(
      [
        `export * from "other";`,
        `import { Thing } from "thing";`,
        `interface Inner {}`,
        `export interface Options {\n  name: string;\n  inner: Inner;\n}`,
        `export declare function start(options: Options): void;`,
        `export declare const thing: Thing;`,
        "",
      ].join("\n"),
    )
  })

  it("tells re-exported values and types from names that are only used", async () => {
    const text = `import { type Used, type Seen, make } from "other"\nexport { type Seen, make }\nexport declare const used: Used\n`
    expect(await apiOf({ "index.d.ts": text })).toBe(
      [
        `export type { Seen } from "other";`,
        `export { make } from "other";`,
        `import { Used } from "other";`,
        `export declare const used: Used;`,
        "",
      ].join("\n"),
    )
  })

  it("changes with a type, a name, and a removed export", async () => {
    const before = await apiOf({ "index.d.ts": index, "start.d.ts": start })
    const changed = [
      { "index.d.ts": index, "start.d.ts": start.replace("name: string", "name?: string") },
      { "index.d.ts": index, "start.d.ts": start.replace("Inner {}", "Inner { id: number }") },
      { "index.d.ts": index.replace("type Options, ", ""), "start.d.ts": start },
      { "index.d.ts": index.replace(", start }", ", start as begin }"), "start.d.ts": start },
    ]
    for (const files of changed) expect(await apiOf(files)).not.toBe(before)
  })

  it("does not change with a comment or the place of a declaration", async () => {
    const before = await apiOf({ "index.d.ts": index, "start.d.ts": start })
    const moved = `export * from "./moved.js"\n`
    expect(await apiOf({ "index.d.ts": index, "start.d.ts": start.replace("A name.", "The name.") })).toBe(before)
    expect(await apiOf({ "index.d.ts": index, "start.d.ts": moved, "moved.d.ts": start })).toBe(before)
  })
})
