import { connect } from "node:net"
import { AxeBuilder } from "@axe-core/playwright"
import type { Page } from "playwright-core"
import { describe, expect, it, onTestFinished } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { askSigned, login, runningEmulator } from "../running-emulator.ts"
import { hasChromium, sharedChromium } from "./opened-page.ts"

const TABS = ["Requests", "IAM time line", "Accounts", "Faults and clock"]

/** A connection that sends a hundred requests at a time. */
function load({ url }: Emulator): (paths: readonly string[]) => void {
  const { hostname, port, host } = new URL(url)
  const socket = connect(Number(port), hostname)
  socket.resume()
  onTestFinished(() => void socket.destroy())
  return (paths) => void socket.write(paths.map((path) => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\n\r\n`).join(""))
}

/** Gives the longest time without a new frame from now on, in milliseconds, when it is asked. */
async function watchFrames(page: Page): Promise<() => Promise<number>> {
  const watch = await page.evaluateHandle(() => {
    let last = performance.now()
    let longest = 0
    const frame = (): void => {
      const now = performance.now()
      longest = Math.max(longest, now - last)
      last = now
      requestAnimationFrame(frame)
    }
    frame()
    return { longest: () => longest }
  })
  return () => watch.evaluate(({ longest }) => longest())
}

/** How long the machine lets another page of the browser wait, which does nothing: ours is not to blame for that. */
async function watchMachine(page: Page): Promise<() => Promise<number>> {
  const idle = await page.context().newPage()
  const watch = await idle.evaluateHandle(() => {
    const program = `
      let [last, longest] = [performance.now(), 0]
      setInterval(() => {
        const now = performance.now()
        longest = Math.max(longest, now - last)
        last = now
      }, 50)
      onmessage = () => postMessage(longest)`
    const worker = new Worker(URL.createObjectURL(new Blob([program])))
    const longest = (): Promise<number> =>
      new Promise((resolve) => {
        worker.onmessage = ({ data }) => resolve(data)
        worker.postMessage("")
      })
    return { longest }
  })
  await page.bringToFront()
  return () => watch.evaluate(({ longest }) => longest())
}

/** Requests of each kind, one of them selected. */
async function fill({ url, accounts, ...emulator }: Emulator, page: Page): Promise<void> {
  await login({ url, accounts, ...emulator })
  await login({ url, accounts, ...emulator }, { name: "partner-operator", password: "wrong" })
  const key = accounts.partner.user.credentials
  await askSigned(`${url}/v1/servers?limit=10`, key)
  await askSigned(`${url}/v1/servers`, key, { method: "POST", body: '{"a":1}', sent: '{"a": 1}' })
  emulator.faults.status(503, { times: 1 })
  emulator.faults.delay(5)
  await askSigned(`${url}/v1/servers`, key)
  await page.getByText("5 requests").waitFor()
  await page.getByRole("gridcell", { name: "verify aksk signature fail" }).click()
  await page.getByText("Why it was refused").waitFor()
}

describe.skipIf(!hasChromium)("the page of the live view", { timeout: 150_000 }, () => {
  const opened = sharedChromium()

  it.each(["light", "dark"] as const)("passes axe in %s colours", async (colorScheme) => {
    const { emulator, page } = await opened({ colorScheme })
    await fill(emulator, page)
    for (const tab of TABS) {
      await page.getByRole("tab", { name: tab }).click()
      if (tab === "IAM time line") await page.getByRole("gridcell", { name: "Incorrect password." }).click()
      const axe = new AxeBuilder({ page })
      // The other rules do not depend on the colours.
      if (colorScheme === "dark") axe.withRules(["color-contrast"])
      const { violations } = await axe.analyze()
      expect(violations.map(({ id, nodes }) => `${tab}: ${id} at ${nodes.map(({ target }) => target)}`)).toEqual([])
    }
  })

  it.each([
    ["system", "dark", "rgb(21, 24, 29)"],
    ["system", "light", "rgb(255, 255, 255)"],
    ["Light", "dark", "rgb(255, 255, 255)"],
    ["Dark", "light", "rgb(21, 24, 29)"],
  ] as const)("has the colours of: %s, on a %s system", async (choice, colorScheme, background) => {
    const { page } = await opened({ colorScheme })
    if (choice !== "system") await page.getByRole("combobox", { name: "Colours" }).selectOption(choice)
    const colour = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor)
    await expect.poll(colour).toBe(background)
    await page.reload()
    await expect.poll(colour).toBe(background)
  })

  it("calls no other host, and its policy forbids it", async () => {
    const { emulator, page, complaints } = await opened()
    await fill(emulator, page)
    for (const tab of TABS) await page.getByRole("tab", { name: tab }).click()
    expect(complaints).toEqual([])
    const answer = await fetch(`${emulator.url}/-/`)
    expect(answer.headers.get("content-security-policy")).toMatch(/^default-src 'self'; /)
    expect(await page.evaluate(() => fetch("https://example.com/").catch((error: Error) => error.name))).toBe(
      "TypeError",
    )
    expect(complaints.join("\n")).toContain("Content Security Policy")
  })

  it("keeps few rows in the document, and stays responsive at 1,000 requests a second", async () => {
    const { emulator, page } = await opened()
    const send = load(emulator)
    let sent = 0
    const timer = setInterval(() => {
      send(Array.from({ length: 100 }, (_, index) => `/v1/load/${sent + index}`))
      sent += 100
    }, 100)
    const longestFrame = await watchFrames(page)
    const longestStall = await watchMachine(page)
    onTestFinished(() => clearInterval(timer))
    const grid = page.getByRole("grid", { name: "Requests" })
    const rowsInDocument = page.locator("tbody tr[id]")
    const rowCount = async (): Promise<number> => Number(await grid.getAttribute("aria-rowcount"))
    await expect.poll(rowCount).toBeGreaterThan(1_000)
    const sentBefore = sent
    await page.getByRole("searchbox").fill("/v1/load 7")
    await page.getByText(/^[\d,]+ of [\d,]+ requests$/).waitFor()
    await grid.focus()
    await page.keyboard.press("End")
    await page.getByRole("heading", { name: /^GET \/v1\/load\/\d+$/ }).waitFor()
    await page.keyboard.press("Enter")
    await page.keyboard.press("Escape")
    await page.getByRole("searchbox").fill("")
    expect(await rowsInDocument.count()).toBeLessThan(80)
    expect(sent).toBeGreaterThan(sentBefore)

    await expect.poll(() => sent, { timeout: 30_000 }).toBeGreaterThan(10_000)
    clearInterval(timer)
    await grid.focus()
    await page.keyboard.press("End")
    await page.getByRole("gridcell", { name: `/v1/load/${sent - 1}`, exact: true }).waitFor({ timeout: 60_000 })
    expect(await rowCount()).toBe(10_001)
    await grid.focus()
    await page.keyboard.press("Home")
    await page.getByRole("gridcell", { name: `/v1/load/${sent - 10_000}`, exact: true }).waitFor()
    expect(await rowsInDocument.count()).toBeLessThan(80)
    // A page that works off a thousand requests one by one draws nothing to its end.
    expect(await longestFrame()).toBeLessThan(1_500 + 2 * (await longestStall()))
  })

  it("follows the newest request until the reader scrolls away", async () => {
    const { emulator, page } = await opened()
    const send = load(emulator)
    const paths = (from: number): string[] => Array.from({ length: 100 }, (_, index) => `/v1/${from + index}`)
    const cell = (path: string) => page.getByRole("gridcell", { name: path, exact: true })
    send(paths(0))
    await cell("/v1/99").waitFor()
    await page.locator(".scroller").evaluate((element) => {
      element.scrollTop = 0
    })
    await cell("/v1/0").waitFor()
    send(paths(100))
    await page.getByText("200 requests").waitFor()
    expect(await cell("/v1/0").isVisible()).toBe(true)
    expect(await cell("/v1/199").count()).toBe(0)
  })
})

it("serves only the files of the page", async () => {
  const { url } = await runningEmulator({ ui: true })
  const page = await fetch(`${url}/-/`)
  expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"])
  const [, script = ""] = /src="\.\/(assets\/[^"]+\.js)"/.exec(await page.text()) ?? []
  const asset = await fetch(`${url}/-/${script}`)
  expect([asset.status, asset.headers.get("cache-control")]).toEqual([200, "max-age=31536000, immutable"])
  expect((await fetch(`${url}/-`)).url).toBe(`${url}/-/`)
  for (const path of [
    "assets/none.js",
    "assets/..%2findex.html",
    "assets/%2e%2e%2f%2e%2e%2fpackage.json",
    "package.json",
  ]) {
    expect((await fetch(`${url}/-/${path}`)).status, path).not.toBe(200)
  }
})
