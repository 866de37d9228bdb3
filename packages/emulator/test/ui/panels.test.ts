import { describe, expect, it } from "vitest"
import { ask, askSigned, login } from "../running-emulator.ts"
import { hasChromium, sharedChromium } from "./opened-page.ts"

describe.skipIf(!hasChromium)("the panels of the live view", { timeout: 60_000 }, () => {
  const opened = sharedChromium()

  it("are reached by the arrow keys", async () => {
    const { page } = await opened()
    await page.getByRole("tab", { name: "Requests" }).focus()
    await page.keyboard.press("ArrowRight")
    const selected = page.getByRole("tab", { selected: true })
    expect(await selected.textContent()).toBe("IAM time line")
    expect(await selected.evaluate((element) => element === document.activeElement)).toBe(true)
    await page.keyboard.press("ArrowLeft")
    await page.keyboard.press("ArrowLeft")
    expect(await selected.textContent()).toBe("Faults and clock")
  })

  it("show IAM calls by kind on a time line, and in a list", async () => {
    const { emulator, page } = await opened()
    await login(emulator)
    await login(emulator, { name: "partner-operator", password: "wrong" })
    await ask(`${emulator.url}/openstack/latest/securitykey`)
    await askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials)
    await page.getByRole("tab", { name: "IAM time line" }).click()
    await page.getByText("3 calls of 2 kinds").waitFor()
    expect(await page.locator(".lane > span").allTextContents()).toEqual([
      "POST /v3/auth/tokens, password 2",
      "GET /openstack/latest/securitykey 1",
    ])
    expect(await page.locator(".lane i.refused").count()).toBe(1)
    expect(await page.getByRole("grid", { name: "IAM calls" }).getByRole("row").count()).toBe(4)
  })

  it("copy the values of an account", async () => {
    const { emulator, page } = await opened({ permissions: ["clipboard-read", "clipboard-write"] })
    await page.getByRole("tab", { name: "Accounts" }).click()
    await page.getByRole("button", { name: "Copy SK of customer-2-admin" }).click()
    await page.getByText("SK of customer-2-admin is on the clipboard.").waitFor()
    expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(
      emulator.accounts.customers[1].user.credentials.secretAccessKey,
    )
  })

  it("add a customer, and show a program for it", async () => {
    const { emulator, page } = await opened()
    await page.getByRole("tab", { name: "Accounts" }).click()
    await page.getByRole("textbox", { name: "New customer" }).fill("wind-farm")
    await page.getByRole("button", { name: "Add customer" }).click()
    await page.getByRole("region", { name: "Customer wind-farm-account" }).waitFor()
    expect(emulator.accounts.customers.at(-1)?.domain.name).toBe("wind-farm-account")
    await page.getByRole("combobox", { name: "Client" }).selectOption("got")
    await page.getByRole("combobox", { name: "Who" }).selectOption("Partner for wind-farm-account, by agency")
    const program = page.locator("pre")
    await expect.poll(() => program.textContent()).toContain('from "@countersign/got"')
    expect(await program.textContent()).toContain('domain: "wind-farm-account"')
    await page.getByRole("textbox", { name: "New customer" }).fill("no name")
    await page.getByRole("button", { name: "Add customer" }).click()
    await page.getByText("That did not work: The name of a customer is a letter").waitFor()
  })

  it("set the clock, and show its changes by others", async () => {
    const { emulator, page } = await opened()
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("button", { name: "20 minutes behind" }).click()
    await page.locator(".tag", { hasText: "20 minutes behind" }).waitFor()
    const refused = await askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials)
    expect(refused.body.error_msg).toContain("signature expired")
    emulator.setClock(() => Date.UTC(2030, 0, 1))
    await page.getByText("2030-01-01 00:00:00 UTC").waitFor()
    await page.getByRole("button", { name: "Real time" }).click()
    await page.locator(".tag", { hasText: "the real time" }).waitFor()
  })

  it("inject faults, list pending ones, and end them", async () => {
    const { emulator, page } = await opened()
    const key = emulator.accounts.partner.user.credentials
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("textbox", { name: "Retry-After" }).fill("2")
    await page.getByRole("spinbutton", { name: "Times" }).fill("2")
    await page.getByRole("textbox", { name: "or paths beginning with" }).fill("/v1/x")
    await page.getByRole("button", { name: "Ask for it" }).click()
    const waiting = page.getByRole("region", { name: "Faults that wait" })
    await waiting.getByText("answers 503, Retry-After 2 s, 2 more times").waitFor()
    expect((await askSigned(`${emulator.url}/v1/y`, key)).status).toBe(200)
    const answer = await askSigned(`${emulator.url}/v1/x`, key)
    expect([answer.status, answer.headers.get("retry-after")]).toEqual([503, "2"])
    await waiting.getByText("1 more time").waitFor()
    await waiting.getByRole("button", { name: "End all faults" }).click()
    await waiting.getByText("None.").waitFor()
    expect((await askSigned(`${emulator.url}/v1/x`, key)).status).toBe(200)
  })

  it.each([
    ["Throttle", [["Requests", "1"]], "lets 1 requests in 1000 ms through"],
    ["Answer late", [["Milliseconds", "5"]], "answers 5 ms late, every time"],
    ["Drop the connection", [], "drops the connection, every time"],
    ["Redirect", [["To", "http://127.0.0.1:1/"]], "redirects to http://127.0.0.1:1/ with 302, every time"],
  ])("ask for: %s", async (kind, fields, words) => {
    const { page } = await opened()
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("combobox", { name: "Kind" }).selectOption(kind)
    for (const [name = "", value = ""] of fields) await page.getByRole("textbox", { name, exact: true }).fill(value)
    await page.getByRole("button", { name: "Ask for it" }).click()
    await page.getByText(words).waitFor()
  })

  it("ask for the refusal of a service", async () => {
    const { emulator, page } = await opened()
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("combobox", { name: "Kind" }).selectOption("Refuse as a service")
    await page.getByRole("combobox", { name: "Refusal" }).selectOption("FunctionGraph: no such function")
    await page.getByRole("button", { name: "Ask for it" }).click()
    await page.getByText("answers as function that refuses, every time").waitFor()
    const answer = await askSigned(`${emulator.url}/v1/x`, emulator.accounts.partner.user.credentials)
    expect(answer.body.error_code).toBe("FSS.0401")
  })

  it("change a password", async () => {
    const { emulator, page } = await opened()
    const { name } = emulator.accounts.partner.user
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("textbox", { name: "New password" }).fill("another")
    await page.getByRole("button", { name: "Change the password" }).click()
    await page.getByText("The user has another password.").waitFor()
    expect((await login(emulator, { name, password: "another" })).status).toBe(201)
  })

  it("lock, disable and revoke", async () => {
    const { emulator, page } = await opened()
    const { user, plainUser } = emulator.accounts.partner
    await page.getByRole("tab", { name: "Faults and clock" }).click()
    await page.getByRole("button", { name: "Lock the key", exact: true }).click()
    await page.getByText("The key is locked for five minutes.").waitFor()
    const locked = await askSigned(`${emulator.url}/v1/x`, user.credentials)
    expect(locked.body.error_msg).toContain("failed to reach the limit")
    await page.getByRole("combobox", { name: "User" }).selectOption("partner-viewer")
    await page.getByRole("button", { name: "Disable the user" }).click()
    await page.getByText("The user is disabled.").waitFor()
    expect((await login(emulator, plainUser)).status).toBe(403)
    await page.getByRole("combobox", { name: "Mode" }).selectOption("no agency")
    await page.getByText("The metadata service says: no agency.").waitFor()
    expect((await ask(`${emulator.url}/openstack/latest/securitykey`)).status).toBe(401)
  })
})
