import { spawn } from "node:child_process"
import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type Emulator, startEmulator } from "@countersign/emulator"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { CLIENTS, type Client, type SnippetAuth, snippet } from "../../../packages/emulator/ui/snippets.ts"

// Inside this package, so that the programs resolve imports as in a user's project.
const folder = join(import.meta.dirname, "../.snippets/view")

describe("the programs of the emulator's live view", () => {
  let emulator: Emulator
  beforeAll(async () => {
    emulator = await startEmulator()
    await mkdir(folder, { recursive: true })
  })
  afterAll(async () => {
    await emulator.close()
    await rm(folder, { recursive: true, force: true })
  })

  const programs = CLIENTS.flatMap((client) =>
    (["AK/SK", "token", "agency", "AppKey", "AppCode"] as const).map((kind): [Client, SnippetAuth["kind"]] => [
      client,
      kind,
    ]),
  )

  it.each(programs)("%s is accepted with %s", { timeout: 30_000 }, async (client, kind) => {
    const file = join(folder, `${client}-${kind.replace("/", "-")}.mjs`)
    await writeFile(file, snippet(client, authOf(emulator, kind), emulator.url))
    emulator.stats.reset()
    const { status, output } = await run(file)
    const answer = kind.startsWith("App") ? "/v1/orders" : "account_balances"
    expect([status, output]).toEqual([0, expect.stringContaining(answer)])
    const domain = kind === "agency" ? "customer-1-account" : "partner-account"
    expect(emulator.stats.requests).toMatchObject([{ verdict: "ok", caller: { domain } }])
  })
})

function authOf({ accounts: { partner, customers } }: Emulator, kind: SnippetAuth["kind"]): SnippetAuth {
  const { name: user, password, credentials } = partner.user
  const domain = partner.domain.name
  const { key, secret, code } = partner.app
  switch (kind) {
    case "AppKey":
      return { kind, key, secret }
    case "AppCode":
      return { kind, code }
    case "AK/SK":
      return { kind, ...credentials }
    case "token":
      return { kind, user, password, domain }
    case "agency": {
      const [customer] = customers
      return { kind, user, password, domain, agency: customer.agency.name, customer: customer.domain.name }
    }
  }
}

function run(file: string): Promise<{ status: number | null; output: string }> {
  return new Promise((resolve, reject) => {
    const program = spawn(process.execPath, [file])
    let output = ""
    const add = (chunk: Buffer): void => {
      output += chunk
    }
    program.stdout.on("data", add)
    program.stderr.on("data", add)
    program.on("error", reject).on("close", (status) => resolve({ status, output }))
  })
}
