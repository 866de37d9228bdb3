import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { createServer as createRawServer } from "node:net"
import { Readable } from "node:stream"
import { gzipSync } from "node:zlib"
import type { Rejection } from "@countersign/auth-core"
import { type Arrival, numbering, type RecordingServer, testServers } from "@countersign/testkit"
import * as formdataNode from "formdata-node"
import type { Dispatcher } from "undici"
import { describe, expect, it, onTestFinished } from "vitest"
import { type Auth, type AuthDispatchOptions, authInterceptor, withAuth } from "../src/index.ts"
import { releases } from "./releases.ts"

const { serve } = testServers()

const hosts = ["127.0.0.1"]
const tokens = ({ arrivals }: RecordingServer) => arrivals.map(({ headers }) => headers["x-auth-token"])
const once = (status: number) => (_arrival: Arrival, index: number) => (index === 0 ? { status } : {})

/** An auth whose credential comes when it is released. */
function waiting(): { auth: Auth; release(): void; aborted: boolean } {
  let release = (): void => undefined
  const released = new Promise<void>((resolve) => {
    release = resolve
  })
  const state = {
    aborted: false,
    release: () => release(),
    auth: {
      ...numbering(),
      authenticate: async ({ signal }) => {
        signal?.addEventListener("abort", () => {
          state.aborted = true
        })
        await released
        return { headers: { "x-auth-token": "secret-late" }, used: undefined }
      },
    } satisfies Auth,
  }
  return state
}

describe.each(releases)("%s", (_name, undici) => {
  const agent = (auth: Auth = numbering(), options: Parameters<typeof withAuth>[2] = { hosts }): Dispatcher => {
    const dispatcher = new undici.Agent()
    onTestFinished(() => dispatcher.destroy())
    return withAuth(dispatcher, auth, options)
  }
  const send = async (
    dispatcher: Dispatcher,
    url: string,
    options: Partial<Dispatcher.RequestOptions> & AuthDispatchOptions = {},
  ): Promise<[number, string]> => {
    const { statusCode, body } = await undici.request(url, { dispatcher, ...options })
    return [statusCode, await body.text()]
  }

  describe.each(["Pool", "Client"] as const)("a %s", (kind) => {
    const made = (url: string, options: Parameters<typeof withAuth>[2]): Dispatcher => {
      const dispatcher = new undici[kind](url)
      onTestFinished(() => dispatcher.destroy())
      return withAuth(dispatcher, numbering(), options)
    }

    it("sends no credential of another origin, to which it redirects", async () => {
      const other = await serve()
      const server = await serve(({ target }) =>
        target === "/start" ? { status: 302, headers: { location: `${other.url}/steal` } } : {},
      )
      const dispatcher = made(server.url, { hosts: [other.host], unlisted: "silent" })
      const redirecting = dispatcher.compose(undici.interceptors.redirect({ maxRedirections: 2 }))
      await send(redirecting, `${server.url}/start`)
      await (await undici.fetch(`${server.url}/start`, { dispatcher })).text()
      expect(server.arrivals.length).toBeGreaterThan(2)
      expect(tokens(server).filter(Boolean)).toEqual([])
    })

    it("is judged by its own origin, whatever a request names", async () => {
      const server = await serve()
      const dispatcher = made(server.url, { unlisted: "error" })
      for (const origin of ["https://bss-intl.myhuaweicloud.com", "nonsense"]) {
        const sent = dispatcher.request({ origin, path: "/v2/x", method: "GET" })
        await expect(sent).rejects.toMatchObject({
          code: "AUTH_INVALID_REQUEST",
          message: expect.stringContaining(server.url),
        })
      }
      expect(server.arrivals).toEqual([])
    })
  })

  describe("a caller that uses one object for several requests", () => {
    const customers = ({ arrivals }: RecordingServer) =>
      arrivals.map(({ target, headers }) => `${target} ${headers["x-customer"]}`).sort()

    it("sends each request with its own headers, though the key comes later", async () => {
      const server = await serve()
      const { auth, release } = waiting()
      const dispatcher = agent(auth)
      const headers = { "x-customer": "alice" }
      const first = send(dispatcher, `${server.url}/alice`, { headers })
      headers["x-customer"] = "bob"
      const second = send(dispatcher, `${server.url}/bob`, { headers })
      release()
      await Promise.all([first, second])
      expect(customers(server)).toEqual(["/alice alice", "/bob bob"])
    })

    it("sends a request again with its own headers", async () => {
      const server = await serve(once(401))
      const dispatcher = agent()
      const headers = { "x-customer": "alice" }
      const first = send(dispatcher, `${server.url}/alice`, { headers })
      headers["x-customer"] = "bob"
      await first
      expect(customers(server)).toEqual(["/alice alice", "/alice alice"])
    })

    it("sends each dispatch with its own options", async () => {
      const server = await serve()
      const { auth, release } = waiting()
      const dispatcher = agent(auth)
      const options = { origin: server.url, path: "/alice", method: "GET" as Dispatcher.HttpMethod }
      const first = dispatcher.request(options)
      Object.assign(options, { path: "/bob", method: "DELETE" })
      const second = dispatcher.request(options)
      release()
      for (const { body } of await Promise.all([first, second])) await body.dump()
      expect(server.arrivals.map(({ method, target }) => `${method} ${target}`).sort()).toEqual([
        "DELETE /bob",
        "GET /alice",
      ])
    })
  })

  it.each([
    ["throws nothing", () => Promise.reject(undefined)],
    [
      "throws nothing at once",
      () => {
        throw undefined
      },
    ],
  ])("fails where an auth %s", async (_what, authenticate) => {
    const server = await serve()
    const dispatcher = agent({ ...numbering(), authenticate })
    await expect(send(dispatcher, server.url)).rejects.toThrow("without a reason")
    expect(server.arrivals).toEqual([])
  })

  describe("per request", () => {
    it("accepts another auth, or none", async () => {
      const server = await serve()
      const dispatcher = agent()
      await send(dispatcher, server.url, { countersign: numbering("customer") })
      await send(dispatcher, server.url, { countersign: false })
      await send(dispatcher, server.url)
      expect(tokens(server)).toEqual(["customer-1", undefined, "secret-1"])
    })

    it("refuses a value that is not an auth, and sends nothing", async () => {
      const server = await serve()
      const sent = send(agent(), server.url, { countersign: "token" as unknown as Auth })
      await expect(sent).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
      expect(server.arrivals).toEqual([])
    })
  })

  it("does not change the given dispatcher", async () => {
    const server = await serve()
    const dispatcher = new undici.Agent()
    onTestFinished(() => dispatcher.close())
    await send(withAuth(dispatcher, numbering(), { hosts }), server.url)
    await send(dispatcher, server.url)
    expect(tokens(server)).toEqual(["secret-1", undefined])
  })

  describe("the order of interceptors", () => {
    it.each([
      ["each attempt anew when the authentication comes first", true, ["secret-1", "secret-2", "secret-3"]],
      ["all attempts alike when it comes last", false, ["secret-1", "secret-1", "secret-1"]],
    ])("authenticates %s", async (_, isFirst, expected) => {
      const server = await serve((_arrival, index) => (index < 2 ? { status: 503 } : {}))
      const dispatcher = new undici.Agent()
      onTestFinished(() => dispatcher.close())
      const list = [authInterceptor(numbering(), { hosts }), undici.interceptors.retry({ minTimeout: 1 })]
      await send(dispatcher.compose(isFirst ? list : list.reverse()), server.url)
      expect(tokens(server)).toEqual(expected)
    })
  })

  describe("a request to a host that is not listed", () => {
    it("goes out unchanged", async () => {
      const server = await serve()
      await send(agent(numbering(), { hosts: ["api.example.com"] }), server.url, { headers: { "x-own": "1" } })
      expect(tokens(server)).toEqual([undefined])
      expect(server.arrivals[0]?.headers["x-own"]).toBe("1")
    })

    it("is judged by its origin, not by a path that looks like an address", async () => {
      const server = await serve()
      const named = server.url.replace("127.0.0.1", "localhost")
      const { body } = await agent().request({ origin: named, path: "//127.0.0.1/a", method: "GET" })
      await body.dump()
      const listed = await agent().request({ origin: server.url, path: "//localhost/b", method: "GET" })
      await listed.body.dump()
      expect(server.arrivals.map(({ target }) => target)).toEqual(["//127.0.0.1/a", "//localhost/b"])
      expect(tokens(server)).toEqual([undefined, "secret-1"])
    })

    it("is judged by both if a listed origin is asked for the address of another", async () => {
      const server = await serve()
      for (const path of ["http://example.com/a", `${server.url}/b`]) {
        const { body } = await agent().request({ origin: server.url, path, method: "GET" })
        await body.dump()
      }
      expect(tokens(server)).toEqual([undefined, "secret-1"])
    })
  })

  describe("a request that waits for its credential", () => {
    it("can be aborted, ends at once, and nothing is sent", async () => {
      const server = await serve()
      const credential = waiting()
      const abort = new AbortController()
      const sent = send(agent(credential.auth), server.url, { signal: abort.signal })
      setTimeout(() => abort.abort(new RangeError("not needed any more")), 10)
      await expect(sent).rejects.toThrow("not needed any more")
      expect(credential.aborted).toBe(true)
      credential.release()
      await new Promise((resolve) => setTimeout(resolve, 20))
      expect(server.arrivals).toEqual([])
    })

    it("can be aborted through fetch", async () => {
      const server = await serve()
      const credential = waiting()
      const signal = AbortSignal.timeout(20)
      const fetched = undici.fetch(server.url, { dispatcher: agent(credential.auth), signal })
      await expect(fetched).rejects.toMatchObject({ name: "TimeoutError" })
      expect(credential.aborted).toBe(true)
      expect(server.arrivals).toEqual([])
    })

    it.each(["promise", "callback"])("is awaited when its dispatcher closes, by %s", async (kind) => {
      const server = await serve()
      const credential = waiting()
      const dispatcher = agent(credential.auth)
      const sent = send(dispatcher, server.url)
      const closed =
        kind === "promise" ? dispatcher.close() : new Promise<void>((resolve) => dispatcher.close(() => resolve()))
      credential.release()
      expect(await sent).toEqual([200, '{"ok":true}'])
      await closed
      expect(tokens(server)).toEqual(["secret-late"])
      await expect(send(dispatcher, server.url)).rejects.toMatchObject({ name: expect.stringMatching(/^Client/) })
    })

    it("ends when its dispatcher is destroyed", async () => {
      const server = await serve()
      const credential = waiting()
      const dispatcher = agent(credential.auth)
      const sent = send(dispatcher, server.url)
      await dispatcher.destroy()
      credential.release()
      await expect(sent).rejects.toMatchObject({ code: "UND_ERR_DESTROYED" })
      expect(server.arrivals).toEqual([])
    })
  })

  describe("a rejected attempt", () => {
    it("is sent once more, and the caller sees only the second answer", async () => {
      const server = await serve(once(401))
      expect(await send(agent(), server.url, { method: "POST", body: "text" })).toEqual([200, '{"ok":true}'])
      expect(server.arrivals.map(({ body }) => `${body}`)).toEqual(["text", "text"])
      expect(tokens(server)).toEqual(["secret-1", "secret-2"])
    })

    it("is sent once more however long its answer is, and the answer is dropped", async () => {
      const server = await serve((_arrival, index) => (index === 0 ? { status: 401, body: "x".repeat(3_000_000) } : {}))
      expect(await send(agent(), server.url)).toEqual([200, '{"ok":true}'])
      expect(await send(agent(), server.url)).toEqual([200, '{"ok":true}'])
    })

    it("gives the whole of a long answer when it is not sent again", async () => {
      const server = await serve(() => ({ status: 403, body: "x".repeat(3_000_000) }))
      const [status, text] = await send(agent({ ...numbering(), judge: () => false }), server.url)
      expect([status, text.length]).toEqual([403, 3_000_000])
    })

    it.each<[string, Record<string, string>]>([
      ["of unknown length", {}],
      ["of known length", { "content-length": "2" }],
    ])("is sent again with a stream %s, which went out as it came", async (_, headers) => {
      const server = await serve(once(401))
      const body = Readable.from(["a", "b"], { objectMode: false })
      const [status] = await send(agent(), server.url, { method: "POST", body, headers })
      expect(status).toBe(200)
      expect(server.arrivals.map((arrival) => arrival.body.toString())).toEqual(["ab", "ab"])
      expect(server.arrivals.map((arrival) => arrival.headers["content-length"])).toEqual(
        Array(2).fill(headers["content-length"]),
      )
    })

    it("is not sent again with a stream that is too long to be kept", async () => {
      const server = await serve(() => ({ status: 401, body: "no" }))
      const body = Readable.from(Array.from({ length: 13 }, () => Buffer.alloc(1024 * 1024)))
      expect(await send(agent(), server.url, { method: "POST", body })).toEqual([401, "no"])
      expect(server.arrivals).toHaveLength(1)
    })

    it("is given to the caller before its body ends, and the body goes on", async () => {
      let end = (): void => undefined
      const server = createServer((_request, response) => {
        response.writeHead(403).write("be")
        end = () => void response.end("gun")
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      onTestFinished(() => void server.close())
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const dispatcher = agent({ ...numbering(), judge: () => false })
      const { statusCode, body } = await undici.request(url, { dispatcher })
      expect(statusCode).toBe(403)
      end()
      expect(await body.text()).toBe("begun")
    })

    it("comes after its early hints", async () => {
      const server = createRawServer((socket) => {
        socket.once("data", () => {
          socket.end(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok`)
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      onTestFinished(() => void server.close())
      const statuses: number[] = []
      const watch: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
        dispatch(options, {
          onRequestStart: (...given) => handler.onRequestStart?.(...given),
          onResponseStart: (controller, status, ...rest) => {
            statuses.push(status)
            handler.onResponseStart?.(controller, status, ...rest)
          },
          onResponseData: (...given) => handler.onResponseData?.(...given),
          onResponseEnd: (...given) => handler.onResponseEnd?.(...given),
          onResponseError: (...given) => handler.onResponseError?.(...given),
        })
      const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      const { body } = await undici.request(url, { dispatcher: agent().compose(watch) })
      expect(await body.text()).toBe("ok")
      expect(statuses).toEqual([103, 200])
    })

    it("closes the stream of a request without a credential", async () => {
      const server = await serve()
      const body = new Readable({ read: () => undefined })
      const refusing: Auth = { ...numbering(), authenticate: () => Promise.reject(new Error("no token")) }
      await expect(send(agent(refusing), server.url, { method: "POST", body })).rejects.toThrow("no token")
      expect(body.destroyed).toBe(true)
      expect(server.arrivals).toEqual([])
    })

    it.each([
      ["plain", undefined],
      ["gzip", gzipSync],
    ])("is judged by what the gateway says, %s", async (encoding, encode) => {
      const text = '{"error_code":"APIGW.0301","error_msg":"token expires","request_id":"r-1"}'
      const server = await serve(() => ({
        status: 401,
        headers: encode === undefined ? {} : { "content-encoding": encoding },
        body: encode?.(text) ?? text,
      }))
      const rejections: Rejection[] = []
      const judge = (_: unknown, rejection: Rejection): boolean => rejections.push(rejection) < 0
      await (await undici.fetch(server.url, { dispatcher: agent({ ...numbering(), judge }) })).text()
      expect(rejections).toMatchObject([{ status: 401, errorCode: "APIGW.0301", requestId: "r-1" }])
    })

    it("is judged without a body that cannot be decoded", async () => {
      const server = await serve(() => ({ status: 401, headers: { "content-encoding": "gzip" }, body: "no gzip" }))
      const rejections: Rejection[] = []
      const judge = (_: unknown, rejection: Rejection): boolean => rejections.push(rejection) < 0
      expect(await send(agent({ ...numbering(), judge }), server.url)).toEqual([401, "no gzip"])
      expect(rejections).toMatchObject([{ status: 401 }])
      expect(rejections[0]?.errorCode).toBeUndefined()
    })

    it("can be aborted while it is judged", async () => {
      const server = await serve(() => ({ status: 401 }))
      const abort = new AbortController()
      const judge = (): Promise<boolean> => {
        abort.abort(new RangeError("enough"))
        return new Promise((resolve) => setTimeout(() => resolve(true), 10))
      }
      const sent = send(agent({ ...numbering(), judge }), server.url, { signal: abort.signal })
      await expect(sent).rejects.toThrow("enough")
      expect(server.arrivals).toHaveLength(1)
    })
  })

  describe("an interceptor that refuses an answer by an error", () => {
    it.each<[string, number, number]>([
      ["a success", 200, 2],
      ["a 401", 401, 2],
      ["a 401 too long to be judged by", 401, 200_000],
    ])("has it end the request: %s", async (_, status, size) => {
      const server = await serve(() => ({ status, body: Buffer.alloc(size, "x") }))
      const throwing: Dispatcher.DispatcherComposeInterceptor = (dispatch) => (options, handler) =>
        dispatch(options, {
          onRequestStart: (...given) => handler.onRequestStart?.(...given),
          onResponseStart() {
            throw new RangeError("not wanted")
          },
          onResponseError: (...given) => handler.onResponseError?.(...given),
        })
      const sent = agent().compose(throwing).request({ origin: server.url, path: "/", method: "GET" })
      await expect(sent).rejects.toThrow("not wanted")
    })

    it("such as the retry interceptor, for the last 401", async () => {
      const server = await serve(() => ({ status: 401 }))
      const retry = undici.interceptors.retry({ statusCodes: [401], minTimeout: 1, maxRetries: 2 })
      const sent = agent({ ...numbering(), judge: () => false }).compose(retry)
      await expect(sent.request({ origin: server.url, path: "/", method: "GET" })).rejects.toMatchObject({
        code: "UND_ERR_REQ_RETRY",
        statusCode: 401,
      })
      expect(server.arrivals).toHaveLength(3)
    })
  })

  describe("a body", () => {
    it("that is a form of undici, of the platform or of another library is signed as it is sent", async () => {
      const server = await serve()
      const auth = numbering("secret", 1_000_000)
      const own = new undici.FormData()
      const foreign = new formdataNode.FormData()
      for (const [form, OwnFile] of [
        [own, File],
        [new FormData(), File],
        [foreign, formdataNode.File],
      ] as [FormData, typeof File][]) {
        form.append("name", "Jörg")
        form.append("file", new OwnFile(["abc"], "a.txt", { type: "text/plain" }))
        await send(agent(auth), server.url, { method: "POST", body: form as unknown as typeof own })
      }
      expect(server.arrivals.map(({ body }) => body)).toEqual(
        auth.attempts.map(({ body }) => Buffer.from(body as Buffer)),
      )
      expect(server.arrivals.map(({ headers }) => headers["content-type"])).toEqual(
        Array(3).fill(expect.stringMatching(/^multipart\/form-data; boundary=/)),
      )
      expect(server.arrivals.every(({ body }) => body.includes("Jörg") && body.includes('filename="a.txt"'))).toBe(true)
    })

    it("that is a form too long to keep is sent with a token", async () => {
      const server = await serve()
      const form = new undici.FormData()
      form.append("file", new File([Buffer.alloc(13 * 1024 * 1024, "x")], "a.bin"))
      await send(agent(), server.url, { method: "POST", body: form })
      expect(server.arrivals[0]?.headers["content-type"]).toMatch(/^multipart\/form-data; boundary=/)
      expect(server.arrivals[0]?.body.length).toBeGreaterThan(13 * 1024 * 1024)
      expect(tokens(server)).toEqual(["secret-1"])
    })
  })

  it("needs an origin where the dispatcher has none", async () => {
    const sent = agent().request({ path: "/", method: "GET" })
    await expect(sent).rejects.toMatchObject({ code: "AUTH_INVALID_REQUEST" })
  })

  it("refuses a malformed host list at once", () => {
    expect(() => agent(numbering(), { hosts: ["https://api.example.com"] })).toThrow("host names")
  })
})
