import { copyFile, mkdir, readFile, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { readApi } from "./api-reference.ts"
import { withPictures } from "./diagram.ts"
import { withForms } from "./form-markers.ts"
import { homePage } from "./home-page.ts"
import { navigation } from "./navigation.ts"
import { pageOf, siteLinks } from "./site-links.ts"
import { withChoice } from "./start/start-page.ts"
import { pagesFolder, workspace } from "./workspace.ts"

/** Texts that become pages. */
const TEXTS = ["README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "docs/**/*.md"]
const PICTURES = ["docs/**/*.svg", "packages/*/docs/*.png"]

/** Front matter of pages. It is not in the texts, since a forge would show it. */
const SETTINGS: Readonly<Record<string, string>> = {
  // The choice hides most of what an outline would list.
  "start.md": "outline: false",
  "troubleshooting.md": "pageClass: refusals",
}

/** Puts the pages of the site together: the repository's texts, the API reference, and pages that only the site has. */
export async function assemblePages(): Promise<void> {
  await rm(pagesFolder, { recursive: true, force: true })
  const texts = findFiles(workspace, TEXTS)
  const pages = new Map(texts.map((path) => [path, pageOf(path)]))
  for (const [path, page] of pages) {
    const text = await readFile(join(workspace, path), "utf8")
    // nx writes each version at the top of the changelog, so the file has no title.
    const titled = page === "changelog.md" ? `# Changelog\n\n${text}` : text
    const linked = withPictures(siteLinks(titled, path, pages), `/${page.replace(".md", ".svg")}`)
    const settings = SETTINGS[page] === undefined ? "" : `---\n${SETTINGS[page]}\n---\n\n`
    await write(page, settings + (page === "start.md" ? withChoice(linked) : withForms(linked)))
  }
  // VitePress serves what is in this folder as it is.
  for (const path of findFiles(workspace, PICTURES)) await copy(join(workspace, path), `public/${pageOf(path)}`)
  const own = join(import.meta.dirname, "../pages")
  const home = await readFile(join(own, "index.md"), "utf8")
  await write("index.md", homePage(home, await readFile(join(workspace, "README.md"), "utf8")))
  const api = await readApi()
  if (api.faults.length > 0) throw new Error(`The comments of the public API have faults:\n${api.faults.join("\n")}`)
  await api.write(join(pagesFolder, "api"))
  await write("navigation.json", JSON.stringify(await navigation()))
}

async function write(path: string, text: string): Promise<void> {
  const file = join(pagesFolder, path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}

async function copy(from: string, path: string): Promise<void> {
  const file = join(pagesFolder, path)
  await mkdir(dirname(file), { recursive: true })
  await copyFile(from, file)
}
