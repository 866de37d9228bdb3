import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { publicApi } from "../src/public-api.ts"

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

  it("names what is exported with its type, and what that is made of, and nothing else", async () => {
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

  it("changes with a type, a name, and what no longer is exported", async () => {
    const before = await apiOf({ "index.d.ts": index, "start.d.ts": start })
    const changed = [
      { "index.d.ts": index, "start.d.ts": start.replace("name: string", "name?: string") },
      { "index.d.ts": index, "start.d.ts": start.replace("Inner {}", "Inner { id: number }") },
      { "index.d.ts": index.replace("type Options, ", ""), "start.d.ts": start },
      { "index.d.ts": index.replace(", start }", ", start as begin }"), "start.d.ts": start },
    ]
    for (const files of changed) expect(await apiOf(files)).not.toBe(before)
  })

  it("stays when a comment changes, or a declaration moves", async () => {
    const before = await apiOf({ "index.d.ts": index, "start.d.ts": start })
    const moved = `export * from "./moved.js"\n`
    expect(await apiOf({ "index.d.ts": index, "start.d.ts": start.replace("A name.", "The name.") })).toBe(before)
    expect(await apiOf({ "index.d.ts": index, "start.d.ts": moved, "moved.d.ts": start })).toBe(before)
  })
})
