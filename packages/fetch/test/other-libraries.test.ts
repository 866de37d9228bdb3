import { createServer } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { Readable } from "node:stream"
import { type Answer, type Arrival, numbering, type RecordingServer, testServers } from "@countersign/testkit"
import { AbortController as PolyfillController } from "abort-controller"
import * as nodeFetch from "node-fetch"
import nodeFetch2, * as nodeFetch2Classes from "node-fetch-2"
import * as undici from "undici"
import { describe, expect, it, onTestFinished } from "vitest"
import { akskAuth, createFetch, type Fetch } from "../src/index.ts"

const { serve } = testServers()

const tokens = ({ arrivals }: RecordingServer) => arrivals.map(({ headers }) => headers["x-auth-token"])
const bodies = ({ arrivals }: RecordingServer) => arrivals.map(({ body }) => body.toString())
const once = (answer: Answer) => (_arrival: Arrival, index: number) => (index === 0 ? answer : {})
const hosts = ["127.0.0.1"]

interface Library {
  fetch: Fetch
  Request: typeof Request
}

const libraries = [
  ["npm undici", { fetch: undici.fetch, Request: undici.Request }],
  ["node-fetch 3", { fetch: nodeFetch.default, Request: nodeFetch.Request }],
  ["node-fetch 2", { fetch: nodeFetch2, Request: nodeFetch2Classes.Request }],
] as unknown as [string, Library][]

describe.each(libraries)("the fetch of %s", (_, library) => {
  const authFetch = (auth = numbering()) => createFetch(auth, { hosts, fetch: library.fetch })

  it("gets its own kind of Request, as without auth", async () => {
    const server = await serve()
    const seen: unknown[] = []
    const own: Fetch = (input, init) => {
      seen.push(input)
      return library.fetch(input, init)
    }
    const request = new library.Request(`${server.url}/a?q=a+b#x`, {
      method: "PUT",
      headers: { "x-own": "1" },
      body: "text",
    })
    const response = await createFetch(numbering(), { hosts, fetch: own })(request)
    expect(await response.json()).toEqual({ ok: true })
    expect(seen).toEqual([expect.any(library.Request)])
    expect(server.arrivals).toMatchObject([
      {
        method: "PUT",
        target: "/a?q=a%20b",
        headers: { "x-own": "1", "x-auth-token": "secret-1", "content-length": "4" },
      },
    ])
    expect(bodies(server)).toEqual(["text"])
  })

  it("gets it again for a replay and for each hop, and the answer says that it was redirected", async () => {
    const server = await serve(({ target }, index) =>
      index === 0 ? { status: 401 } : target === "/from" ? { status: 307, headers: { location: "/to" } } : {},
    )
    const request = new library.Request(`${server.url}/from`, { method: "POST", body: "text" })
    const response = await authFetch()(request)
    expect([response.status, response.redirected]).toEqual([200, true])
    expect(server.arrivals.map(({ method, target }) => `${method} ${target}`)).toEqual([
      "POST /from",
      "POST /from",
      "POST /to",
    ])
    expect(bodies(server)).toEqual(["text", "text", "text"])
    expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
  })

  it("sends a stream, and again after a 401", async () => {
    const server = await serve(once({ status: 401 }))
    const stream = (): unknown => Readable.from([Buffer.from("ab"), Buffer.from("c")])
    const body = library.fetch === (undici.fetch as unknown) ? Readable.toWeb(stream() as Readable) : stream()
    const request = new library.Request(server.url, { method: "POST", body, duplex: "half" } as never)
    expect((await authFetch()(request)).status).toBe(200)
    expect(bodies(server)).toEqual(["abc", "abc"])
  })

  it("renews a refused temporary key because of the text of the answer", async () => {
    const error_msg = "Incorrect IAM authentication information: Get secretKey failed,ak:AKTEMPORARY1,err:ak not exist"
    const server = await serve(once({ status: 401, body: JSON.stringify({ error_code: "APIGW.0301", error_msg }) }))
    let calls = 0
    const auth = akskAuth(async () => ({
      accessKeyId: `AKTEMPORARY${++calls}`,
      secretAccessKey: "secret-key",
      securityToken: "security-token",
      expiresAt: Date.now() + 86_400_000,
    }))
    expect((await createFetch(auth, { hosts, fetch: library.fetch })(server.url)).status).toBe(200)
    expect(calls).toBe(2)
  })

  it("corrects the clock by the text of an answer without Date", async () => {
    const stamp = (ms: number) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, "")
    const seen: string[] = []
    const server = createServer((request, response) => {
      const signedAt = String(request.headers["x-sdk-date"])
      response.sendDate = false
      if (seen.push(signedAt) > 1) return response.end("{}")
      const error_msg = `signature expired, signature time:${signedAt},server time:${stamp(Date.now() + 3_600_000)}`
      return response.writeHead(401).end(JSON.stringify({ error_code: "APIGW.0301", error_msg }))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const offsets: number[] = []
    const auth = akskAuth(
      { accessKeyId: "AK", secretAccessKey: "SK" },
      { onClockOffset: ({ offsetMs }) => offsets.push(offsetMs) },
    )
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    expect((await createFetch(auth, { hosts, fetch: library.fetch })(url)).status).toBe(200)
    expect(seen).toHaveLength(2)
    expect(offsets).toEqual([expect.closeTo(3_600_000, -5)])
  })

  it("gives an answer with an endless body to the caller", async () => {
    const server = createServer((_request, response) => void response.writeHead(401).write("{"))
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => {
      server.closeAllConnections()
      server.close()
    })
    const auth = { ...numbering(), judge: () => false }
    const response = await authFetch(auth as never)(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    expect(response.status).toBe(401)
  })
})

describe("the signal of a polyfill", () => {
  it("ends the request, also during the wait for the credential", async () => {
    const server = await serve()
    const abort = new PolyfillController()
    const init = { signal: abort.signal as AbortSignal }
    const stuck = { ...numbering(), authenticate: () => new Promise<never>(() => undefined) }
    const sent = createFetch(stuck, { hosts, fetch: nodeFetch.default as unknown as Fetch })(server.url, init)
    abort.abort()
    await expect(sent).rejects.toMatchObject({ name: "AbortError" })
    const late = createFetch(numbering(), { hosts, fetch: nodeFetch.default as unknown as Fetch })(server.url, init)
    await expect(late).rejects.toMatchObject({ name: "AbortError" })
    expect(server.arrivals).toEqual([])
  })
})

describe("the platform's fetch", () => {
  it.each(libraries)("sends a Request of %s", async (_, library) => {
    const server = await serve()
    const request = new library.Request(server.url, { method: "PUT", headers: { "x-own": "1" }, body: "text" })
    expect((await createFetch(numbering(), { hosts })(request)).status).toBe(200)
    expect(server.arrivals).toMatchObject([{ method: "PUT", headers: { "x-own": "1", "x-auth-token": "secret-1" } }])
    expect(bodies(server)).toEqual(["text"])
  })
})

describe("npm undici's ProxyAgent", () => {
  it("works with authenticated requests and its own fetch", async () => {
    const server = await serve()
    let tunnels = 0
    const proxy = createServer().on("connect", (request, client) => {
      tunnels += 1
      const [host = "", port = ""] = request.url?.split(":") ?? []
      const upstream = connect(Number(port), host, () => {
        client.write("HTTP/1.1 200 OK\r\n\r\n")
        client.pipe(upstream).pipe(client)
      })
    })
    await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
    const dispatcher = new undici.ProxyAgent({
      uri: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
      proxyTunnel: true,
    })
    onTestFinished(async () => {
      await dispatcher.destroy()
      proxy.close()
    })
    // The server has no TLS.
    const options = { hosts, allowInsecure: true, fetch: undici.fetch as unknown as Fetch }
    const authFetch = createFetch(numbering(), options)
    await authFetch(`${server.url}/a`, { dispatcher } as never)
    await authFetch(new undici.Request(`${server.url}/b`, { dispatcher }) as unknown as Request)
    expect(tokens(server)).toEqual(["secret-1", "secret-2"])
    expect(tunnels).toBeGreaterThan(0)
  })
})
