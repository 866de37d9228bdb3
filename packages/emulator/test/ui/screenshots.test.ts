import { mkdir, writeFile } from "node:fs/promises"
import type { Page } from "playwright-core"
import { describe, expect, it } from "vitest"
import type { Emulator } from "../../src/index.ts"
import { ask, askSigned, login } from "../running-emulator.ts"
import { hasChromium, sharedChromium } from "./opened-page.ts"

/** The pictures of the docs are replaced only on demand, since times and ports differ between runs. */
const isKept = process.env.COUNTERSIGN_SCREENSHOTS === "1"

const FOLDER = new URL("../../docs/", import.meta.url)

/** The largest picture for the repository. */
const MOST_BYTES = 200 * 1024

async function shoot(page: Page, name: string): Promise<void> {
  const picture = await page.screenshot({ animations: "disabled", caret: "hide" })
  expect(picture.byteLength).toBeLessThan(MOST_BYTES)
  if (!isKept) return
  await mkdir(FOLDER, { recursive: true })
  await writeFile(new URL(`${name}.png`, FOLDER), picture)
}

async function work(emulator: Emulator): Promise<void> {
  const { url, accounts, faults } = emulator
  const { user, plainUser } = accounts.partner
  const axios = { "user-agent": "axios/1.21.1" }
  for (const [index, customer] of accounts.customers.entries()) {
    const issued = await login(emulator, index === 1 ? plainUser : user)
    const headers = { "user-agent": "got (https://github.com/sindresorhus/got)" }
    const token = String(issued.headers.get("x-subject-token"))
    await ask(`${url}/v2/accounts/customer-accounts/balances`, { headers: { ...headers, "x-auth-token": token } })
    await askSigned(`${url}/v2/orders/customer-orders?limit=${index + 1}`, customer.user.credentials, {
      headers: axios,
    })
  }
  await login(emulator, { name: user.name, password: "wrong" })
  faults.status(503, { times: 1, retryAfterSeconds: 2 })
  await askSigned(`${url}/v1/servers`, user.credentials, { headers: axios })
  await ask(`${url}/v1/servers`, { headers: { "x-auth-token": "of yesterday" } })
  await ask(`${url}/openstack/latest/securitykey`)
  await askSigned(`${url}/v1/servers`, user.credentials, {
    method: "POST",
    headers: { ...axios, "content-type": "application/json" },
    body: '{"name":"web-1","size":2}',
    sent: '{"name": "web-1", "size": 2}',
  })
  faults.throttle(100, { target: "/v2" })
  faults.delay(250, { target: "iam", times: 3 })
}

describe.skipIf(!hasChromium)("the pictures of the docs", { timeout: 60_000 }, () => {
  const opened = sharedChromium()

  it.each(["light", "dark"] as const)("are small, and show each panel in %s colours", async (colorScheme) => {
    const { emulator, page } = await opened({ colorScheme, viewport: { width: 1160, height: 680 } })
    await work(emulator)
    await page.getByRole("gridcell", { name: "verify aksk signature fail" }).click()
    await page.getByText("Why it was refused").waitFor()
    await shoot(page, `requests-${colorScheme}`)
    if (colorScheme === "dark") return
    await page.getByRole("tab", { name: "IAM time line" }).click()
    await page.getByText(/calls of \d kinds/).waitFor()
    await shoot(page, "iam-time-line")
    await page.getByRole("tab", { name: "Accounts" }).click()
    await page.getByRole("region", { name: "Partner" }).waitFor()
    await shoot(page, "accounts")
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByText("answers 250 ms late, 3 more times").waitFor()
    await shoot(page, "faults-and-clock")
  })
})
