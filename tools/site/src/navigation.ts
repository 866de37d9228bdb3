import { readFileSync } from "node:fs"
import { join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { pagesFolder, sitePackages } from "./workspace.ts"

interface Entry {
  readonly text: string
  readonly link?: string
  readonly items?: readonly Entry[]
}

/** The links beside the pages, by the start of their address. They are read from the pages that were put together. */
export function navigation(): { sidebar: Record<string, Entry[]> } {
  const packages = sitePackages()
  const reference = packages.flatMap(({ entries }) =>
    entries.map(({ specifier }) => ({ text: specifier, link: `/api/${specifier}/` })),
  )
  return {
    sidebar: {
      "/": [
        { text: "Countersign", items: ["overview", ...FIRST].map((page) => entryOf(`${page}.md`)) },
        { text: "Guides", items: listedIn("guides/index.md") },
        { text: "Packages", items: packages.map(({ id, name }) => ({ text: name, link: `/packages/${id}` })) },
        {
          text: "How it works",
          items: [...pagesIn("*.md", ["index", "overview", ...FIRST]), entryOf("decisions/index.md")],
        },
      ],
      "/decisions/": [{ text: "Decisions", items: [entryOf("decisions/index.md"), ...listedIn("decisions/index.md")] }],
      "/api/": [{ text: "API reference", items: reference }],
    },
  }
}

const FIRST = ["start", "troubleshooting", "explain"]

/** The pages to which a page links in a list, in that order. */
function listedIn(page: string): Entry[] {
  const text = readFileSync(join(pagesFolder, page), "utf8")
  const links = [...text.matchAll(/\]\(\/([^)#]+)\)/g)].map(([, path = ""]) => path)
  return links.filter((path) => path.startsWith(page.replace("index.md", ""))).map((path) => entryOf(`${path}.md`))
}

function pagesIn(pattern: string, except: readonly string[] = []): Entry[] {
  return findFiles(pagesFolder, pattern)
    .filter((page) => !except.includes(page.replace(".md", "")))
    .map((page) => entryOf(page))
    .sort((a, b) => a.text.localeCompare(b.text))
}

function entryOf(page: string): Entry {
  const [, title = page] = /^# (.*)$/m.exec(readFileSync(join(pagesFolder, page), "utf8")) ?? []
  return { text: title.replaceAll("`", ""), link: `/${page.replace(/(?:index)?\.md$/, "")}` }
}
