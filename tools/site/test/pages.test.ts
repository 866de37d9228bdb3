import { existsSync, readFileSync } from "node:fs"
import { join, posix } from "node:path"
import { findFiles } from "@countersign/tools-shared/find-files"
import { describe, expect, it } from "vitest"
import { readApi } from "../src/api-reference.ts"
import { diagramIn, sourceMark } from "../src/diagram.ts"
import { startPage } from "../src/start/start-page.ts"
import { packagesVersion, repositoryAddress, siteFolder, sitePackages, workspace } from "../src/workspace.ts"

const files = findFiles(siteFolder, "**/*.html").filter((file) => file !== "404.html")
const pages = new Map(files.map((file) => [addressOf(file), readFileSync(join(siteFolder, file), "utf8")]))

function addressOf(file: string): string {
  return `/${file.replace(/(?:index)?\.html$/, "")}`
}

const anchorsOf = (html: string): Set<string> =>
  new Set([...html.matchAll(/ (?:id|name)="([^"]+)"/g)].map(([, id = ""]) => id.replaceAll("&amp;", "&")))

describe("the site", () => {
  it("has a page for each package, each of its entries, and each text of docs", () => {
    const wanted = sitePackages().flatMap(({ id, entries }) => [
      `/packages/${id}`,
      ...entries.map(({ specifier }) => `/api/${specifier}/`),
    ])
    const texts = findFiles(workspace, "docs/*.md").map((path) => path.replace(/^docs(.*)\.md$/, "$1"))
    expect([...wanted, ...texts].filter((page) => !pages.has(page))).toEqual([])
  })

  it("has a title on each text", () => {
    const texts = [...pages].filter(([address]) => address !== "/" && !address.startsWith("/api/"))
    expect(texts.filter(([, html]) => !html.includes("<h1 ")).map(([address]) => address)).toEqual([])
  })

  it("links to pages and headings that exist", () => {
    const broken: string[] = []
    for (const [address, html] of pages) {
      for (const [, link = ""] of html.matchAll(/<(?:a|img|link|script)\b[^>]* (?:href|src)="([^"]*)"/g)) {
        if (/^(?:[a-z]+:|\/\/)/.test(link)) continue
        const [path = "", anchor] = link.split("#")
        const target =
          path === "" ? address : posix.join(path.startsWith("/") ? "/" : posix.dirname(`${address}x`), path)
        const page = pages.get(target)
        if (page === undefined && !existsSync(join(siteFolder, target))) broken.push(`${address}: ${link}`)
        if (page !== undefined && anchor && !anchorsOf(page).has(decodeURIComponent(anchor))) {
          broken.push(`${address}: ${link}`)
        }
      }
    }
    expect(broken).toEqual([])
  })

  it("greets with a program, the version and the repository", () => {
    const home = readFileSync(join(siteFolder, "index.html"), "utf8")
    expect(home.replace(/<[^>]*>/g, "")).toContain("const auth = akskAuth(envCredentials())")
    expect(home).toContain(`Version ${packagesVersion()}`)
    expect(home).toContain(`href="${repositoryAddress()}"`)
  })

  it("names no file of another host: no font, script or picture", () => {
    const foreign = findFiles(siteFolder, "**/*.{html,css}").filter((file) =>
      /(?:<(?:script|link|img|iframe)\b[^>]* (?:src|href)="|url\(|@import )["']?(?:https?:)?\/\//.test(
        readFileSync(join(siteFolder, file), "utf8"),
      ),
    )
    expect(foreign).toEqual([])
  })

  it("shows the diagram of the text beside it (if the text changed: npm run diagram -w tools/site)", () => {
    const text = readFileSync(join(workspace, "docs/architecture.md"), "utf8")
    const [mark] = readFileSync(join(workspace, "docs/architecture.svg"), "utf8").split("\n")
    expect(mark).toBe(sourceMark(diagramIn(text)))
  })
})

describe("docs/start.md", () => {
  it("is what the clients and ways make (if they changed: npm run start-page)", () => {
    expect(readFileSync(join(workspace, "docs/start.md"), "utf8")).toBe(startPage())
  })

  it("has a program for each package that authenticates a client", () => {
    const programs = startPage()
    const adapters = sitePackages().filter(({ id }) => {
      // A command line has no API.
      const api = join(workspace, "packages", id, "test/public-api.txt")
      return existsSync(api) && /function (?:withAuth|createFetch)[<(]/.test(readFileSync(api, "utf8"))
    })
    expect(adapters.length).toBeGreaterThan(4)
    expect(adapters.filter(({ name }) => !programs.includes(`"${name}"`))).toEqual([])
  })
})

describe("the API reference", () => {
  it("needs a comment at every item", { timeout: 60_000 }, async () => {
    const source = join(import.meta.dirname, "undocumented/index.ts")
    const [core] = sitePackages().flatMap(({ entries }) =>
      entries.filter(({ specifier }) => specifier.endsWith("/sm3")),
    )
    if (core === undefined) throw new Error("The core has no entry for SM3.")
    const { faults } = await readApi([core, { specifier: "undocumented", source }])
    expect(faults.map((fault) => fault.replace(/, defined.*/, "")).sort()).toEqual([
      "undocumented.LIMIT (Variable)",
      "undocumented.Options (Interface)",
      "undocumented.Options.limit (Property)",
      "undocumented.limited (CallSignature)",
    ])
  })
})
