import { createHash, createHmac } from "node:crypto"
import { AxeBuilder } from "@axe-core/playwright"
import { sign } from "@countersign/auth-core"
import { hasSystemTool } from "@countersign/testkit"
import { type Browser, chromium, type Locator, type Page } from "playwright-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Entered, headerLine, REFUSAL_FORMS, REQUEST_FORMS, refusedRequests } from "./refused-requests.ts"
import { serveSite } from "./serve-site.ts"

const KEY = { accessKeyId: "AKEXAMPLE0000000000A", secretAccessKey: "sk-that-must-not-leave-the-page" }

function inTurn<T>(forms: Readonly<Record<string, T>>, index: number): [name: string, form: T] {
  const entries = Object.entries(forms)
  return entries[index % entries.length] ?? expect.unreachable()
}

/** Runs in the page. Enters each case as by hand, and returns cause, place and mark that the page shows for it. */
async function enterEach(cases: readonly Entered[]): Promise<string[]> {
  const shown: string[] = []
  for (const entered of cases) {
    for (const [label, value] of entered) {
      const labels = [...document.querySelectorAll(".tool-form label")]
      const control = labels
        .find(({ textContent }) => textContent?.trim().startsWith(label))
        ?.querySelector<HTMLInputElement>("input, textarea, select")
      if (control?.type === "radio") control.click()
      else if (control) control.value = value
      for (const event of ["input", "change"]) control?.dispatchEvent(new Event(event, { bubbles: true }))
      await new Promise((resolve) => setTimeout(resolve))
    }
    const parts = [".cause", ".where", "tr.different .verdict"]
    shown.push(parts.map((part) => document.querySelector(part)?.textContent?.trim()).join())
  }
  return shown
}

describe.skipIf(!hasSystemTool("chromium"))("the page that explains a refusal", { timeout: 120_000 }, () => {
  let browser: Browser
  let site: Awaited<ReturnType<typeof serveSite>>
  let page: Page
  /** Errors, and requests after the page was loaded. */
  const complaints: string[] = []

  beforeAll(async () => {
    site = await serveSite()
    browser = await chromium.launch({
      executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
      args: ["--no-sandbox"],
    })
    const context = await browser.newContext({ viewport: { width: 360, height: 740 }, reducedMotion: "reduce" })
    page = await context.newPage()
    page.on("pageerror", ({ message }) => complaints.push(message))
    await page.goto(`${site.origin}/explain`, { waitUntil: "networkidle" })
    await page.waitForFunction(() => "__vue_app__" in (document.querySelector("#app") ?? {}))
    page.on("request", (request) => complaints.push(`calls ${request.url()}`))
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    site.close()
  })

  const field = (label: string): Locator => page.getByLabel(label, { exact: true })

  it("works by keyboard, and shows where the two canonical requests differ", async () => {
    await field("Refusal").focus()
    await page.keyboard.press("Tab")
    await page.keyboard.press("ArrowDown")
    expect(await field("Fill it in").isChecked()).toBe(true)
    await page.keyboard.press("ArrowUp")
    await page.keyboard.press("Tab")
    await page.keyboard.type("no request")
    expect(await page.getByText("This is no request: it must start with").count()).toBe(1)
    await page.keyboard.press("Tab")
    await page.keyboard.press("Enter")
    expect(await page.getByRole("status").first().textContent()).toContain("query")
    const [row, ...others] = await page.locator("tr.different").all()
    expect(others).toEqual([])
    expect(await row?.locator("th").textContent()).toMatch(/^\s*Query/)
    expect(await row?.locator(".verdict").allTextContents()).toEqual(["differs", "query-encoded-otherwise"])
    expect(await row?.locator("mark").allTextContents()).toEqual(["0", "B"])
    expect(await page.getByText("This is no request").count()).toBe(0)
  })

  it("names the cause of every known change, whatever form the refusal and the request have", async () => {
    const cases = await refusedRequests()
    const forms = cases.map((refused, index) => {
      const [refusal, textOf] = inTurn(REFUSAL_FORMS, index)
      const [request, enteredAs] = inTurn(REQUEST_FORMS, index)
      const entered: Entered = [["Refusal", textOf(refused)], ...enteredAs(refused.request)]
      return { forms: `${refusal}, ${request}`, entered }
    })
    const shown = await page.evaluate(
      enterEach,
      forms.map(({ entered }) => entered),
    )
    const wrong = cases.flatMap(({ name, cause, where }, index) => {
      // Browsers have no synchronous compression.
      const named = cause === "body-compressed" ? "body-changed" : cause
      const expected = [named, where, "differs"].join()
      return shown[index] === expected ? [] : `${name} (${forms[index]?.forms}): ${shown[index]} for ${expected}`
    })
    expect(wrong).toEqual([])
    expect(cases.length).toBeGreaterThanOrEqual(60)
  })

  it("asks for the request where only a refusal was pasted", async () => {
    await field("Paste it").check()
    await field("Request").fill("")
    await field("Refusal").fill(
      '{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: verify aksk signature fail"}',
    )
    expect(await page.locator(".cause").textContent()).toBe("signature-mismatch")
    expect(await page.locator("dd.fix").textContent()).toMatch(/^Paste the request too, as your program signed it, so/)
    await field("Refusal").fill('{"error_code":"IAM.0061","error_msg":"Account locked."}')
    expect(await page.locator("dl").textContent()).not.toContain("`")
  })

  it.each(["hello", "What is wrong with it?", "<p>200 files</p>"])("finds no refusal in %s", async (text) => {
    await field("Refusal").fill(text)
    expect(await page.getByRole("status").first().textContent()).toMatch(/^No refusal was found in the text/)
    expect(await page.getByText("It fails again unchanged.").count()).toBe(0)
    await field("Refusal").fill("")
  })

  it("makes a signature step by step", async () => {
    const request = { method: "PUT", url: "https://ecs.myhuaweicloud.com/v1/two%20words?b=2&a=1", body: "größe" }
    await page.getByLabel("Method").last().selectOption(request.method)
    await field("URL").last().fill(request.url)
    await field("Headers, one in each line").last().fill("X-Project-Id: p1")
    await field("Body").last().fill(request.body)
    const date = field("X-Sdk-Date, UTC")
    expect(await date.inputValue()).toMatch(/^\d{8}T\d{6}Z$/)
    await date.fill("yesterday")
    expect(await page.getByRole("status").last().textContent()).toContain("x-sdk-date must be a UTC time")
    await date.fill("20261129T100000Z")
    expect(await page.getByText("Enter the AK and the SK.").count()).toBe(2)
    await field("Access key ID (AK)").fill(KEY.accessKeyId)
    const secret = field("Secret access key (SK)")
    await secret.fill(KEY.secretAccessKey)
    const [canonical = "", hash, toSign = "", signature, headers] = await page
      .locator(".signature-steps pre")
      .allTextContents()
    expect(canonical.split("\n").slice(0, 3)).toEqual(["PUT", "/v1/two%20words/", "a=1&b=2"])
    expect(hash).toBe(createHash("sha256").update(canonical).digest("hex"))
    expect(toSign.split("\n")).toEqual(["SDK-HMAC-SHA256", "20261129T100000Z", hash])
    expect(signature).toBe(createHmac("sha256", KEY.secretAccessKey).update(toSign).digest("hex"))
    const headersToSign = { "x-project-id": "p1", "x-sdk-date": "20261129T100000Z" }
    const signed = sign({ ...request, headers: headersToSign }, KEY)
    expect(headers?.split("\n")).toEqual(Object.entries(signed).map(headerLine))
    expect(await secret.getAttribute("type")).toBe("password")
    expect(await secret.getAttribute("autocomplete")).toBe("off")
    expect(await secret.getAttribute("name")).toBeNull()
  })

  it.each(["light", "dark"] as const)("passes axe in %s colours, and fits a phone", async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction(
      (dark) => document.documentElement.classList.contains("dark") === dark,
      colorScheme === "dark",
    )
    // The rest of the page is that of all others.
    const axe = new AxeBuilder({ page }).include("main")
    // The other rules do not depend on the colours.
    if (colorScheme === "dark") axe.withRules(["color-contrast"])
    const { violations } = await axe.analyze()
    const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical")
    expect(serious.map(({ id, nodes }) => `${id} at ${nodes.map(({ target }) => target)}`)).toEqual([])
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(360)
  })

  it("sends and stores nothing, and may not connect to anything", async () => {
    expect(complaints).toEqual([])
    const kept = await page.evaluate(() =>
      JSON.stringify([
        { ...localStorage },
        { ...sessionStorage },
        location.href,
        history.state,
        document.cookie,
        window.name,
      ]),
    )
    for (const text of [KEY.secretAccessKey, KEY.accessKeyId, "APIGW"]) expect(kept).not.toContain(text)
    expect(await page.context().cookies()).toEqual([])
    expect(await page.evaluate(() => indexedDB.databases())).toEqual([])
    const refused = await page.evaluate(async () => {
      const blocked: string[] = []
      document.addEventListener("securitypolicyviolation", ({ effectiveDirective }) => blocked.push(effectiveDirective))
      await fetch("/").catch(() => {})
      navigator.sendBeacon("/", "x")
      await new Promise((resolve) => setTimeout(resolve, 50))
      return blocked
    })
    expect(refused).toEqual(["connect-src", "connect-src"])
    expect(complaints).toEqual([])
  })
})
