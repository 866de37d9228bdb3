import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { Readable } from "node:stream"
import { inspect } from "node:util"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import type { Got, OptionsInit, RequestPromise } from "got"
import { afterEach, describe, expect, it } from "vitest"
import { type Auth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

let server: RecordingServer
afterEach(async () => {
  await server.close()
})

const authenticated = (client: Got, options: OptionsInit = {}, auth: Auth = numbering("secret", 1_000_000)): Got =>
  withAuth(client.extend({ prefixUrl: server.url, ...options }), auth) as Got

const tokens = () => server.arrivals.map(({ headers }) => headers["x-auth-token"])

describe.each(clients)("%s, authenticated, as before", (name, client) => {
  it("parses what it is asked to parse", async () => {
    server = await recordingServer(() => ({ body: '{"a":1}' }))
    const api = authenticated(client)
    expect(await api("x").json()).toEqual({ a: 1 })
    expect(await api("x").text()).toBe('{"a":1}')
    expect(Buffer.from(await api("x").buffer()).toString()).toBe('{"a":1}')
    expect(await api("x", { responseType: "json", resolveBodyOnly: true })).toEqual({ a: 1 })
    expect(server.arrivals[0]?.headers.accept).toBe("application/json")
  })

  it("reports the progress of an upload that had to be read first", async () => {
    server = await recordingServer()
    const progress: number[] = []
    const promise = authenticated(client).post("x", {
      body: Readable.from([Buffer.alloc(300_000), Buffer.alloc(300_000)]),
    })
    promise.on("uploadProgress", ({ transferred }) => progress.push(transferred))
    await promise
    expect(server.arrivals[0]?.body).toHaveLength(600_000)
    expect(progress.at(-1)).toBe(600_000)
  })

  it("keeps cookies in its jar, on every attempt", async () => {
    server = await recordingServer(({ headers }) =>
      headers.cookie === undefined ? { status: 401, headers: { "set-cookie": "a=b" } } : {},
    )
    let jar = ""
    const cookieJar = {
      getCookieString: async () => jar,
      setCookie: async (cookie: string) => {
        jar = cookie
      },
    }
    await authenticated(client, { cookieJar }).get("x")
    expect(server.arrivals.map(({ headers }) => headers.cookie)).toEqual([undefined, "a=b"])
    expect(tokens()).toEqual(["secret-1", "secret-2"])
  })

  it("ends a request by its timeout and by the caller's signal", async () => {
    server = await recordingServer(() => new Promise(() => undefined))
    const api = authenticated(client, { retry: { limit: 0 } })
    await expect(api("x", { timeout: { request: 50 } })).rejects.toMatchObject({
      name: "TimeoutError",
      code: "ETIMEDOUT",
    })
    await expect(api("x", { signal: AbortSignal.timeout(50) })).rejects.toBeInstanceOf(Error)
    expect(server.arrivals).toHaveLength(2)
    const stuck = new Readable({ read: () => undefined })
    await expect(api.post("x", { body: stuck, signal: AbortSignal.timeout(50) })).rejects.toBeInstanceOf(Error)
    expect(server.arrivals).toHaveLength(2)
  })

  it.runIf(name === "got 14.0")("can be cancelled while a credential is fetched", async () => {
    server = await recordingServer()
    let release = (): void => undefined
    const held = new Promise<void>((resolve) => {
      release = resolve
    })
    const auth: Auth = {
      ...numbering(),
      authenticate: async () => {
        await held
        return { headers: {}, used: undefined }
      },
    }
    const promise = authenticated(client, {}, auth).get("x") as RequestPromise<unknown> & { cancel(): void }
    setTimeout(() => promise.cancel(), 10)
    await expect(promise).rejects.toMatchObject({ name: "CancelError" })
    release()
  })

  it("sends through a request function of the caller, and past one that gives nothing", async () => {
    server = await recordingServer()
    const seen: unknown[] = []
    const request = ((_url: URL, { headers }: { headers: Record<string, string> }) => {
      seen.push(headers["x-auth-token"])
    }) as unknown as NonNullable<OptionsInit["request"]>
    await authenticated(client, { request }).get("x")
    expect(seen).toEqual(["secret-1"])
    expect(tokens()).toEqual(["secret-1"])
    const later = (async (...given: unknown[]) => request(...(given as Parameters<typeof request>))) as typeof request
    await authenticated(client, { request: later }).get("x")
    expect(tokens()).toEqual(["secret-1", "secret-1"])
  })

  it("takes an answer from a request function of the caller", async () => {
    server = await recordingServer()
    const answer = Object.assign(Readable.from([Buffer.from("own")]), { statusCode: 200, headers: {}, complete: true })
    const request = (() => answer) as unknown as NonNullable<OptionsInit["request"]>
    const response = await authenticated(client, { request }).get("x")
    expect(response.body).toBe("own")
    expect(inspect(response)).toContain("statusCode: 200")
    expect(server.arrivals).toEqual([])
  })

  it("runs handlers, and tells diagnostics channels no secret", async () => {
    server = await recordingServer()
    const messages: unknown[] = []
    const onMessage = (message: unknown): void => {
      messages.push(message)
    }
    subscribe("got:request:start", onMessage)
    const calls: string[] = []
    const handler: NonNullable<Got["defaults"]["handlers"]>[number] = (options, next) => {
      calls.push(String(options.url))
      return next(options)
    }
    await authenticated(client.extend({ handlers: [handler] })).get("x")
    unsubscribe("got:request:start", onMessage)
    expect(calls).toEqual([`${server.url}/x`])
    expect(tokens()).toEqual(["secret-1"])
    expect(messages).toHaveLength(name === "got 14.0" ? 0 : 1)
    expect(JSON.stringify(messages)).not.toContain("secret-1")
  })

  it("keeps public answers in its cache, and validates them with an authenticated request", async () => {
    server = await recordingServer(({ headers }) =>
      headers["if-none-match"] === '"1"'
        ? { status: 304, headers: { etag: '"1"', "cache-control": "public, max-age=0" } }
        : { body: '{"a":1}', headers: { etag: '"1"', "cache-control": "public, max-age=0" } },
    )
    const api = authenticated(client, { cache: new Map(), responseType: "json" })
    expect((await api("x")).body).toEqual({ a: 1 })
    const again = await api("x")
    expect([again.body, again.isFromCache]).toEqual([{ a: 1 }, true])
    expect(tokens()).toEqual(["secret-1", "secret-2"])
  })

  it("follows as many redirects as it is told", async () => {
    server = await recordingServer(() => ({ status: 302, headers: { location: "/again" } }))
    const api = authenticated(client)
    await expect(api("x", { maxRedirects: 2 })).rejects.toMatchObject({ code: "ERR_TOO_MANY_REDIRECTS" })
    expect(tokens()).toEqual(["secret-1", "secret-2", "secret-3"])
    const unfollowed = await api("x", { followRedirect: false })
    expect(unfollowed.statusCode).toBe(302)
  })
})
