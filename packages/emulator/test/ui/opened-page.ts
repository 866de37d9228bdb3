import { hasSystemTool } from "@countersign/testkit"
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core"
import { afterAll, beforeAll, onTestFinished } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { runningEmulator } from "../running-emulator.ts"

/** Whether the system has Chromium. */
export const hasChromium = hasSystemTool("chromium")

/** The live view of an emulator, open in Chromium. */
export interface OpenedPage {
  readonly emulator: Emulator
  readonly page: Page
  /** Errors on the console, and requests to other origins. */
  readonly complaints: readonly string[]
}

/** Returns a function that opens the view of a new emulator, in one browser for all tests of the file. */
export function sharedChromium(): (options?: BrowserContextOptions) => Promise<OpenedPage> {
  let browser: Browser | undefined
  beforeAll(async () => {
    if (hasChromium)
      browser = await chromium.launch({
        executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
        args: ["--no-sandbox"],
      })
  }, 60_000)
  afterAll(() => browser?.close())
  return async (options) => {
    if (browser === undefined) throw new Error("Chromium does not run.")
    const emulator = await runningEmulator({ ui: true })
    const context = await browser.newContext({ viewport: { width: 1400, height: 850 }, ...options })
    onTestFinished(() => context.close())
    const page = await context.newPage()
    const complaints: string[] = []
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    page.on("pageerror", (error) => complaints.push(error.message))
    page.on("request", (request) => {
      if (new URL(request.url()).origin !== emulator.url) complaints.push(`calls ${request.url()}`)
    })
    await page.goto(`${emulator.url}/-/`)
    await page.getByText("Live", { exact: true }).waitFor()
    return { emulator, page, complaints }
  }
}
