import { readFile } from "node:fs/promises"
import { canonicalRequest } from "@countersign/auth-core"
import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { ask, askSigned, login, runningEmulator } from "../running-emulator.ts"
import { hasChromium, sharedChromium } from "./opened-page.ts"

/** The texts of the rows in view, cell by cell. */
function rows(page: Page): Promise<string[][]> {
  return page
    .locator("tbody tr[id]")
    .evaluateAll((all) => all.map((row) => Array.from(row.querySelectorAll("td"), (cell) => cell.textContent ?? "")))
}

function signedGet({ url, accounts }: Emulator, path: string): Promise<unknown> {
  return askSigned(url + path, accounts.partner.user.credentials)
}

describe.skipIf(!hasChromium)("the requests of the live view", { timeout: 60_000 }, () => {
  const opened = sharedChromium()

  it("shows each request as it arrives: target, client, caller, status, verdict", async () => {
    const { emulator, page, complaints } = await opened()
    expect(await page.getByText("Nothing yet.").isVisible()).toBe(true)
    await login(emulator)
    await askSigned(`${emulator.url}/v1/x?a=1`, emulator.accounts.partner.user.credentials, {
      headers: { "user-agent": "tester/1.0 (a comment)" },
    })
    await ask(`${emulator.url}/v1/y`)
    await page.getByText("3 requests").waitFor()
    expect((await rows(page)).map((cells) => cells.slice(1, 7))).toEqual([
      ["POST", "/v3/auth/tokens?nocatalog=1", "201", "ok", "partner-operator @ partner-account", "node"],
      ["GET", "/v1/x?a=1", "200", "ok", "partner-operator @ partner-account", "tester/1.0"],
      ["GET", "/v1/y", "401", "x-auth-token not found", "", "node"],
    ])
    expect(complaints).toEqual([])
  })

  it("shows a request before it is answered", async () => {
    const { emulator, page } = await opened()
    emulator.faults.delay(60_000)
    const waiting = signedGet(emulator, "/v1/slow").catch(() => undefined)
    await page.getByRole("gridcell", { name: "ok, fault: delay" }).waitFor()
    expect((await rows(page))[0]?.[3]).toBe("…")
    await emulator.close()
    await waiting
    await page.getByText("The emulator does not answer").waitFor()
  })

  it("reconnects after a restart of the emulator", async () => {
    const { emulator, page } = await opened()
    await signedGet(emulator, "/v1/before")
    await page.getByText("1 request", { exact: true }).waitFor()
    await emulator.close()
    await page.getByText("The emulator does not answer").waitFor()
    const restarted = await runningEmulator({ ui: true, port: Number(new URL(emulator.url).port) })
    await page.getByText("Live", { exact: true }).waitFor()
    await signedGet(restarted, "/v1/after")
    await expect.poll(async () => (await rows(page)).map((cells) => cells[2])).toEqual(["/v1/after"])
  })

  it("works with the keyboard: arrows move, Enter opens a request, Escape closes it", async () => {
    const { emulator, page } = await opened()
    for (const path of ["/v1/a", "/v1/b", "/v1/c"]) await signedGet(emulator, path)
    await page.getByText("3 requests").waitFor()
    const grid = page.getByRole("grid", { name: "Requests" })
    await page.getByRole("button", { name: "Export HAR" }).focus()
    await page.keyboard.press("Tab")
    expect(await grid.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press("Home")
    await page.keyboard.press("ArrowDown")
    const active = page.locator(`#${await grid.getAttribute("aria-activedescendant")}`)
    expect([await active.getAttribute("aria-selected"), await active.getAttribute("aria-rowindex")]).toEqual([
      "true",
      "3",
    ])
    await page.keyboard.press("Enter")
    const heading = page.getByRole("heading", { name: "GET /v1/b" })
    await expect.poll(() => heading.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press("Escape")
    await expect.poll(() => grid.evaluate((element) => element === document.activeElement)).toBe(true)
    expect(await heading.count()).toBe(0)
  })

  it("shows the signed request beside the one that arrived, with the difference marked and named", async () => {
    const { emulator, page } = await opened()
    await askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials, {
      method: "POST",
      body: '{"a":1}',
      sent: '{"a": 1}',
    })
    await page.getByRole("gridcell", { name: "verify aksk signature fail" }).click()
    await page.getByText("the same JSON was signed with other white space").waitFor()
    expect(await page.locator(".explanation .tag").allTextContents()).toEqual(["body-changed", "certain", "body"])
    const differing = page.locator("tr.differs")
    expect(await differing.getByRole("rowheader").allTextContents()).toEqual(["Body hashdiffers"])
    const [signed = "", arrived = ""] = await differing.getByRole("cell").allTextContents()
    expect(signed).toMatch(/^[0-9a-f]{64}$/)
    expect(arrived).toMatch(/^[0-9a-f]{64}$/)
    expect(signed).not.toBe(arrived)
    expect(await differing.locator("mark").count()).toBe(2)
    expect(await page.locator(".comparison").getByRole("row", { name: "Signed headers" }).count()).toBe(1)
    expect(await page.locator("pre", { hasText: '"error_code":"APIGW.0301"' }).count()).toBe(1)
    const steps = await page.locator(".steps li").allTextContents()
    expect(steps.map((step) => /passed|failed|not reached/.exec(step)?.[0])).toEqual([
      ...Array.from({ length: 5 }, () => "passed"),
      "failed",
    ])
  })

  it("compares with a pasted canonical request if no usual change explains the signature", async () => {
    const { emulator, page } = await opened()
    const url = `${emulator.url}/v1/x`
    await askSigned(url, emulator.accounts.partner.user.credentials, { method: "POST", body: "one", sent: "two" })
    await page.getByRole("gridcell", { name: "verify aksk signature fail" }).click()
    const date = new Date()
    await page
      .getByRole("textbox", { name: "Paste what canonicalRequest() gives" })
      .fill(canonicalRequest({ method: "POST", url, body: "one" }, { date }))
    const differing = page.locator("tr.differs").getByRole("rowheader")
    await expect.poll(() => differing.allTextContents()).toContain("Body hashdiffers")
  })

  it("filters by words, part and verdict", async () => {
    const { emulator, page } = await opened()
    await login(emulator)
    await signedGet(emulator, "/v1/orders")
    await signedGet(emulator, "/v1/servers")
    await ask(`${emulator.url}/v1/orders`)
    await page.getByText("4 requests").waitFor()
    const targets = async (): Promise<string[]> => (await rows(page)).map((cells) => `${cells[2]} ${cells[3]}`)
    const words = page.getByRole("searchbox", { name: "Filter by words" })
    await words.fill("ORDERS operator")
    await expect.poll(targets).toEqual(["/v1/orders 200"])
    expect(await page.locator(".count").textContent()).toBe("1 of 4 requests")
    await words.fill("")
    await page.getByRole("combobox", { name: "Part" }).selectOption("IAM")
    await expect.poll(targets).toEqual(["/v3/auth/tokens?nocatalog=1 201"])
    await page.getByRole("combobox", { name: "Part" }).selectOption("All parts")
    await page.getByRole("checkbox", { name: "Only refused" }).check()
    await expect.poll(targets).toEqual(["/v1/orders 401"])
  })

  it("pauses, resumes with the missed requests, and clears", async () => {
    const { emulator, page } = await opened()
    await signedGet(emulator, "/v1/a")
    await page.getByText("1 request", { exact: true }).waitFor()
    await page.getByRole("button", { name: "Pause" }).click()
    await page.getByText("Paused").waitFor()
    await signedGet(emulator, "/v1/b")
    expect(await rows(page)).toHaveLength(1)
    await page.getByRole("button", { name: "Resume" }).click()
    await page.getByText("2 requests").waitFor()
    await page.getByRole("button", { name: "Clear" }).click()
    await page.getByText("Nothing yet.").waitFor()
    expect(await page.getByText("The list is empty.").isVisible()).toBe(true)
    await signedGet(emulator, "/v1/c")
    await expect.poll(async () => (await rows(page)).map((cells) => cells[2])).toEqual(["/v1/c"])
    await page.getByRole("button", { name: "Pause" }).click()
    await page.getByText("Paused").waitFor()
    await page.getByRole("button", { name: "Clear" }).click()
    await page.getByText("Nothing yet.").waitFor()
  })

  it("exports the filtered requests as HAR", async () => {
    const { emulator, page } = await opened()
    await signedGet(emulator, "/v1/a")
    await signedGet(emulator, "/v1/b")
    await page.getByText("2 requests").waitFor()
    await page.getByRole("searchbox").fill("/v1/b")
    await page.getByText("1 of 2 requests").waitFor()
    const download = page.waitForEvent("download")
    await page.getByRole("button", { name: "Export HAR" }).click()
    const file = await download
    expect(file.suggestedFilename()).toBe("countersign.har")
    const { log } = JSON.parse(await readFile(await file.path(), "utf8")) as { log: { entries: unknown[] } }
    expect(log.entries).toMatchObject([{ request: { url: `${emulator.url}/v1/b` }, _verdict: "ok" }])
  })
})
