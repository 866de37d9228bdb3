import { existsSync, globSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { describe, expect, it } from "vitest"

const workspace = join(import.meta.dirname, "../../..")
const read = (path: string): string => readFileSync(join(workspace, path), "utf8")
const documents = globSync(["docs/{architecture,hot-path}.md", "docs/decisions/*.md"], { cwd: workspace })
const records = documents.map((path) => path.replace("docs/decisions/", "")).filter((name) => !name.includes("/"))

/** Every path of the workspace that a text names in backticks: `packages/ky/src`, or a name that stands beside the one before. */
function namedPaths(text: string): string[] {
  let folder = ""
  return [
    ...text.matchAll(
      /`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mjs|cjs|md|json|jsonc|yml)|(?:packages|tools|docs|examples)\/[\w./-]+)`/g,
    ),
  ].map(([, path = ""]) => {
    if (path.includes("/")) folder = dirname(path)
    return existsSync(join(workspace, path)) ? path : join(folder, path)
  })
}

describe.each(documents)("%s", (document) => {
  const text = read(document)

  it("names files that exist", () => {
    expect(namedPaths(text).filter((path) => !existsSync(join(workspace, path)))).toEqual([])
  })

  it("links to files that exist", () => {
    const links = [...text.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = ""]) => join(dirname(document), path))
    expect(links.filter((path) => !existsSync(join(workspace, path)))).toEqual([])
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
})
