// Draws docs/architecture.svg from the Mermaid text of docs/architecture.md. A forge draws the text on its own. Mermaid is not among
// the dependencies, since it is larger than all of them, and the text seldom changes.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { installPackages } from "@countersign/tools-shared/install-packages"
import { chromium } from "playwright-core"
import { diagramIn, sourceMark } from "./diagram.ts"
import { workspace } from "./workspace.ts"

interface Mermaid {
  initialize(options: object): void
  render(id: string, text: string): Promise<{ svg: string }>
}

const source = diagramIn(await readFile(join(workspace, "docs/architecture.md"), "utf8"))
const folder = await mkdtemp(join(tmpdir(), "countersign-diagram-"))
await installPackages(folder, { dependencies: { mermaid: "^12.3.0" } })
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
  args: ["--no-sandbox"],
})
const page = await browser.newPage()
await page.addScriptTag({ path: join(folder, "node_modules/mermaid/dist/mermaid.min.js") })
const svg = await page.evaluate(async (text) => {
  const { mermaid } = globalThis as unknown as { mermaid: Mermaid }
  mermaid.initialize({
    startOnLoad: false,
    flowchart: { wrappingWidth: 320 },
    theme: "neutral",
    htmlLabels: false,
    fontFamily: "system-ui, sans-serif",
  })
  return (await mermaid.render("diagram", text)).svg
}, source)
await browser.close()
await rm(folder, { recursive: true })
await writeFile(join(workspace, "docs/architecture.svg"), `${sourceMark(source)}\n${svg}\n`)
