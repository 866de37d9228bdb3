import { hasSystemTool } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { callers, type Key } from "../src/callers.ts"
import { services, startService } from "../src/services.ts"

const alice: Key = { accessKeyId: "AK-OF-ALICE", secretAccessKey: "sk-of-alice" }
const newAlice: Key = { ...alice, secretAccessKey: "new-sk-of-alice" }
const bob: Key = { accessKeyId: "AK-OF-BOB", secretAccessKey: "sk-of-bob" }
// The command that is printed is for a POSIX shell.
const hasCurl = process.platform !== "win32" && hasSystemTool("curl")

describe.each(Object.keys(services))("the service with %s", (name) => {
  let service: Awaited<ReturnType<typeof startService>>
  beforeAll(async () => {
    service = await startService(name)
  })
  afterAll(() => service.stop())

  it.each(Object.entries(callers))("serves %s", { timeout: 60_000 }, async (client, call) => {
    if (client === "curl" && !hasCurl) return
    const { origin } = service
    // One guess for each client: ours send no key that was refused twice.
    const thief: Key = { ...alice, secretAccessKey: `a guess with ${client}` }
    const order = { size: 3, client, note: "für Elise" }
    expect(await call(origin, alice, order)).toMatchObject({ status: 200, answer: { accepted: true } })
    const { status, answer } = await call(origin, newAlice)
    expect([status, answer]).toEqual([200, expect.objectContaining({ orders: expect.arrayContaining([order]) })])
    expect(await call(origin, bob)).toMatchObject({ status: 200, answer: { orders: [] } })
    expect(await call(origin, thief, order)).toMatchObject({ status: 401, answer: { error_code: "APIGW.0301" } })
  })
})
