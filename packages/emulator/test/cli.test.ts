import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it, onTestFinished } from "vitest"
import type { Accounts } from "../src/index.ts"
import { ask, askSigned } from "./running-emulator.ts"

const run = promisify(execFile)
const CLI = fileURLToPath(new URL("../src/cli.ts", import.meta.url))

/** Starts the command. Returns it with its first output. */
async function start(...args: string[]): Promise<{ command: ChildProcess; printed: string }> {
  const command = spawn(process.execPath, [CLI, ...args], { stdio: ["ignore", "pipe", "pipe"] })
  onTestFinished(() => void command.kill())
  const [printed] = (await once(command.stdout, "data")) as [Buffer]
  return { command, printed: printed.toString() }
}

describe("countersign-emulator", { timeout: 30_000 }, () => {
  it("prints its address and accounts, and ends with SIGTERM", async () => {
    const { command, printed } = await start("--port", "0")
    const [, url = ""] = /^listening on +(http:\/\/127\.0\.0\.1:\d+)$/m.exec(printed) ?? []
    const [, accessKeyId = "", secretAccessKey = ""] = /AK, SK +(\w+), (\w+)/.exec(printed) ?? []
    expect(printed).toMatch(/^ {2}user +partner-operator, password \S+, may act for customers$/m)
    expect((await askSigned(`${url}/v1/x`, { accessKeyId, secretAccessKey })).status).toBe(200)
    const [, key = "", secret = ""] = /^ {2}AppKey, AppSecret +(\w+), (\w+)$/m.exec(printed) ?? []
    expect((await askSigned(`${url}/v1/x`, { accessKeyId: key, secretAccessKey: secret })).status).toBe(200)
    const [, code = ""] = /^ {2}AppCode +(\w+)$/m.exec(printed) ?? []
    expect((await ask(`${url}/v1/x`, { headers: { "x-apig-appcode": code } })).status).toBe(200)
    expect(printed).toMatch(/every other path is the gateway, which checks each token, signature and AppCode$/m)
    command.kill("SIGTERM")
    // Windows has no signals: the process is ended.
    expect(await once(command, "exit")).toEqual(process.platform === "win32" ? [null, "SIGTERM"] : [0, null])
    await expect(ask(url)).rejects.toThrow("fetch failed")
  })

  it("prints url and accounts as JSON for programs", async () => {
    const { printed } = await start("-p", "0", "--json")
    const { url, accounts } = JSON.parse(printed) as { url: string; accounts: Accounts }
    expect((await askSigned(`${url}/v1/x`, accounts.customers[2].user.credentials)).body.caller).toMatchObject({
      domain: "customer-3-account",
    })
    expect(accounts.customers[2].app.key).toMatch(/^[0-9a-f]{32}$/)
    expect(accounts.partner.mfaUser.mfa?.passcode).toMatch(/^\d{6}$/)
  })

  it("prints its options", async () => {
    expect((await run(process.execPath, [CLI, "--help"])).stdout).toContain("--port, -p      port to listen on")
    expect((await run(process.execPath, [CLI, "--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it("serves the control routes, unless with --no-ui", async () => {
    const { printed } = await start("--port", "0")
    const [, view = ""] = /^live view +(http:\S+\/-\/)$/m.exec(printed) ?? []
    expect((await ask(`${view}state`)).status).toBe(200)
    const without = await start("--port", "0", "--json", "--no-ui")
    const { url } = JSON.parse(without.printed) as { url: string }
    expect((await ask(`${url}/-/state`)).status).toBe(401)
  })

  it.each([
    [[], /^\d\d:\d\d:\d\d\.\d{3} 401 GET \/v1\/x\?token=\[secret\] \(nobody\): .*x-auth-token not found, [\d.]+ ms\n$/],
    [["--json"], /^\{"id":1,.*"target":"\/v1\/x\?token=\[secret\]".*\}\n$/],
  ])("logs each request with --log %j", async (args, line) => {
    const { command, printed } = await start("--port", "0", "--log", ...args)
    const [url = ""] = /http:\/\/127\.0\.0\.1:\d+/.exec(printed) ?? []
    const logged = once(command.stderr ?? command, "data")
    await ask(`${url}/v1/x?token=secret-of-the-query`)
    expect(String((await logged)[0])).toMatch(line)
  })

  it.each([
    [["--port", "high"], "--port takes a number from 0 to 65535, not high."],
    [["--port", "65536"], "--port takes a number from 0 to 65535, not 65536."],
    [["--cors", "localhost"], "--cors takes an origin, such as http://localhost:5173, not localhost."],
    [["--nonsense"], "Unknown option '--nonsense'"],
  ])("refuses %j", async (args, message) => {
    await expect(run(process.execPath, [CLI, ...args])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(`countersign-emulator: ${message}`),
    })
  })

  it("reports a port that is taken", async () => {
    const { printed } = await start("--port", "0", "--json")
    const { port } = new URL((JSON.parse(printed) as { url: string }).url)
    await expect(run(process.execPath, [CLI, "--port", port])).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining("the port is taken"),
    })
  })
})
