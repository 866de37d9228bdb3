import { AsyncLocalStorage } from "node:async_hooks"
import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { type DiagnosticEvent, tokenAuth } from "@countersign/auth-core"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"
import { releases } from "./releases.ts"

/** Each path under `/refused` and `/busy` succeeds the second time, and `/moved` leads to `/found`. */
const seen = new Set<string>()
const server = createServer(({ url = "" }, response) => {
  const isFirst = !seen.has(url)
  seen.add(url)
  if (url.startsWith("/moved")) response.writeHead(302, { location: url.replace("moved", "found") })
  else if (isFirst && url.startsWith("/refused")) response.writeHead(401)
  else if (isFirst && url.startsWith("/busy")) response.writeHead(503)
  else if (isFirst && url.startsWith("/broken")) return void response.destroy()
  response.end("{}")
})
let origin = ""
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => void server.close())

const context = new AsyncLocalStorage<string>()
let told: string[]
const listener = (message: unknown): void => {
  const event = message as DiagnosticEvent
  if ("path" in event) told.push(`${event.type} ${event.path} in ${context.getStore()}`)
}
beforeEach(() => {
  seen.clear()
  told = []
  subscribe("countersign", listener)
})
afterEach(() => void unsubscribe("countersign", listener))

let issued = 0
const auth = tokenAuth(async () => ({
  value: `token-${++issued}`,
  issuedAt: Date.now(),
  expiresAt: Date.now() + 3_600_000,
}))

describe.each(releases)("%s", (_, { Agent, interceptors, request, fetch }) => {
  it.each(["plain", "refused", "busy", "broken", "moved"])(
    "tells events in the context of their call: %s",
    async (kind) => {
      const dispatcher = withAuth(new Agent({ connections: 1 }), auth, { hosts: ["127.0.0.1"] }).compose(
        interceptors.redirect({ maxRedirections: 2 }),
        interceptors.retry({ maxRetries: 2, minTimeout: 1, timeoutFactor: 1 }),
      )
      const send = (name: string): Promise<unknown> =>
        context.run(name, async () => {
          const response = await request(`${origin}/${kind}/for-${name}`, { dispatcher })
          await response.body.text()
        })
      await Promise.all(["A", "B", "C"].map(send))
      await dispatcher.close()
      expect(told.length).toBeGreaterThanOrEqual(6)
      expect(told.filter((line) => !/\/for-(\w) in \1$/.test(line))).toEqual([])
    },
  )

  it("tells events of a fetch in its context", async () => {
    const dispatcher = withAuth(new Agent({ connections: 1 }), auth, { hosts: ["127.0.0.1"] })
    const send = (name: string): Promise<unknown> =>
      context.run(name, async () => (await fetch(`${origin}/refused/for-${name}`, { dispatcher })).text())
    await Promise.all(["A", "B", "C"].map(send))
    await dispatcher.close()
    expect(told.length).toBeGreaterThanOrEqual(12)
    expect(told.filter((line) => !/\/for-(\w) in \1$/.test(line))).toEqual([])
  })
})
