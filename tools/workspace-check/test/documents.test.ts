import { existsSync, readFileSync } from "node:fs"
import { basename, dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")
const read = (path: string): string => readFileSync(join(workspace, path), "utf8")
const documents = findFiles(workspace, ["docs/{architecture,hot-path}.md", "docs/decisions/*.md"])
const records = documents.map((path) => path.replace("docs/decisions/", "")).filter((name) => !name.includes("/"))

/** The files and folders that a text names in backticks. */
function namedPaths(text: string): string[] {
  const names = text.matchAll(
    /`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|cjs|md|json|jsonc|yml)|(?:packages|tools|docs|examples)\/[\w./-]+)`/g,
  )
  return [...names].map(([, path = ""]) => path)
}

/** Those that are neither in the workspace, nor in the core, nor beside the one that was named before. */
function missing(paths: readonly string[]): string[] {
  let folder = ""
  return paths.filter((path) => {
    const found = [path, `packages/auth-core/src/${path}`, join(folder, path)].find((place) =>
      existsSync(join(workspace, place)),
    )
    if (found !== undefined) folder = dirname(found)
    return found === undefined
  })
}

/** The packages that the programs of a text import, and its `npm install` lines do not name. */
function notInstalled(text: string): string[] {
  const installed = [...text.matchAll(/^npm install (.*)/gm)].flatMap(([, line = ""]) => line.split(" "))
  const imported = [...text.matchAll(/^(?:import (?:.*? from )?|\} from )"([^"]+)"/gm)].map(([, name = ""]) => name)
  const packages = imported.map((name) =>
    name
      .split("/")
      .slice(0, name.startsWith("@") ? 2 : 1)
      .join("/"),
  )
  // A runtime brings its own modules, such as node:http.
  return packages.filter((name) => !name.includes(":") && !installed.includes(name))
}

describe.each(documents)("%s", (document) => {
  const text = read(document)

  it("names files that exist", () => {
    expect(missing(namedPaths(text))).toEqual([])
  })

  it("links to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => join(dirname(document), path))
    expect(links.filter((path) => !existsSync(join(workspace, path)))).toEqual([])
  })
})

describe("the README of each package", () => {
  const published = findFiles(workspace, "packages/*/package.json").filter(
    (path) => JSON.parse(read(path)).private !== true,
  )

  const readmes = published.map((path) => join(dirname(path), "README.md"))
  const blob = "https://github.com/countersign/countersign/blob/main/"

  it.each(readmes)("%s says how to see what happens", (readme) => {
    expect(read(readme)).toContain(`[See what happens to a request](${blob}docs/diagnostics.md)`)
  })

  it.each(readmes)("%s installs each package that its program imports", (readme) => {
    expect(notInstalled(read(readme))).toEqual([])
  })

  it.each(readmes)("%s has only links that work where packages are shown", (readme) => {
    const links = [...read(readme).matchAll(/\]\(([^)#]+)/g)].map(([, link = ""]) => link)
    expect(links.filter((link) => !link.startsWith("https://"))).toEqual([])
    const files = links.filter((link) => link.startsWith(blob)).map((link) => link.slice(blob.length))
    expect(files).toContain(`docs/packages/${basename(dirname(readme))}.md`)
    expect(files.filter((path) => !existsSync(join(workspace, path)))).toEqual([])
  })
})

describe("the guides", () => {
  it.each(findFiles(workspace, "docs/guides/*.md"))("%s installs each package that its programs import", (guide) => {
    expect(notInstalled(read(guide))).toEqual([])
  })
})

describe("docs/decisions", () => {
  const index = read("docs/decisions/README.md")

  it.each(records.filter((name) => name !== "README.md"))(
    "lists %s, which has context, decision and consequences",
    (name) => {
      expect(index).toContain(`](${name})`)
      const parts = [...read(`docs/decisions/${name}`).matchAll(/^## (.*)$/gm)].map(([, title]) => title)
      expect(parts).toEqual(expect.arrayContaining(["Context", "Decision", "Consequences"]))
    },
  )

  it("accounts for each line of the axios adapter", () => {
    const rows = read("docs/decisions/axios-range.md").matchAll(/`(packages\/axios\/src\/[\w-]+\.ts)` *\| (\d+) *\|$/gm)
    const accounted: Record<string, number> = {}
    for (const [, file = "", lines] of rows) accounted[file] = (accounted[file] ?? 0) + Number(lines)
    const files = findFiles(workspace, "packages/axios/src/*.ts")
    expect(accounted).toEqual(Object.fromEntries(files.map((file) => [file, read(file).split("\n").length - 1])))
  })
})
