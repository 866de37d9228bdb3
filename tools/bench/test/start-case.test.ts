import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { expect, it, onTestFinished } from "vitest"
import { startCase } from "../src/start-case.ts"

const runtime = { binary: process.execPath, before: [] }

async function countingServer(): Promise<{ origin: string; tokens: () => (string | string[] | undefined)[] }> {
  const tokens: (string | string[] | undefined)[] = []
  const server = createServer((request, response) => {
    tokens.push(request.headers["x-auth-token"])
    response.end("{}")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, tokens: () => tokens }
}

it("a case sends requests from a separate process, turn by turn, and reports the cost of one", async () => {
  const { origin, tokens } = await countingServer()
  const running = startCase(runtime, "fetch", "token", origin)
  onTestFinished(() => running.stop())
  expect(await running.measure(30)).toBeGreaterThan(1_000)
  const first = tokens().length
  expect(await running.measure(30)).toBeGreaterThan(1_000)
  expect(tokens().length).toBeGreaterThan(first)
  expect(tokens().every((token) => typeof token === "string" && token.length > 1_000)).toBe(true)
})

it("a case that exits early fails the caller that waits for its figure", async () => {
  const running = startCase(
    { binary: process.execPath, before: ["--eval", "process.exit(3)", "--"] },
    "got",
    "bare",
    "",
  )
  await expect(running.measure(10)).rejects.toThrow("got, bare, ended with 3.")
})
