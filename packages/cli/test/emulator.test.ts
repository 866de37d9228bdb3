import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { describe, expect, it, onTestFinished } from "vitest"
import { countersign, exitCodeOfSignal, inTerminal, noTerminal, startCountersign } from "./countersign.ts"

describe("countersign emulator", () => {
  it("prints its address and variables, serves the view, and ends with SIGTERM", async () => {
    const { child, printed, ended } = await startCountersign(["emulator", "--port", "0"], "export HUAWEICLOUD_SDK_AK")
    const [, url = ""] = /^listening on\t(http:\S+)$/m.exec(printed) ?? []
    expect((await fetch(`${url}/-/state`)).status).toBe(200)
    const env = Object.fromEntries(
      [...printed.matchAll(/(HUAWEICLOUD_\w+)=(\S+)/g)].map(([, name, value]) => [name, value]),
    )
    expect((await countersign(["curl", "-s", `${url}/v1/x`], { env })).exitCode).toBe(0)
    child.kill("SIGTERM")
    expect(await ended).toBe(exitCodeOfSignal)
  })

  it("prints JSON for programs", async () => {
    const { child, printed, ended } = await startCountersign(["emulator", "--port", "0", "--json"], "\n")
    expect(JSON.parse(printed)).toMatchObject({ url: expect.stringMatching(/^http:/), accounts: { partner: {} } })
    child.kill("SIGINT")
    expect(await ended).toBe(exitCodeOfSignal)
  })

  it("logs requests, lets pages of an origin call, and leaves its view out", async () => {
    const args = ["emulator", "--port", "0", "--no-ui", "--log", "--cors", "http://localhost:5173"]
    const { child, printed, errors, ended } = await startCountersign(args, "export HUAWEICLOUD_SDK_AK")
    const [, url = ""] = /^listening on\t(http:\S+)$/m.exec(printed) ?? []
    expect(printed).not.toContain("/-/")
    const response = await fetch(`${url}/v1/x`, { headers: { origin: "http://localhost:5173" } })
    expect(response.headers.get("access-control-allow-origin")).toBe("http://localhost:5173")
    expect((await fetch(`${url}/-/state`)).status).not.toBe(200)
    child.kill("SIGTERM")
    expect(await ended).toBe(exitCodeOfSignal)
    expect(errors()).toMatch(/^\d\d:\d\d:\d\d\.\d{3} 401 GET \/v1\/x \(nobody\): /m)
  })

  it("prints its version, and refuses an origin that is none", async () => {
    expect((await countersign(["emulator", "--version"])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
    const refused = await countersign(["emulator", "--cors", "localhost"])
    expect(refused).toMatchObject({ exitCode: 2, stderr: expect.stringContaining("--cors takes an origin") })
  })

  it("refuses a port that is taken or is none", async () => {
    const server = createServer()
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const { port } = server.address() as AddressInfo
    const taken = await countersign(["emulator", "--port", String(port)])
    expect(taken).toMatchObject({ exitCode: 2, stderr: expect.stringContaining(`Port ${port} is taken`) })
    expect(await countersign(["emulator", "--port", "high"])).toMatchObject({ exitCode: 2 })
  })

  it("stops with Ctrl+C on a terminal", async ({ skip }) => {
    skip(noTerminal !== undefined, noTerminal)
    const { exitCode, screen } = await inTerminal(["emulator", "--port", "0", "--no-open"], {
      answers: [["Stop it with Ctrl+C.", "\u0003"]],
    })
    expect({ exitCode, screen }).toEqual({ exitCode: 0, screen: expect.stringContaining("/-/") })
  })
})
