import { execFile } from "node:child_process"
import { copyFile, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")

/** Each room of auth-core may import these rooms and no others. Engine and explain see only the interface of auth. */
const MAY_IMPORT: Record<string, string[]> = {
  errors: [],
  runtime: ["errors"],
  cloud: ["errors", "runtime"],
  identity: ["errors", "runtime", "cloud"],
  digest: ["errors", "runtime"],
  signing: ["errors", "runtime", "cloud", "identity", "digest"],
  cache: ["errors", "runtime", "identity", "digest"],
  iam: ["errors", "runtime", "cloud", "identity", "signing"],
  tokens: ["errors", "runtime", "cloud", "identity", "iam"],
  credentials: ["errors", "runtime", "cloud", "identity", "signing", "iam"],
  partner: ["errors", "runtime", "cloud", "identity", "iam", "tokens", "credentials"],
  auth: ["errors", "runtime", "cloud", "identity", "signing", "cache", "iam", "tokens", "credentials"],
  engine: ["errors", "runtime", "cloud", "identity"],
  explain: ["errors", "runtime", "cloud", "identity", "digest", "signing", "iam"],
}
const rooms = Object.keys(MAY_IMPORT)
const IMPORTS = "lint/style/noRestrictedImports"

/** Snippets by path, each in the folder whose rules it is to meet. */
const snippets: Record<string, string> = {
  ...Object.fromEntries(
    rooms.flatMap((room) =>
      rooms
        .filter((other) => other !== room)
        .map((other) => [`packages/auth-core/src/${room}/to-${other}.ts`, importOf(`../${other}/thing.ts`)]),
    ),
  ),
  "packages/auth-core/src/engine/auth-interface.ts": importOf("../auth/auth.ts"),
  "packages/auth-core/src/explain/auth-interface.ts": importOf("../auth/auth.ts"),
  "packages/auth-core/src/cache/own-index.ts": importOf("../index.ts"),
  "packages/auth-core/src/cache/type-only.ts": `import type { Thing } from "../engine/thing.ts"\nexport type Other = Thing\n`,
  "packages/auth-core/src/cache/re-export.ts": `export { thing } from "../engine/thing.ts"\n`,
  "packages/auth-core/src/cache/dynamic.ts": `export const thing = () => import("../engine/thing.ts")\n`,
  "packages/axios/src/core.ts": importOf("@countersign/auth-core"),
  "packages/axios/src/other-adapter.ts": importOf("@countersign/ky"),
  "packages/axios/src/around-the-entry.ts": importOf("../../auth-core/src/cache/thing.ts"),
  "packages/axios/src/test-helpers.ts": importOf("@countersign/testkit"),
  "packages/emulator/src/core.ts": importOf("@countersign/auth-core"),
  "packages/emulator/src/an-adapter.ts": importOf("@countersign/axios"),
  "packages/fetch/src/floating.ts": "async function work(): Promise<void> {}\nexport function start() {\n  work()\n}\n",
  "packages/fetch/src/awaited.ts":
    "async function work(): Promise<void> {}\nexport async function start() {\n  await work()\n}\n",
  "packages/fetch/src/misused.ts":
    "async function isReady(): Promise<boolean> {\n  return true\n}\nexport function start(): number {\n  if (isReady()) return 1\n  return 2\n}\n",
  "packages/fetch/src/one.ts": `import { other } from "./other.ts"\nexport const one = () => other\n`,
  "packages/fetch/src/other.ts": `import { one } from "./one.ts"\nexport const other = () => one\n`,
  "packages/fetch/src/non-null.ts": "export const first = (list: string[]): string => list[0]!\n",
  "tools/site/src/glob.ts": `import { globSync } from "node:fs"\nexport const found = globSync("*")\n`,
  "packages/fetch/src/print.ts": `export const hello = () => console.log("hello")\n`,
}

function importOf(specifier: string): string {
  return `import { thing } from "${specifier}"\nexport const other = thing\n`
}

describe("the lint rules of the workspace", () => {
  let folder: string
  let found: Map<string, string[]>

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "lint-rules-"))
    for (const file of ["biome.json", ".gitignore"]) await copyFile(join(workspace, file), join(folder, file))
    for (const [path, text] of Object.entries(snippets)) {
      await mkdir(dirname(join(folder, path)), { recursive: true })
      await writeFile(join(folder, path), text)
    }
    found = await lint(folder)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  it.each(rooms)("let auth-core's %s import only from below", (room) => {
    const refused = rooms.filter((other) =>
      found.get(`packages/auth-core/src/${room}/to-${other}.ts`)?.includes(IMPORTS),
    )
    const expected = rooms.filter((other) => other !== room && !MAY_IMPORT[room]?.includes(other))
    expect(refused).toEqual(expected)
  })

  it.each([
    ["packages/auth-core/src/cache/own-index.ts", IMPORTS],
    ["packages/auth-core/src/cache/type-only.ts", IMPORTS],
    ["packages/auth-core/src/cache/re-export.ts", IMPORTS],
    ["packages/auth-core/src/cache/dynamic.ts", IMPORTS],
    ["packages/axios/src/other-adapter.ts", IMPORTS],
    ["packages/axios/src/around-the-entry.ts", IMPORTS],
    ["packages/axios/src/test-helpers.ts", IMPORTS],
    ["packages/emulator/src/an-adapter.ts", IMPORTS],
    ["tools/site/src/glob.ts", IMPORTS],
    ["packages/fetch/src/floating.ts", "lint/nursery/noFloatingPromises"],
    ["packages/fetch/src/misused.ts", "lint/nursery/noMisusedPromises"],
    ["packages/fetch/src/one.ts", "lint/suspicious/noImportCycles"],
    ["packages/fetch/src/non-null.ts", "lint/style/noNonNullAssertion"],
    ["packages/fetch/src/print.ts", "lint/suspicious/noConsole"],
  ])("refuse %s by %s", (path, rule) => {
    expect(found.get(path)).toContain(rule)
  })

  it.each([
    "packages/auth-core/src/engine/auth-interface.ts",
    "packages/auth-core/src/explain/auth-interface.ts",
    "packages/axios/src/core.ts",
    "packages/emulator/src/core.ts",
    "packages/fetch/src/awaited.ts",
  ])("have nothing to say about %s", (path) => {
    expect(found.get(path)).toBeUndefined()
  })
})

/** The errors that Biome reports in `folder`: rules by path. */
async function lint(folder: string): Promise<Map<string, string[]>> {
  const biome = createRequire(import.meta.url).resolve("@biomejs/biome/bin/biome")
  const report = await new Promise<string>((resolve) => {
    const command = [biome, "lint", "--reporter=json", "--max-diagnostics=none", "."]
    execFile(process.execPath, command, { cwd: folder, maxBuffer: 2 ** 26 }, (_, stdout) => resolve(stdout))
  })
  const { diagnostics }: BiomeReport = JSON.parse(report)
  const found = new Map<string, string[]>()
  for (const { category, severity, location } of diagnostics) {
    if (severity !== "error") continue
    const path = typeof location.path === "string" ? location.path : location.path.file
    found.set(path, [...(found.get(path) ?? []), category])
  }
  return found
}

interface BiomeReport {
  diagnostics: { category: string; severity: string; location: { path: string | { file: string } } }[]
}
