import { readFileSync } from "node:fs"
import { join } from "node:path"
import { AxeBuilder } from "@axe-core/playwright"
import { hasSystemTool } from "@countersign/testkit"
import { findFiles } from "@countersign/tools-shared/find-files"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { siteFolder } from "../src/workspace.ts"
import { serveSite } from "./serve-site.ts"

const files = findFiles(siteFolder, "**/*.html").filter((file) => file !== "404.html")
const pages = files.map((file) => `/${file.replace(/(?:index)?\.html$/, "")}`).sort()

/** One page of each kind. Long ones have nothing that these lack. */
const KINDS = [
  "/",
  "/start",
  "/guides/which-method",
  "/packages/opentelemetry",
  "/architecture",
  "/decisions/",
  "/api/@countersign/opentelemetry/",
  "/api/@countersign/auth-core/interfaces/TokenCacheOptions",
]

/** Waits until the page's own program runs. */
async function started(page: Page): Promise<void> {
  await page.waitForFunction(() => "__vue_app__" in (document.querySelector("#app") ?? {}))
}

describe.skipIf(!hasSystemTool("chromium"))("the site in Chromium", { timeout: 600_000 }, () => {
  let browser: Browser
  let site: Awaited<ReturnType<typeof serveSite>>
  beforeAll(async () => {
    site = await serveSite()
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    })
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    site.close()
  })

  /** A page, and what it complains of: errors, and requests to other hosts. */
  async function open(options: BrowserContextOptions = {}): Promise<{ page: Page; complaints: string[] }> {
    const context = await browser.newContext(options)
    const page = await context.newPage()
    const complaints: string[] = []
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(`${page.url()}: ${message.text()}`)
    })
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`))
    page.on("request", (request) => {
      if (!/^(?:data|blob):/.test(request.url()) && new URL(request.url()).origin !== site.origin) {
        complaints.push(`${page.url()} calls ${request.url()}`)
      }
    })
    return { page, complaints }
  }

  it("fits a phone on every page", async () => {
    // Hundreds of pages of the API differ in their text alone, so one document shows each in turn.
    const { page } = await open({ viewport: { width: 360, height: 740 }, javaScriptEnabled: false })
    await page.goto(`${site.origin}/api/@countersign/opentelemetry/`)
    const wide: string[] = []
    for (const file of files) {
      const width = await page.evaluate(
        (html) => {
          document.body.replaceWith(new DOMParser().parseFromString(html, "text/html").body)
          return document.documentElement.scrollWidth
        },
        readFileSync(join(siteFolder, file), "utf8"),
      )
      if (width > 360) wide.push(`${file} is ${width} px wide`)
    }
    expect(wide).toEqual([])
    await page.context().close()
  })

  it("runs on every text without an error or a request to another host", async () => {
    const { page, complaints } = await open({ viewport: { width: 360, height: 740 } })
    for (const address of pages.filter((each) => !each.startsWith("/api/@") || KINDS.includes(each))) {
      await page.goto(site.origin + address)
      await started(page)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)
      if (width > 360) complaints.push(`${address} is ${width} px wide`)
    }
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it.each(["light", "dark"] as const)("passes axe in %s colours", async (colorScheme) => {
    const { page } = await open({ colorScheme, reducedMotion: "reduce" })
    const found: string[] = []
    for (const address of KINDS) {
      await page.goto(site.origin + address)
      await started(page)
      // Of the programs of a page, one stands for all: they differ in their words.
      const axe = new AxeBuilder({ page }).exclude('[data-way]:not([data-client="axios"][data-way="aksk"])')
      // The other rules do not depend on the colours.
      if (colorScheme === "dark") axe.withRules(["color-contrast"])
      const { violations } = await axe.analyze()
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical")
      found.push(
        ...serious.map(({ id, nodes }) => `${address}: ${id} at ${nodes.slice(0, 3).map(({ target }) => target)}`),
      )
    }
    expect(found).toEqual([])
    await page.context().close()
  })

  it("finds a message of the gateway, without asking anybody", async () => {
    const { page, complaints } = await open({ viewport: { width: 1200, height: 800 } })
    await page.goto(site.origin)
    await page.getByRole("button", { name: "Search" }).click()
    await page.getByRole("searchbox").fill("verify aksk signature fail")
    await page
      .getByRole("option", { name: /Troubleshooting|refused/ })
      .first()
      .waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  })

  it("shows the program of the chosen client and way, to be copied", async () => {
    const { page } = await open({ permissions: ["clipboard-read", "clipboard-write"] })
    await page.goto(`${site.origin}/start`)
    await started(page)
    const program = page.locator("[data-way] pre:visible")
    expect(await program.allTextContents()).toEqual([expect.stringContaining("akskAuth(envCredentials())")])
    await page.getByLabel("Client or framework").selectOption("Next.js")
    await page.getByLabel("Way to authenticate").selectOption("Token")
    expect(await program.count()).toBe(1)
    await page.locator("[data-way] button.copy:visible").click()
    const copied = await page.evaluate(() => navigator.clipboard.readText())
    expect(copied).toContain("export async function GET()")
    expect(copied).toContain("passwordToken(")
    expect(page.url()).toContain("client=nextjs&auth=token")
    await page.goto(`${site.origin}/start#deno-token`)
    await started(page)
    expect(await page.getByLabel("Client or framework").inputValue()).toBe("deno")
    await page.context().close()
  })

  it("shows the choices of the start as choices, without an outline", async () => {
    const { page } = await open({ viewport: { width: 1400, height: 800 } })
    await page.goto(`${site.origin}/start`)
    await started(page)
    for (const select of await page.locator(".start-choice select").all()) {
      expect(await select.evaluate((element) => getComputedStyle(element).backgroundImage)).toContain("svg")
    }
    expect(await page.locator(".VPDocAsideOutline:visible").count()).toBe(0)
    await page.goto(`${site.origin}/troubleshooting`)
    await page.locator(".VPDocAsideOutline:visible").waitFor()
    await page.context().close()
  })

  it("shows the whole text of each refusal on a phone", async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 } })
    await page.goto(`${site.origin}/troubleshooting`)
    const cut = await page.evaluate(() => {
      const [table] = document.querySelectorAll("table")
      const { left = 0, right = 0 } = table?.getBoundingClientRect() ?? {}
      const cells = [...(table?.querySelectorAll("td:nth-child(3)") ?? [])]
      const isCut = (cell: Element): boolean => {
        const range = document.createRange()
        range.selectNodeContents(cell)
        return [...range.getClientRects()].some((line) => line.left < left || line.right > right)
      }
      return { cells: cells.length, cut: cells.filter(isCut).map(({ textContent }) => textContent) }
    })
    expect(cut).toEqual({ cells: expect.any(Number), cut: [] })
    expect(cut.cells).toBeGreaterThan(20)
    await page.context().close()
  })

  it("shows pictures on a phone in a size to be read, without a white frame in the dark", async () => {
    const { page } = await open({ viewport: { width: 360, height: 740 }, colorScheme: "dark" })
    for (const [address, least] of [
      ["/architecture", 900],
      ["/performance", 600],
      ["/simulation", 600],
    ] as const) {
      await page.goto(site.origin + address)
      for (const picture of await page.locator('.vp-doc img[src$=".svg"]').all()) {
        const { width, background } = await picture.evaluate((image) => {
          return { width: image.clientWidth, background: getComputedStyle(image).backgroundColor }
        })
        expect(width, address).toBeGreaterThan(least)
        expect(background, address).toBe("rgba(0, 0, 0, 0)")
        expect(await picture.evaluate((image) => image.closest("p")?.scrollWidth ?? 0)).toBeGreaterThan(360)
      }
    }
    await page.context().close()
  })

  it.each([
    ["proxy", "/guides/proxy"],
    ["verify aksk signature fail", "/troubleshooting"],
  ])("finds for %s first %s", async (query, address) => {
    const { page } = await open({ viewport: { width: 1200, height: 800 } })
    await page.goto(site.origin)
    await page.getByRole("button", { name: "Search" }).click()
    await page.getByRole("searchbox").fill(query)
    const first = page.locator(".VPLocalSearchBox .result").first()
    await first.waitFor()
    await expect.poll(() => first.getAttribute("href")).toMatch(new RegExp(`^${address}(?:#|$)`))
    await page.context().close()
  })

  it("lets a missing page say so without a complaint about its policy", async () => {
    const { page, complaints } = await open()
    await page.goto(`${site.origin}/guides/no-such-guide`)
    await page.getByText("PAGE NOT FOUND").waitFor()
    await page.waitForLoadState("networkidle")
    // The browser reports the status of the page itself.
    expect(complaints.filter((complaint) => !complaint.includes("status of 404"))).toEqual([])
    await page.context().close()
  })

  it("shows pictures in the colours of the page, where the machine has others", async () => {
    const { page } = await open({ colorScheme: "dark" })
    await page.addInitScript(() => localStorage.setItem("vitepress-theme-appearance", "light"))
    await page.goto(`${site.origin}/simulation`)
    await started(page)
    const scheme = await page
      .locator('.vp-doc img[src$=".svg"]')
      .evaluate((image) => getComputedStyle(image).colorScheme)
    expect(scheme).toBe("light")
    await page.context().close()
  })

  it("changes its colours", async () => {
    const { page } = await open({ colorScheme: "light", viewport: { width: 1400, height: 800 } })
    await page.goto(`${site.origin}/overview`)
    const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    expect(await background()).toBe("rgb(255, 255, 255)")
    await page.getByRole("switch").first().click()
    await expect.poll(background).toBe("rgb(27, 27, 31)")
    await page.context().close()
  })
})
