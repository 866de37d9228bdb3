import { createServer, request as httpRequest } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { inspect } from "node:util"
import { type Arrival, fakeClock, numbering, type RecordingServer, testServers } from "@countersign/testkit"
import type { RequestPromise } from "got"
import { describe, expect, it } from "vitest"
import { type Auth, type AuthContext, akskAuth, authHooks, isAuthError, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

const { serve } = testServers()

const tokens = ({ arrivals }: RecordingServer) => arrivals.map(({ headers }) => headers["x-auth-token"])
const bodies = ({ arrivals }: RecordingServer) => arrivals.map(({ body }) => body.toString())
const once = (status: number) => (_arrival: Arrival, index: number) => (index === 0 ? { status } : {})
const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

describe.each(clients)("%s", (name, client) => {
  describe("each attempt", () => {
    it("is authenticated, for the URL and the body that arrive", async () => {
      const server = await serve()
      const auth = numbering("secret", 1_000)
      const api = withAuth(client.extend({ prefixUrl: server.url }), auth)
      await api.post("things", { json: { a: "ü" }, searchParams: { q: "a b+c" } })
      expect(tokens(server)).toEqual(["secret-1"])
      expect(server.arrivals[0]?.target).toBe("/things?q=a%20b%2Bc")
      expect(auth.attempts[0]).toMatchObject({ method: "POST", url: `${server.url}/things?q=a%20b%2Bc` })
      expect(auth.attempts[0]?.body).toBe('{"a":"ü"}')
      expect(bodies(server)).toEqual(['{"a":"ü"}'])
    })

    it("has its own secret, also when got retries", async () => {
      const server = await serve((_arrival, index) => (index < 2 ? { status: 503 } : {}))
      const api = withAuth(client.extend({ prefixUrl: server.url, retry: { calculateDelay: fast } }), numbering())
      await api.put("x", { body: "b" })
      expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
    })

    it("can be repeated with a stream that was read for the signature", async () => {
      const server = await serve((_arrival, index) => (index === 0 ? { status: 503 } : {}))
      const api = withAuth(
        client.extend({ prefixUrl: server.url, retry: { calculateDelay: fast, methods: ["POST"] } }),
        numbering("secret", 1_000),
      )
      await api.post("x", { body: Readable.from([Buffer.from("ab"), Buffer.from("c")]) })
      expect(bodies(server)).toEqual(["abc", "abc"])
      expect(server.arrivals.map(({ headers }) => headers["content-length"])).toEqual(["3", "3"])
    })

    it("stays a stream when the auth for large bodies takes over", async () => {
      const server = await serve()
      const auth: Auth = { ...numbering("signed", 2), beyondLimit: numbering("token") }
      const api = withAuth(client.extend({ prefixUrl: server.url }), auth)
      await api.post("x", { body: Readable.from([Buffer.from("ab"), Buffer.from("cd"), Buffer.from("ef")]) })
      expect(tokens(server)).toEqual(["token-1"])
      expect(bodies(server)).toEqual(["abcdef"])
    })
  })

  describe("a redirect", () => {
    it("leaves no secret in the context, which errors and hooks show", async () => {
      const server = await serve(() => ({ status: 302, headers: { location: "http://localhost:1/b" } }))
      const shown: string[] = []
      const show = ({ context }: { context: object }): void => void shown.push(inspect(context, { depth: 9 }))
      const api = withAuth(
        client.extend({ retry: { limit: 0 } }),
        akskAuth({ accessKeyId: "AK", secretAccessKey: "s3cret" }),
        {
          hosts: [new URL(server.url).host],
        },
      ).extend({ hooks: { beforeRequest: [show] } })
      const error = await caught(api.get(`${server.url}/a`, { throwHttpErrors: false }))
      shown.push(inspect(error, { depth: 9 }))
      expect(shown).toHaveLength(3)
      expect(shown.join()).not.toMatch(/s3cret|Signature=[\da-f]/)
    })

    it("goes on with the auth that a hook names for the next URL", async () => {
      const server = await serve(({ target }) => (target === "/a" ? { status: 302, headers: { location: "/b" } } : {}))
      const [one, two] = [numbering("one"), numbering("two")]
      const choose = ({ url, context }: { url?: URL | string | undefined; context: object }): void => {
        Object.assign(context, { countersign: String(url).endsWith("/b") ? two : one })
      }
      const api = withAuth(client, false, { hosts: [new URL(server.url).host] })
      await api.extend({ hooks: { beforeRequest: [choose] } }).get(`${server.url}/a`)
      expect(tokens(server)).toEqual(["one-1", "two-1"])
    })
  })

  describe("the hook", () => {
    it("runs after hooks that were added later, and they see no secret", async () => {
      const server = await serve((_arrival, index) => (index === 0 ? { status: 503 } : {}))
      const seen: unknown[] = []
      const auth = numbering("secret", 1_000)
      const api = withAuth(client.extend({ prefixUrl: server.url, retry: { calculateDelay: fast } }), auth).extend({
        hooks: {
          beforeRequest: [
            (options) => {
              seen.push(options.headers["x-auth-token"])
              options.body = `changed-${seen.length}`
              options.headers["content-length"] = "9"
            },
          ],
        },
      })
      await api.put("x", { body: "b" })
      expect(seen).toEqual([undefined, undefined])
      expect(auth.attempts.map(({ body }) => body)).toEqual(["changed-1", "changed-2"])
      expect(bodies(server)).toEqual(["changed-1", "changed-2"])
    })

    it("does nothing if another auth was added later", async () => {
      const server = await serve()
      const [first, second] = [numbering("first"), numbering("second")]
      const api = withAuth(withAuth(client.extend({ prefixUrl: server.url }), first), second).extend({
        hooks: { beforeRequest: [() => undefined] },
      })
      await api.get("x")
      expect(tokens(server)).toEqual(["second-1"])
      expect(first.attempts).toEqual([])
    })

    it("does not change the given instance", async () => {
      const server = await serve()
      withAuth(client, numbering())
      await client.get(server.url)
      expect(tokens(server)).toEqual([undefined])
    })

    it("does not run when the caller's hook returns a response", async () => {
      const server = await serve()
      const auth = numbering()
      const api = withAuth(client.extend({ prefixUrl: server.url }), auth).extend({
        hooks: { beforeRequest: [() => httpRequest(`${server.url}/own`)] },
      })
      await api.get("x")
      expect(server.arrivals.map(({ target }) => target)).toEqual(["/own"])
      expect(auth.attempts).toEqual([])
    })
  })

  describe("the base URL of the instance", () => {
    it.each([
      ["set before the auth", (url: string) => withAuth(client.extend({ prefixUrl: url }), numbering())],
      ["set after the auth", (url: string) => withAuth(client, numbering()).extend({ prefixUrl: url })],
      ["set with the hooks", (url: string) => client.extend({ prefixUrl: url, hooks: authHooks(numbering()) })],
    ])("may see credentials: %s", async (_, api) => {
      const server = await serve()
      const other = await serve()
      const instance = api(`${server.url}/v1`)
      await instance("x")
      await instance("x", { method: "GET" })
      await client.extend(instance)("x")
      expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
      await instance(`${other.url}/y`, { prefixUrl: "" })
      expect(tokens(other)).toEqual([undefined])
    })

    it("does not count with a host list", async () => {
      const server = await serve()
      await withAuth(client.extend({ prefixUrl: server.url }), numbering(), { hosts: ["api.example.com"] }).get("x")
      expect(tokens(server)).toEqual([undefined])
    })
  })

  describe("per request", () => {
    it("another auth, or none", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering())
      await api.get("a", { context: { countersign: numbering("customer") } satisfies AuthContext })
      await api.get("b", { context: { countersign: false } satisfies AuthContext })
      await api.get("c")
      expect(tokens(server)).toEqual(["customer-1", undefined, "secret-1"])
    })

    it("tells a missing key from an explicit undefined, however contexts are merged", async () => {
      const server = await serve()
      const context = { countersign: undefined }
      const api = withAuth(client.extend({ prefixUrl: server.url, retry: { limit: 0 } }), numbering())
      const customers = api.extend({ context: { countersign: numbering("customer") } })
      await api.extend({ context: { trace: 1 } }).get("a")
      await customers.get("b")
      await customers.extend({ context: { trace: 1 } }).get("c", { context: { trace: undefined } })
      for (const send of [
        () => customers.get("d", { context }),
        () => customers.extend({ context }).get("d"),
        () => api.extend({ context }).get("d"),
      ]) {
        expect(await caught(send())).toMatchObject({ code: "AUTH_INVALID_OPTION" })
      }
      expect(tokens(server)).toEqual(["secret-1", "customer-1", "customer-2"])
    })

    it("refuses a value that is not an auth, and sends nothing", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering())
      const error = await caught(api.get("a", { context: { countersign: "token" } }))
      expect(error).toMatchObject({ code: "AUTH_INVALID_OPTION" })
      expect(server.arrivals).toEqual([])
    })
  })

  describe("a refused request", () => {
    it.each([
      ["without retries", { limit: 0 }],
      ["where the caller allows none", { calculateDelay: () => 0 }],
      ["with got's own retries", {}],
    ])("is replayed once: %s", async (_, retry) => {
      const server = await serve(once(401))
      const auth = numbering()
      const api = withAuth(client.extend({ prefixUrl: server.url, retry }), auth)
      const { statusCode } = await api.post("x", { json: { a: 1 } })
      expect(statusCode).toBe(200)
      expect(tokens(server)).toEqual(["secret-1", "secret-2"])
      expect(bodies(server)).toEqual(['{"a":1}', '{"a":1}'])
      expect(auth.rejections.map(({ replayed }) => replayed)).toEqual([false])
    })

    it("is replayed once, and then given to the caller", async () => {
      const server = await serve(() => ({ status: 401, body: '{"error_code":"APIGW.0301"}' }))
      const auth = numbering()
      const error = await caught(withAuth(client.extend({ prefixUrl: server.url }), auth).get("x"))
      expect(error).toMatchObject({ name: "HTTPError", response: { statusCode: 401 } })
      expect(server.arrivals).toHaveLength(2)
      expect(auth.rejections).toMatchObject([
        { replayed: false, errorCode: "APIGW.0301" },
        { replayed: true, errorCode: "APIGW.0301" },
      ])
    })

    it("is replayed once if a redirect leads back and forth", async () => {
      let hops = 0
      const server = await serve(({ target }) => {
        hops += 1
        if (hops > 12) return {}
        return target === "/a" && hops % 2 === 0 ? { status: 302, headers: { location: "/a" } } : { status: 401 }
      })
      const error = await caught(withAuth(client.extend({ prefixUrl: server.url }), numbering()).get("a"))
      expect(error).toMatchObject({ response: { statusCode: 401 } })
      expect(server.arrivals).toHaveLength(3)
    })

    it("is replayed once only where redirects lead over another host", async () => {
      const other = await serve(() => ({ status: 302, headers: { location: `${server.url}/a` } }))
      const foreign = other.url.replace("127.0.0.1", "localhost")
      const server = await serve((_arrival, index) =>
        index === 1 ? { status: 302, headers: { location: `${foreign}/b` } } : { status: 401 },
      )
      const api = withAuth(client, numbering(), { hosts: [new URL(server.url).host] })
      expect(await caught(api.get(`${server.url}/a`))).toMatchObject({ response: { statusCode: 401 } })
      expect(tokens(other)).toEqual([undefined])
      expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3"])
    })

    it("is replayed with its form", async () => {
      const server = await serve(once(401))
      const body = new FormData()
      body.append("file", new File(["abc"], "a.txt"))
      await withAuth(client.extend({ prefixUrl: server.url }), numbering()).post("x", { body })
      expect(bodies(server)).toEqual([expect.stringContaining("abc"), expect.stringContaining("abc")])
      expect(bodies(server)[1]).toBe(bodies(server)[0])
    })

    it("is replayed with the cookies that came with the refusal", async () => {
      const server = await serve(({ headers }) =>
        headers.cookie === undefined ? { status: 401, headers: { "set-cookie": "a=b" } } : {},
      )
      let jar = ""
      const cookieJar = {
        getCookieString: async () => jar,
        setCookie: async (cookie: string) => {
          jar = cookie
        },
      }
      await withAuth(client.extend({ prefixUrl: server.url, cookieJar }), numbering()).get("x")
      expect(server.arrivals.map(({ headers }) => headers.cookie)).toEqual([undefined, "a=b"])
      expect(tokens(server)).toEqual(["secret-1", "secret-2"])
    })

    it("is not replayed with an unread stream", async () => {
      const server = await serve(once(401))
      const body = Readable.from([Buffer.from("abc")])
      const error = await caught(withAuth(client.extend({ prefixUrl: server.url }), numbering()).post("x", { body }))
      expect(error).toMatchObject({ response: { statusCode: 401 } })
      expect(bodies(server)).toEqual(["abc"])
    })

    it("is replayed again on another page", async () => {
      const server = await serve(({ target }, index) =>
        index % 2 === 0
          ? { status: 401 }
          : { body: "[1]", headers: target === "/list" ? { link: `</list?page=2>; rel="next"` } : {} },
      )
      const api = withAuth(client.extend({ prefixUrl: server.url, responseType: "json" }), numbering())
      expect(await api.paginate.all("list")).toEqual([1, 1])
      expect(tokens(server)).toEqual(["secret-1", "secret-2", "secret-3", "secret-4"])
    })

    it("is replayed again on another page with the same options", async () => {
      const server = await serve((_arrival, index) => (index % 2 === 0 ? { status: 401 } : { body: "[1]" }))
      const api = withAuth(client.extend({ prefixUrl: server.url, responseType: "json" }), numbering())
      let pages = 0
      const paginate = ({ response }: { response: { request: { options: object } } }) =>
        ++pages < 2 && response.request.options
      expect(await api.paginate.all("list", { pagination: { paginate } })).toEqual([1, 1])
      expect(server.arrivals).toHaveLength(4)
    })

    it("shows the caller's hooks only the answer to the replay, once", async () => {
      const server = await serve(once(401))
      const seen: number[] = []
      const hooks = {
        afterResponse: [
          (response: { statusCode: number }) => {
            seen.push(response.statusCode)
            return response as never
          },
        ],
      }
      const before = withAuth(client.extend({ prefixUrl: server.url, hooks }), numbering())
      await before.get("x")
      expect(seen).toEqual([200])
      server.arrivals.length = 0
      seen.length = 0
      await withAuth(client.extend({ prefixUrl: server.url }), numbering())
        .extend({ hooks })
        .get("x")
      expect(seen).toEqual([200])
    })

    it("is authenticated anew when the caller's hook repeats it", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering()).extend({
        hooks: {
          afterResponse: [
            (response, retryWithMergedOptions) =>
              response.retryCount === 0 ? retryWithMergedOptions({ headers: { "x-again": "1" } }) : response,
          ],
        },
      })
      await api.get("x")
      expect(tokens(server)).toEqual(["secret-1", "secret-2"])
      expect(server.arrivals.map(({ headers }) => headers["x-again"])).toEqual([undefined, "1"])
    })
  })

  describe("the wait for a credential", () => {
    const stuck: Auth = { ...numbering(), authenticate: () => new Promise(() => undefined) }

    // got 14 gives up at once.
    it.skipIf(name === "got 14.0").each([2 ** 31, Number.POSITIVE_INFINITY])(
      "may take %d ms, which is longer than a timer can run",
      async (request) => {
        const server = await serve()
        const inner = numbering()
        const slow: Auth = {
          ...inner,
          authenticate: async (attempt) => {
            await new Promise((resolve) => setTimeout(resolve, 20))
            return inner.authenticate(attempt)
          },
        }
        await withAuth(client.extend({ prefixUrl: server.url }), slow)("x", { timeout: { request } })
        expect(tokens(server)).toEqual(["secret-1"])
      },
    )

    it("ends with the caller's signal and at the timeout", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url, retry: { limit: 0 } }), stuck)
      expect(await caught(api("x", { signal: AbortSignal.timeout(50) }))).toBeInstanceOf(Error)
      expect(await caught(api("x", { timeout: { request: 50 } }))).toMatchObject({ name: "TimeoutError" })
      // A polyfill's signal, without `reason` and `throwIfAborted`.
      const polyfill = Object.assign(new EventTarget(), { aborted: false }) as AbortSignal
      const sent = caught(api("x", { signal: polyfill, timeout: { request: 10_000 } }))
      await new Promise((resolve) => setTimeout(resolve, 20))
      Object.assign(polyfill, { aborted: true })
      polyfill.dispatchEvent(new Event("abort"))
      expect(await sent).toMatchObject({ name: "AbortError" })
      expect(server.arrivals).toEqual([])
    })

    it.runIf(name === "got 14.0")("is ended by cancel", async () => {
      const server = await serve()
      const promise = withAuth(client.extend({ prefixUrl: server.url }), stuck).get("x") as RequestPromise<unknown> & {
        cancel(): void
      }
      setTimeout(() => promise.cancel(), 10)
      expect(await caught(promise)).toMatchObject({ name: "CancelError" })
      expect(server.arrivals).toEqual([])
    })
  })

  describe("a redirect to another origin", () => {
    it("carries none of the caller's own credentials, except those that the caller's hook sets", async () => {
      const foreign = await serve()
      const server = await serve(() => ({ status: 307, headers: { location: `${foreign.url}/to` } }))
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering(), { hosts: [server.host] })
      const headers = { "x-auth-token": "own", "x-security-token": "own", authorization: "Basic own", cookie: "a=b" }
      await api.get("from", { headers: { ...headers, "x-custom": "1" } })
      expect(foreign.arrivals[0]?.headers).toMatchObject({ "x-custom": "1" })
      for (const header of Object.keys(headers)) expect(foreign.arrivals[0]?.headers).not.toHaveProperty(header)
      const own = (options: { headers: Record<string, unknown> }): void => {
        options.headers["x-auth-token"] = "for the other"
      }
      await api.extend({ hooks: { beforeRedirect: [own] } }).get("from")
      expect(tokens(foreign)).toEqual([undefined, "for the other"])
    })
  })

  describe("got.stream", () => {
    it("is not replayed, but the refusal is judged for the next request", async () => {
      const server = await serve(once(401))
      const auth = numbering()
      const api = withAuth(client.extend({ prefixUrl: server.url }), auth)
      expect(await caught(text(api.stream("x")))).toMatchObject({ response: { statusCode: 401 } })
      await expect.poll(() => auth.rejections).toHaveLength(1)
      expect(server.arrivals).toHaveLength(1)
    })

    it("is judged too if the caller accepts every answer", async () => {
      const server = await serve(once(401))
      const auth = numbering()
      const api = withAuth(client.extend({ prefixUrl: server.url, throwHttpErrors: false }), auth)
      await text(api.stream("x"))
      expect(auth.rejections).toMatchObject([{ status: 401 }])
    })

    it("refuses to sign piped data, and sends nothing", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering("secret", 1_000))
      const stream = api.stream.post("x")
      Readable.from(["abc"]).pipe(stream)
      expect(await caught(text(stream))).toMatchObject({
        code: "AUTH_BODY_UNSIGNABLE",
        message: expect.stringContaining("UNSIGNED-PAYLOAD"),
      })
      expect(server.arrivals).toEqual([])
    })
  })

  describe("a key that the server has not confirmed", () => {
    const key = { accessKeyId: "AKGOT", secretAccessKey: "sk-of-got" }
    /** Its clock stands still, so that a request whose turn never comes hangs. */
    const unconfirmed = (server: RecordingServer) =>
      withAuth(client.extend({ prefixUrl: server.url }), akskAuth(key, { clock: fakeClock(Date.now()) }))

    it("is sent with one stream first, and confirmed by its answer", async () => {
      let first = 0
      const server = await serve(async (_arrival, index) => {
        if (index > 0) return {}
        await new Promise((resolve) => setTimeout(resolve, 50))
        first = server.arrivals.length
        return {}
      })
      const api = unconfirmed(server)
      await Promise.all([text(api.stream("x")), text(api.stream("y")), api("z")])
      expect(first).toBe(1)
      expect(server.arrivals).toHaveLength(3)
    })

    it.each([true, false])(
      "and is wrong is sent with two streams, however many (throwHttpErrors: %s)",
      async (throwHttpErrors) => {
        const error_msg = "Incorrect IAM authentication information: verify aksk signature fail"
        const server = await serve(() => ({
          status: 401,
          body: JSON.stringify({ error_code: "APIGW.0301", error_msg }),
        }))
        const api = unconfirmed(server).extend({ throwHttpErrors })
        const ends = await Promise.all(Array.from({ length: 6 }, () => text(api.stream("x")).catch((error) => error)))
        const codes = ends.map(({ code }) => code)
        expect(codes.filter((code) => code === "AUTH_CREDENTIALS_REJECTED")).toHaveLength(4)
        expect(server.arrivals).toHaveLength(2)
      },
    )

    it("does not make got's own retry of a broken connection wait for itself", async () => {
      let requests = 0
      const server = createServer((request, response) => {
        requests += 1
        if (requests === 1) request.socket.destroy()
        else response.end("{}")
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      const base = client.extend({ prefixUrl: `http://127.0.0.1:${port}`, retry: { limit: 1, calculateDelay: fast } })
      const api = withAuth(base, akskAuth(key, { clock: fakeClock(Date.now()) }))
      expect(await api("x").text()).toBe("{}")
      expect(requests).toBe(2)
      server.close()
    })

    it("does not delay requests that got's cache answers", async () => {
      const server = await serve(() => ({ headers: { "cache-control": "max-age=100" } }))
      const base = client.extend({ prefixUrl: server.url, cache: new Map() })
      await base("x")
      const api = withAuth(base, akskAuth(key, { clock: fakeClock(Date.now()) }))
      await Promise.all([api("x"), api("x"), api("y"), api("y")])
    })
  })

  describe("errors", () => {
    it("of the auth are got's errors, with the AuthError as cause", async () => {
      const server = await serve()
      const api = withAuth(client.extend({ prefixUrl: server.url }), numbering("secret", 2))
      const error = await caught(api.post("x", { body: "abc" }))
      expect(error).toMatchObject({ name: "RequestError", code: "AUTH_BODY_TOO_LARGE" })
      expect(isAuthError((error as Error).cause)).toBe(true)
      expect(server.arrivals).toEqual([])
    })
  })
})

function fast({ computedValue }: { computedValue: number }): number {
  return computedValue === 0 ? 0 : 1
}
