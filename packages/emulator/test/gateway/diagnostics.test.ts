import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { expect, it, onTestFinished } from "vitest"
import { ask, askSigned, runningEmulator } from "../running-emulator.ts"

it("keeps its events out of the channel of the program that it tests", async () => {
  const { url, accounts } = await runningEmulator()
  const events: unknown[] = []
  const note = (event: unknown): void => void events.push(event)
  subscribe("countersign", note)
  onTestFinished(() => void unsubscribe("countersign", note))
  await askSigned(`${url}/v1/x`, accounts.partner.user.credentials)
  await askSigned(`${url}/v1/x`, { accessKeyId: "AKUNKNOWN", secretAccessKey: "x" })
  await ask(`${url}/v1/x`)
  expect(events).toEqual([])
})
