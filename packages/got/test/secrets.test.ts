import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { inspect } from "node:util"
import { secretBearingAuth as auth, markIn, type RecordingServer, recordingServer, shown } from "@countersign/testkit"
import type { OptionsInit } from "got"
import { afterEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

let server: RecordingServer | undefined
afterEach(async () => {
  await server?.close()
})

describe.each(clients)("%s", (name, client) => {
  it("shows no secret on a response, its request and its options", async () => {
    server = await recordingServer()
    const response = await withAuth(client.extend({ prefixUrl: server.url }), auth).post("x", { json: { a: 1 } })
    expect(server.arrivals[0]?.headers["x-security-token"]).toBe("secret-2")
    expect(markIn(shown(response), "secret-")).toBeUndefined()
    expect(JSON.stringify(response.request.options.headers)).not.toContain("secret-")
  })

  it("shows no secret on an error with a response", async () => {
    server = await recordingServer(() => ({ status: 403 }))
    const error: unknown = await withAuth(client.extend({ prefixUrl: server.url }), auth)
      .get("x")
      .catch((thrown: unknown) => thrown)
    expect(server.arrivals[0]?.headers["x-security-token"]).toBe("secret-2")
    expect(shown(error)).toContain("403")
    expect(markIn(shown(error), "secret-")).toBeUndefined()
  })

  it("shows no secret on an error without a response", async () => {
    const gone = await recordingServer()
    await gone.close()
    const error: unknown = await withAuth(client.extend({ prefixUrl: gone.url, retry: { limit: 0 } }), auth)
      .get("x")
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: "ECONNREFUSED" })
    expect(markIn(shown(error), "secret-")).toBeUndefined()
  })

  it("shows no secret on a pending request or to the caller's hooks", async () => {
    server = await recordingServer()
    const seen: unknown[] = []
    const api = withAuth(client.extend({ prefixUrl: server.url }), auth).extend({
      hooks: {
        afterResponse: [
          (response) => {
            seen.push(response.request.options.headers)
            return response
          },
        ],
      },
    })
    const promise = api.get("x")
    promise.on("request", (request) => seen.push(request))
    await promise
    expect(seen).toHaveLength(2)
    expect(markIn(shown(seen), "secret-")).toBeUndefined()
  })

  it("shows no secret on a stream", async () => {
    server = await recordingServer()
    const stream = withAuth(client.extend({ prefixUrl: server.url }), auth).stream("x")
    for await (const chunk of stream) expect(chunk).toBeDefined()
    expect(server.arrivals[0]?.headers["x-security-token"]).toBe("secret-2")
    expect(markIn(shown(stream), "secret-")).toBeUndefined()
  })

  it("keeps no secret in got's cache", async () => {
    server = await recordingServer(() => ({
      headers: { "cache-control": "public, max-age=60", vary: "x-security-token" },
    }))
    const cache = new Map()
    await withAuth(client.extend({ prefixUrl: server.url, cache }), auth).get("x")
    expect(cache.size).toBe(1)
    expect(inspect([...cache], { depth: Number.POSITIVE_INFINITY })).not.toContain("secret-")
  })

  it("keeps only public answers in got's cache", async () => {
    server = await recordingServer(() => ({ headers: { "cache-control": "max-age=60" } }))
    const cache = new Map()
    const api = client.extend({ prefixUrl: server.url, cache })
    await withAuth(api, auth).get("x")
    expect(cache.size).toBe(0)
    await api.get("x")
    expect(cache.size).toBe(1)
  })

  it("gives no secret to diagnostics channels, and all headers to the caller's request function", async () => {
    server = await recordingServer()
    const messages: unknown[] = []
    const onMessage = (message: unknown): void => void messages.push(message)
    subscribe("got:request:start", onMessage)
    const seen: unknown[] = []
    const request = ((_url: URL, { headers }: { headers: Record<string, string> }) => {
      seen.push(headers["x-security-token"])
    }) as unknown as NonNullable<OptionsInit["request"]>
    await withAuth(client.extend({ prefixUrl: server.url, request }), auth).get("x")
    unsubscribe("got:request:start", onMessage)
    expect(seen).toEqual(["secret-2"])
    expect(messages).toHaveLength(name === "got 14.0" ? 0 : 1)
    expect(markIn(shown(messages), "secret-")).toBeUndefined()
  })
})
