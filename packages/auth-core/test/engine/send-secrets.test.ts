import http, { type ClientRequest, OutgoingMessage, type RequestListener, type RequestOptions } from "node:http"
import https from "node:https"
import net, { type AddressInfo } from "node:net"
import { Duplex, PassThrough } from "node:stream"
import { markIn, selfSigned, shown } from "@countersign/testkit"
import { afterEach, describe, expect, it } from "vitest"
import { maskSecrets, sendSecrets } from "../../src/engine/send-secrets.ts"

const added = { "x-auth-token": "secret-1", authorization: "secret-2", "x-sdk-date": "20261129T060000Z" }

const ends: (() => void)[] = []
afterEach(() => {
  for (const end of ends.splice(0)) end()
})

interface Arrival {
  token: unknown
  authorization: unknown
  bytes: number
}

async function serve(scheme: "http" | "https"): Promise<{ options: RequestOptions; arrivals: Arrival[] }> {
  const arrivals: Arrival[] = []
  const listener: RequestListener = async (request, response) => {
    let bytes = 0
    for await (const chunk of request) bytes += chunk.length
    const { "x-auth-token": token, authorization } = request.headers
    arrivals.push({ token, authorization, bytes })
    response.end("answer")
  }
  const server = scheme === "http" ? http.createServer(listener) : https.createServer(selfSigned("localhost"), listener)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  ends.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    options: {
      protocol: `${scheme}:`,
      host: "127.0.0.1",
      port,
      method: "POST",
      rejectUnauthorized: false,
    } as RequestOptions,
    arrivals,
  }
}

function masked(options: RequestOptions, headers: Record<string, string> = {}): ClientRequest {
  const all = { Accept: "a/b", "X-Auth-Token": "secret-1", authorization: "secret-2", ...headers }
  const secrets = maskSecrets(all, added)
  const request = (options.protocol === "https:" ? https : http).request({ ...options, headers: all })
  sendSecrets(request, secrets)
  return request
}

/** The printed form of a request at each step, until its answer has been read. */
async function steps(request: ClientRequest, agent?: unknown): Promise<string> {
  let text = shown(request, agent)
  request.on("socket", () => (text += shown(request, agent)))
  const response = await new Promise<http.IncomingMessage>((resolve, reject) => {
    request.on("response", resolve).on("error", reject)
  })
  text += shown(response, agent)
  for await (const chunk of response) text += chunk
  return text + shown(request, response, agent)
}

describe.each(["http", "https"] as const)("over %s", (scheme) => {
  const bodies: [name: string, send: (request: ClientRequest) => void, bytes: number][] = [
    ["no body", (request) => request.end(), 0],
    ["text", (request) => request.end("text ü"), 7],
    ["many bytes", (request) => request.end(Buffer.alloc(300_000)), 300_000],
    [
      "a body in pieces",
      (request) => {
        request.write("a")
        request.write("b")
        setTimeout(() => request.end("c"), 20)
      },
      3,
    ],
    [
      "headers ahead of the body",
      (request) => {
        request.flushHeaders()
        setTimeout(() => request.end("c"), 20)
      },
      1,
    ],
  ]
  it.each(bodies)("a request with %s arrives with its secrets, and shows none", async (_, send, bytes) => {
    const { options, arrivals } = await serve(scheme)
    const agent = new (scheme === "http" ? http : https).Agent({ keepAlive: true, maxSockets: 1 })
    ends.push(() => agent.destroy())
    // The second waits for the connection of the first, and uses it.
    const requests = [masked({ ...options, agent }), masked({ ...options, agent })]
    for (const request of requests) send(request)
    const texts = await Promise.all(requests.map((request) => steps(request, agent)))
    const arrival = { token: "secret-1", authorization: "secret-2", bytes }
    expect(arrivals).toEqual([arrival, arrival])
    for (const text of texts) {
      expect(text).toContain("X-Auth-Token: [secret]")
      expect(markIn(text, "secret-")).toBeUndefined()
    }
  })

  it("a request that expects 100-continue arrives with its secrets, and shows none", async () => {
    const { options, arrivals } = await serve(scheme)
    const request = masked({ ...options, agent: false }, { Expect: "100-continue" })
    request.on("continue", () => request.end("abc"))
    expect(markIn(await steps(request), "secret-")).toBeUndefined()
    expect(arrivals).toEqual([{ token: "secret-1", authorization: "secret-2", bytes: 3 }])
  })

  it("a request drops the secrets that it was made with", async () => {
    const { options, arrivals } = await serve(scheme)
    const headers: Record<string, string> = { "x-auth-token": "secret-1", authorization: "secret-2" }
    const request = (scheme === "http" ? http : https).request({ ...options, headers, agent: false })
    sendSecrets(request, maskSecrets(headers, added))
    request.end("x")
    expect(markIn(await steps(request), "secret-")).toBeUndefined()
    expect(arrivals).toMatchObject([{ token: "secret-1", authorization: "secret-2" }])
  })

  it("a request with a refused connection shows none", async () => {
    const request = masked({ protocol: `${scheme}:`, host: "127.0.0.1", port: 1 })
    request.end("x")
    const error = await new Promise((resolve) => request.on("error", resolve))
    expect(error).toMatchObject({ code: "ECONNREFUSED" })
    expect(markIn(shown(error, request), "secret-")).toBeUndefined()
    await new Promise((resolve) => request.on("close", resolve))
    expect(markIn(shown(request), "secret-")).toBeUndefined()
  })

  it("a request that is aborted while it connects shows none and sends none", async () => {
    const { options, arrivals } = await serve(scheme)
    const lookup = (): void => undefined
    const request = masked({ ...options, host: "name.invalid", lookup, agent: false } as RequestOptions)
    request.end("x")
    await new Promise((resolve) => request.on("socket", () => setTimeout(resolve, 20)))
    expect(markIn(shown(request), "secret-")).toBeUndefined()
    request.destroy()
    await new Promise((resolve) => request.on("error", () => request.on("close", resolve)))
    expect(markIn(shown(request), "secret-")).toBeUndefined()
    expect(arrivals).toEqual([])
  })
})

it("a connection from a stream of the caller carries the secrets", async () => {
  const { options, arrivals } = await serve("http")
  const createConnection = (): Duplex => {
    const socket = net.connect(Number(options.port), "127.0.0.1")
    const sent = new PassThrough()
    sent.pipe(socket)
    return Duplex.from({ writable: sent, readable: socket })
  }
  const request = masked({ ...options, createConnection })
  request.end("x")
  await steps(request)
  expect(arrivals).toEqual([{ token: "secret-1", authorization: "secret-2", bytes: 1 }])
})

it("a mock reads the secrets from its connection", async () => {
  const written: unknown[] = []
  class MockSocket extends net.Socket {
    override write(chunk: unknown): boolean {
      written.push(chunk)
      return true
    }
  }
  const request = masked({ createConnection: () => new MockSocket(), method: "POST" })
  ends.push(() => request.on("error", () => undefined).destroy())
  request.end("x")
  await new Promise((resolve) => request.on("socket", () => setTimeout(resolve, 5)))
  expect(String(written[0])).toContain("\r\nX-Auth-Token: secret-1\r\nauthorization: secret-2\r\n")
})

it("a mock of the request itself has the secrets as text", () => {
  class MockRequest extends OutgoingMessage {
    override end(): this {
      return this
    }
  }
  const request = new MockRequest()
  request.setHeader("x-auth-token", "[secret]")
  sendSecrets(request, { "x-auth-token": "secret-1" })
  expect(request.getHeader("x-auth-token")).toBe("secret-1")
})

it("a head that other code changed is not sent, and the request fails with an error", async () => {
  const { options, arrivals } = await serve("http")
  const request = masked({ ...options, agent: false })
  request.removeHeader("authorization")
  request.end("x")
  const error = await new Promise((resolve) => request.on("error", resolve).on("response", resolve))
  expect(error).toMatchObject({ message: expect.stringContaining("was not sent") })
  expect(arrivals).toEqual([])
})

it("public headers and the caller's own headers stay", () => {
  const headers = {
    Authorization: "the caller's",
    "X-Sdk-Date": added["x-sdk-date"],
    "x-auth-token": "secret-1",
    a: "1",
  }
  expect(maskSecrets(headers, added)).toEqual({ "x-auth-token": "secret-1" })
  expect(headers).toEqual({
    Authorization: "the caller's",
    "X-Sdk-Date": added["x-sdk-date"],
    "x-auth-token": "[secret]",
    a: "1",
  })
})
