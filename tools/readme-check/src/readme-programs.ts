import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"

const workspace = join(import.meta.dirname, "../../..")

const TEXTS = ["README.md", "{packages,examples}/*/README.md", "docs/{*,guides/*,packages/*}.md"]

/** How a program is run, as its fence says: `ts run=deno`. Without that, by Node. */
const RUNS = [
  "node",
  "deno",
  "bun",
  "commonjs",
  "server",
  "service",
  "decorators",
  "route",
  "worker",
  "jest",
  "vitest",
  "page",
] as const
export type Run = (typeof RUNS)[number]

/** A TypeScript block with imports, and the blocks after it, which continue the program. */
export interface ReadmeProgram {
  /** Path in the workspace, such as `packages/ky/README.md`. */
  readonly readme: string
  readonly run: Run
  readonly language: "ts" | "js"
  /** The line of its first code, from 1. */
  readonly line: number
  /** The program as a module with the line numbers of the README. */
  readonly code: string
  /** The same with its fragments, each in a separate block, with the exports of the README's package. */
  readonly withFragments: string
}

interface Block {
  readonly run: Run
  readonly language: "ts" | "js"
  readonly line: number
  readonly code: string
}

/** The programs of all READMEs and of all pages that users read. Each is there once. */
export function readmePrograms(): ReadmeProgram[] {
  const programs = findFiles(workspace, TEXTS).flatMap((readme) =>
    programsOf(readme, readFileSync(join(workspace, readme), "utf8")),
  )
  // The page of a package shows the program of its README too.
  return [...new Map(programs.toReversed().map((program) => [program.code.trim(), program])).values()].toReversed()
}

/** The programs of one README, given its text. */
export function programsOf(readme: string, text: string): ReadmeProgram[] {
  const blocks: Block[] = [...text.matchAll(/^```(ts|js)(?: run=(\w+))?\n(.*?)^```$/gms)].map(
    ({ index, 1: language, 2: run = "node", 3: code = "" }) => {
      return {
        run: runOf(run, readme),
        language: language as "ts" | "js",
        line: text.slice(0, index).split("\n").length + 1,
        code,
      }
    },
  )
  const starts = blocks.flatMap(({ code, run }, index) => (run !== "node" || /^import /m.test(code) ? index : []))
  if (blocks.length > 0 && starts[0] !== 0) throw new Error(`${readme}: the first \`\`\`ts block imports nothing.`)
  return starts.flatMap((start, index) => {
    const [program, ...fragments] = blocks.slice(start, starts[index + 1])
    if (program === undefined) return []
    const { run, language, line } = program
    const code = "\n".repeat(line - 1) + program.code
    return { readme, run, language, line, code, withFragments: withFragments(readme, code, fragments) }
  })
}

function runOf(name: string, readme: string): Run {
  const run = RUNS.find((each) => each === name)
  if (run === undefined) throw new Error(`${readme}: run=${name} is none of ${RUNS.join(", ")}.`)
  return run
}

function withFragments(readme: string, program: string, fragments: readonly Block[]): string {
  let text = program
  for (const { line, code } of fragments) text += `${"\n".repeat(line - text.split("\n").length - 1)}{\n${code}}`
  const folder = (/^(?:docs\/)?packages\/([a-z-]+)/.exec(readme) ?? /"@countersign\/([a-z-]+)["/]/.exec(program))?.[1]
  if (folder === undefined) return text
  const known = new Set(importsOf(program).match(/\w+/g))
  const imports = [folder, "auth-core"].map((each) => {
    const used = exportsOf(each).filter(
      ({ name }) => !known.has(name) && fragments.some(({ code }) => isNamedIn(code, name)),
    )
    for (const { name } of used) known.add(name)
    return used.length === 0
      ? ""
      : `import { ${used.map(({ entry }) => entry).join(", ")} } from "@countersign/${each}"`
  })
  return imports.filter((line) => line !== "").join("; ") + text
}

function isNamedIn(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text)
}

function importsOf(program: string): string {
  return program.match(/^import .*? from /gms)?.join("") ?? ""
}

/** The exports of a package: `createFetch`, or `type AuthFetch`. */
function exportsOf(folder: string): { name: string; entry: string }[] {
  const index = readFileSync(join(workspace, "packages", folder, "src/index.ts"), "utf8")
  return [...index.matchAll(/^export (type )?\{([^}]*)\}/gm)].flatMap(([, type = "", list = ""]) =>
    list
      .split(",")
      .map((entry) => entry.trim())
      .filter((entry) => entry !== "")
      .map((entry) => ({ entry: type + entry, name: entry.replace("type ", "") })),
  )
}
