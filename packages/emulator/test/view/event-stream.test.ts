import { expect, it, onTestFinished } from "vitest"
import { askSigned, login, runningEmulator } from "../running-emulator.ts"

/** Reads server-sent events one by one. */
async function eventsOf(url: string): Promise<() => Promise<{ event: string; data: unknown }>> {
  const response = await fetch(`${url}/-/events`)
  expect(response.headers.get("content-type")).toContain("text/event-stream")
  const reader = (response.body ?? new ReadableStream()).pipeThrough(new TextDecoderStream()).getReader()
  onTestFinished(() => reader.cancel().catch(() => undefined))
  let text = ""
  return async () => {
    while (!text.includes("\n\n")) text += (await reader.read()).value ?? ""
    const end = text.indexOf("\n\n")
    const [, event = "", data = "null"] = /^event: (.*)\ndata: (.*)$/m.exec(text.slice(0, end)) ?? []
    text = text.slice(end + 2)
    return { event, data: JSON.parse(data) }
  }
}

it("sends a snapshot, then each change of requests and state", async () => {
  const emulator = await runningEmulator({ ui: true })
  const { url, accounts, faults } = emulator
  await login(emulator)
  const next = await eventsOf(url)
  expect(await next()).toMatchObject({ event: "snapshot", data: { requests: [{ id: 1, part: "iam", status: 201 }] } })
  expect(await next()).toEqual({
    event: "state",
    data: { clock: { offsetMs: 0 }, faults: [], metadataMode: "token optional", customers: 3 },
  })
  await askSigned(`${url}/v1/x`, accounts.partner.user.credentials)
  expect(await next()).toMatchObject({ event: "requests", data: { first: 1, requests: [{ id: 2, verdict: "ok" }] } })
  faults.status(500)
  accounts.addCustomer()
  expect(await next()).toMatchObject({ event: "state", data: { faults: [{ kind: "status" }], customers: 4 } })
  await fetch(`${url}/-/requests`, { method: "DELETE" })
  expect(await next()).toEqual({ event: "snapshot", data: { requests: [] } })
})

it("ends with the emulator", async () => {
  const emulator = await runningEmulator({ ui: true })
  const next = await eventsOf(emulator.url)
  await next()
  await next()
  await emulator.close()
  await expect(next()).rejects.toThrow()
})
