import { type RequestEvent, tokenAuth } from "@countersign/auth-core"
import { testServers } from "@countersign/testkit"
import type { Dispatcher } from "undici"
import { describe, expect, it, onTestFinished } from "vitest"
import { withAuth } from "../src/index.ts"
import { releases } from "./releases.ts"

const { serve } = testServers()

const to = (location: string, status: number) => ({ status, headers: { location } })

describe.each(releases)("events of %s", (_, undici) => {
  const { redirect, retry } = undici.interceptors

  function listening(hosts: string[]): { dispatcher: Dispatcher; told: unknown[] } {
    const told: unknown[] = []
    const onEvent = (event: RequestEvent): void => {
      const { type, origin, path } = event
      if (type === "attempt") told.push([type, origin + path])
      if (type === "response") told.push([type, event.status])
      if (type === "redirect") told.push([type, event.status, event.toOrigin + event.toPath])
    }
    const agent = new undici.Agent()
    onTestFinished(() => agent.destroy())
    return { dispatcher: withAuth(agent, tokenAuth("a-token"), { hosts, onEvent }), told }
  }

  it.each([
    ["request", [redirect({ maxRedirections: 3 })]],
    [
      "request, tried again",
      [
        retry({ maxRetries: 2, minTimeout: 20, methods: ["GET"], statusCodes: [503], throwOnError: false } as never),
        redirect({ maxRedirections: 3 }),
      ],
    ],
    ["fetch", undefined],
  ] as const)("tell each redirect once, without the query: %s", async (_name, interceptors) => {
    const other = await serve(({ target }) => (target === "/b?secret=1" ? to("/c", 302) : {}))
    const server = await serve(({ target }) => to(target === "/" ? "/a" : `${other.url}/b?secret=1`, 307))
    const { dispatcher, told } = listening([server.host, other.host])
    if (interceptors === undefined) await (await undici.fetch(`${server.url}/`, { dispatcher } as never)).text()
    else await (await undici.request(`${server.url}/`, { dispatcher: dispatcher.compose(...interceptors) })).body.dump()
    expect(told).toEqual([
      ["attempt", `${server.url}/`],
      ["response", 307],
      ["redirect", 307, `${server.url}/a`],
      ["attempt", `${server.url}/a`],
      ["response", 307],
      ["redirect", 307, `${other.url}/b`],
      ["attempt", `${other.url}/b`],
      ["response", 302],
      ["redirect", 302, `${other.url}/c`],
      ["attempt", `${other.url}/c`],
      ["response", 200],
    ])
  })

  it("tell no redirect that nothing follows", async () => {
    const server = await serve(({ target }) => (target === "/" ? to("/a", 302) : {}))
    const { dispatcher, told } = listening([server.host])
    await (await undici.request(`${server.url}/`, { dispatcher })).body.dump()
    expect(told).toEqual([
      ["attempt", `${server.url}/`],
      ["response", 302],
    ])
  })
})
