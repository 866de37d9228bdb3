import { expect, it } from "vitest"
import { startEmulator } from "../src/index.ts"

it("does not change the globals of the process", async () => {
  const before = { Request, Response, Headers, fetch }
  const emulator = await startEmulator()
  try {
    await fetch(emulator.url)
    expect({ Request, Response, Headers, fetch }).toEqual(before)
    expect(Request).toBe(before.Request)
    expect(Response).toBe(before.Response)
  } finally {
    await emulator.close()
  }
})
