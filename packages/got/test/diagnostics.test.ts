import { createServer, type RequestListener } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import { numbering } from "@countersign/testkit"
import { describe, expect, it, onTestFinished } from "vitest"
import { type RequestEvent, tokenAuth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

const answers: Readonly<Record<string, RequestListener>> = {
  "/ok": (_, answer) => void answer.end("ok"),
  "/401": (_, answer) => void answer.writeHead(401).end(),
  "/once": (_, answer) => void answer.writeHead(302, { location: "/ok" }).end(),
  "/loop": (_, answer) => void answer.writeHead(302, { location: "/loop" }).end(),
  "/nowhere": (_, answer) => void answer.writeHead(302, { location: "http://[" }).end(),
  "/cut": (_, answer) => cutOff(answer.writeHead(200, { "content-length": "100" })),
  "/401-cut": (_, answer) => cutOff(answer.writeHead(401, { "content-length": "100" })),
}

function cutOff(answer: Parameters<RequestListener>[1]): void {
  answer.write("a")
  setTimeout(() => answer.destroy(), 20)
}

async function served(): Promise<string> {
  const server = createServer((request, answer) => answers[request.url?.split("?")[0] ?? ""]?.(request, answer))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  onTestFinished(() => void server.close().closeAllConnections())
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

describe.each(clients)("events of %s", (_, client) => {
  /** The types of the events, with the status of an answer. */
  async function told(path: string, options: object = {}, isStream = false): Promise<unknown[]> {
    const events: unknown[] = []
    const onEvent = (event: RequestEvent): void => {
      events.push(event.type === "response" ? event.status : event.type)
    }
    const url = await served()
    const api = withAuth(client.extend({ retry: { limit: 0 }, maxRedirects: 2 }), isStream ? numbering() : fixed, {
      hosts: [new URL(url).host],
      onEvent,
    })
    const done = isStream ? text(api.stream(url + path, options)) : api(url + path, options)
    await done.catch(() => undefined)
    // Later than the answer: a connection closes when it likes.
    await expect.poll(() => events.filter((event) => event !== "redirect").length % 2).toBe(0)
    return events
  }
  const fixed = tokenAuth("a-token")

  it.each<[string, unknown[]]>([
    ["/ok", ["attempt", 200]],
    ["/401", ["attempt", 401]],
    ["/once", ["attempt", 302, "redirect", "attempt", 200]],
    ["/loop", ["attempt", 302, "redirect", "attempt", 302, "redirect", "attempt", 302]],
    ["/nowhere", ["attempt", 302]],
    ["/cut", ["attempt", 200]],
    ["/401-cut", ["attempt", 401]],
  ])("end each attempt: %s", async (path, expected) => {
    expect(await told(path)).toEqual(expected)
  })

  it.each([true, false])("tell where a redirect leads, without the query; stream: %s", async (isStream) => {
    const to = await served()
    const location = `${to}/ok?secret=1`
    const server = createServer((_, answer) => void answer.writeHead(307, { location }).end())
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close().closeAllConnections())
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const events: RequestEvent[] = []
    const api = withAuth(client, fixed, {
      hosts: [new URL(origin).host, new URL(to).host],
      onEvent: (event) => void events.push(event),
    })
    await (isStream ? text(api.stream(`${origin}/a?q=1`)) : api(`${origin}/a?q=1`)).catch(() => undefined)
    await expect.poll(() => events.length).toBeGreaterThanOrEqual(4)
    const of = { method: "GET", origin, path: "/a", auth: "token", label: "token" }
    expect(events.slice(0, 4)).toMatchObject([
      { ...of, type: "attempt" },
      { ...of, type: "response", status: 307 },
      { ...of, type: "redirect", status: 307, toOrigin: to, toPath: "/ok" },
      { type: "attempt", origin: to, path: "/ok", auth: "token" },
    ])
  })

  it("end an attempt that got could not send", async () => {
    expect(await told("/ok", { headers: { "x-note": "a\nb" } })).toEqual(["attempt", "failure"])
  })

  it.each([true, false])(
    "of a stream tell of no replay, since there is none; throwHttpErrors: %s",
    async (throwHttpErrors) => {
      expect(await told("/401", { throwHttpErrors }, true)).toEqual(["attempt", 401])
    },
  )
})
