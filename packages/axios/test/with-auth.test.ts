import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { gzipSync } from "node:zlib"
import { type Arrival, numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from "axios"
import { afterEach, describe, expect, it } from "vitest"
import { type Auth, akskAuth, authInterceptor, withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

const servers: RecordingServer[] = []
const serve: typeof recordingServer = async (answer) => {
  const server = await recordingServer(answer)
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

/** Needs the bytes of each body, and keeps what it saw. */
function signing(): Auth & { bodies: unknown[] } {
  const bodies: unknown[] = []
  const auth = akskAuth({ accessKeyId: "AKTEST", secretAccessKey: "sk-test" })
  return {
    ...auth,
    bodies,
    authenticate(attempt) {
      bodies.push(attempt.body)
      return auth.authenticate(attempt)
    },
  }
}

const stuck: Auth = {
  bodyLimit: () => undefined,
  authenticate: () => new Promise(() => undefined),
  judge: () => false,
}

describe.each(adapters)(`axios ${version}, %s`, (adapter) => {
  const api = (baseURL: string, config = {}): AxiosInstance => axios.create({ baseURL, adapter, ...config })

  describe("withAuth", () => {
    it("gives the same instance back, callable as before", async () => {
      const server = await serve()
      const instance = api(server.url)
      const authenticated = withAuth(instance, numbering())
      expect(authenticated).toBe(instance)
      expect((await authenticated("/called")).status).toBe(200)
      expect(server.arrivals[0]?.headers["x-auth-token"]).toBeDefined()
    })

    it("called again puts the new auth in the place of the first", async () => {
      const server = await serve()
      const [first, second] = [numbering(), numbering()]
      const instance = withAuth(withAuth(api(server.url), first), second)
      await instance.get("/x")
      expect([first.attempts.length, second.attempts.length]).toEqual([0, 1])
    })

    it("refuses a malformed host list at once", () => {
      expect(() => withAuth(api("http://localhost"), numbering(), { hosts: ["https://x"] })).toThrow(
        expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
      )
    })
  })

  describe("authInterceptor", () => {
    it("authenticates whichever order it is added in", async () => {
      const server = await serve()
      for (const isFirst of [true, false]) {
        const instance = api(server.url)
        const changes = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
          config.data = { changed: true }
          return config
        }
        const auth = signing()
        if (isFirst) instance.interceptors.request.use(authInterceptor(auth))
        instance.interceptors.request.use(changes)
        if (!isFirst) instance.interceptors.request.use(authInterceptor(auth))
        await instance.post("/x", { original: true })
        expect(auth.bodies[0]).toBe('{"changed":true}')
        expect(server.arrivals.at(-1)?.body.toString()).toBe('{"changed":true}')
      }
    })
  })

  describe("a request", () => {
    it("with params has one URL, with %20 for a space", async () => {
      const server = await serve()
      await withAuth(api(server.url), numbering()).get("/x?a=1", { params: { q: "a b", list: ["x", "y"] } })
      expect(server.arrivals[0]?.target).toBe(
        "/x?a=1&q=a%20b&list[]=x&list[]=y".replaceAll("[]", adapterBrackets(server.arrivals[0])),
      )
    })

    it("that names something else than an auth is refused, and nothing is sent", async () => {
      const server = await serve()
      const sending = withAuth(api(server.url), numbering()).get("/x", { countersign: "token" as never })
      await expect(sending).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
      expect(server.arrivals).toEqual([])
    })

    it("keeps the caller's headers, and leaves the caller's config without secrets", async () => {
      const server = await serve()
      const response = await withAuth(api(server.url), numbering()).get("/x", { headers: { "X-Mine": "1" } })
      expect(server.arrivals[0]?.headers["x-mine"]).toBe("1")
      expect(JSON.stringify(response.config.headers)).not.toContain("secret")
      expect(response.config.url).toBe("/x")
    })
  })

  describe("limits of the caller", () => {
    it("timeout ends the wait for a token, with axios' own error", async () => {
      const server = await serve()
      const error: AxiosError = await withAuth(api(server.url), stuck)
        .get("/x", { timeout: 30 })
        .then(
          () => expect.unreachable(),
          (caught) => caught,
        )
      expect(axios.isAxiosError(error)).toBe(true)
      expect([error.code, error.message]).toEqual(["ECONNABORTED", "timeout of 30ms exceeded"])
      expect(server.arrivals).toEqual([])
    })

    it("timeout ends the wait for the answer, with axios' own error", async () => {
      const server = await serve(async () => new Promise(() => undefined))
      const sending = withAuth(api(server.url), numbering()).get("/x", { timeout: 50 })
      await expect(sending).rejects.toMatchObject({ code: expect.stringMatching(/ECONNABORTED|ETIMEDOUT/) })
    })

    it("a signal ends the wait for a token as a cancellation", async () => {
      const abort = new AbortController()
      const sending = withAuth(api("http://127.0.0.1:1"), stuck).get("/x", { signal: abort.signal })
      setTimeout(() => abort.abort(), 10)
      expect(axios.isCancel(await sending.catch((error: unknown) => error))).toBe(true)
    })

    it("a cancel token ends the wait for a token, with its own message", async () => {
      const source = axios.CancelToken.source()
      const sending = withAuth(api("http://127.0.0.1:1"), stuck).get("/x", { cancelToken: source.token })
      setTimeout(() => source.cancel("no longer wanted"), 10)
      const error = (await sending.catch((caught: unknown) => caught)) as Error
      expect([axios.isCancel(error), error.message]).toEqual([true, "no longer wanted"])
    })
  })

  describe("redirects", () => {
    const looping = (): Promise<RecordingServer> => serve(() => ({ status: 302, headers: { location: "/again" } }))

    it("none are followed with maxRedirects 0", async () => {
      const server = await looping()
      const error = (await withAuth(api(server.url), numbering())
        .get("/x", { maxRedirects: 0 })
        .catch((caught: unknown) => caught)) as AxiosError
      expect([error.response?.status, server.arrivals.length]).toEqual([302, 1])
    })

    it("too many are an error of axios", async () => {
      const server = await looping()
      const sending = withAuth(api(server.url), numbering()).get("/x", { maxRedirects: 3 })
      await expect(sending).rejects.toMatchObject({ isAxiosError: true, code: "ERR_FR_TOO_MANY_REDIRECTS" })
      expect(server.arrivals).toHaveLength(4)
    })

    it.runIf(adapter === "http")(
      "tell beforeRedirect of each hop, which may change headers, and name the final URL",
      async () => {
        const server = await serve(({ target }) =>
          target === "/x" ? { status: 302, headers: { location: "/y?z=1" } } : {},
        )
        const seen: unknown[] = []
        const response = await withAuth(api(server.url), numbering()).get("/x", {
          beforeRedirect(options, details) {
            seen.push([options.path, options.method, details.statusCode, JSON.stringify(options).includes("secret")])
            options.headers["x-added"] = "1"
          },
        })
        expect(seen).toEqual([["/y?z=1", "GET", 302, false]])
        expect(server.arrivals[1]?.headers["x-added"]).toBe("1")
        expect(response.request.res.responseUrl).toBe(`${server.url}/y?z=1`)
      },
    )
  })

  describe("everything else is as it was", () => {
    /** Runs with and without auth, and demands the same. */
    async function same<T>(run: (instance: AxiosInstance) => Promise<T>, baseURL: string): Promise<T> {
      const bare = await run(api(baseURL))
      expect(await run(withAuth(api(baseURL), numbering()))).toEqual(bare)
      return bare
    }

    it("JSON answers are parsed, and transformResponse sees them", async () => {
      const server = await serve(() => ({ body: '{"a":[1,2]}' }))
      expect(await same(async (one) => (await one.get("/")).data, server.url)).toEqual({ a: [1, 2] })
      const transformResponse = [(data: string) => data.length]
      expect(await same(async (one) => (await one.get("/", { transformResponse })).data, server.url)).toBe(11)
    })

    it("response types", async () => {
      const server = await serve(() => ({ body: "plain" }))
      await same(async (one) => (await one.get("/", { responseType: "text" })).data, server.url)
      await same(
        async (one) => Buffer.from((await one.get("/", { responseType: "arraybuffer" })).data).toString(),
        server.url,
      )
    })

    it("a streamed answer is a stream, also a refused one", async () => {
      const server = await serve(() => ({ status: 401, body: "no" }))
      const read = async (one: AxiosInstance): Promise<string> => {
        const { data } = await one.get("/", { responseType: "stream", validateStatus: () => true })
        let text = ""
        for await (const chunk of data) text += Buffer.from(chunk).toString()
        return text
      }
      expect(await same(read, server.url)).toBe("no")
    })

    it("errors by status have axios' class, code, message and response", async () => {
      const server = await serve(() => ({ status: 404, body: '{"gone":true}' }))
      const failing = async (one: AxiosInstance): Promise<unknown> => {
        const error = (await one.get("/x").catch((caught: unknown) => caught)) as AxiosError
        return [error instanceof axios.AxiosError, error.code, error.message, error.response?.data, error.config?.url]
      }
      await same(failing, server.url)
    })

    it("errors of the network have axios' class and code", async () => {
      const failing = async (one: AxiosInstance): Promise<unknown> => {
        const error = (await one.get("/x").catch((caught: unknown) => caught)) as AxiosError
        return [axios.isAxiosError(error), error.code, error.config?.url]
      }
      await same(failing, "http://127.0.0.1:1")
    })

    it("validateStatus decides", async () => {
      const server = await serve(() => ({ status: 503 }))
      await same(async (one) => (await one.get("/", { validateStatus: (status) => status === 503 })).status, server.url)
    })

    it("progress is told", async () => {
      const server = await serve()
      const progress = async (one: AxiosInstance): Promise<number> => {
        let loaded = 0
        await one.post("/", "x".repeat(10_000), {
          onUploadProgress: (event) => {
            loaded = event.loaded
          },
        })
        return loaded
      }
      expect(await same(progress, server.url)).toBe(10_000)
    })

    it("compressed answers are unpacked", async () => {
      const packed = gzipSync("packed")
      const server = await rawServer((response) => response.writeHead(200, { "content-encoding": "gzip" }).end(packed))
      await same(async (one) => (await one.get("/")).data, server.url)
      server.close()
    })

    it.runIf(adapter === "http")("limits of size hold", async () => {
      const server = await serve(() => ({ body: "x".repeat(2_000) }))
      const failing =
        (config: object) =>
        async (one: AxiosInstance): Promise<unknown> =>
          ((await one.post("/x", "y".repeat(2_000), config).catch((caught: unknown) => caught)) as AxiosError).code
      await same(failing({ maxContentLength: 1_000 }), server.url)
      await same(failing({ maxBodyLength: 1_000 }), server.url)
    })

    it.runIf(adapter === "http")("an HTTP proxy is used, and is shown the request for the real host", async () => {
      const server = await serve()
      const proxied: (string | undefined)[] = []
      const proxy = await rawServer((response, request) => {
        proxied.push(request.url)
        response.writeHead(200).end("{}")
      })
      const { port } = new URL(proxy.url)
      await same(
        async (one) => (await one.get("/x", { proxy: { host: "127.0.0.1", port: Number(port) } })).status,
        server.url,
      )
      expect(proxied).toEqual([`${server.url}/x`, `${server.url}/x`])
      proxy.close()
    })

    it("interceptors run in their order", async () => {
      const server = await serve()
      const order = async (one: AxiosInstance): Promise<string[]> => {
        const ran: string[] = []
        for (const name of ["first", "second"]) {
          one.interceptors.request.use((config) => {
            ran.push(`request ${name}`)
            return config
          })
          one.interceptors.response.use((response) => {
            ran.push(`response ${name}`)
            return response
          })
        }
        await one.get("/")
        return ran
      }
      await same(order, server.url)
    })

    it("an adapter of the user's own still sends", async () => {
      const sent: InternalAxiosRequestConfig[] = []
      const own = async (config: InternalAxiosRequestConfig): Promise<never> => {
        sent.push(config)
        return { status: 200, statusText: "", headers: {}, config, data: "own" } as never
      }
      const instance = withAuth(axios.create({ baseURL: "http://127.0.0.1:1", adapter: own }), numbering())
      expect((await instance.get("/x")).data).toBe("own")
      expect(sent[0]?.headers.get("x-auth-token")).toBeDefined()
    })
  })

  it("a stream that was read to be signed can be retried", async () => {
    const server = await serve()
    const auth = signing()
    const instance = withAuth(api(server.url), auth)
    const { config } = await instance.post("/x", Readable.from(["ab", "cd"], { objectMode: false }))
    await instance.request(config)
    expect(server.arrivals.map(({ body }) => body.toString())).toEqual(["abcd", "abcd"])
  })
})

/** axios 1.7 leaves brackets alone. */
function adapterBrackets(arrival: Arrival | undefined): string {
  return arrival?.target.includes("%5B%5D") === true ? "%5B%5D" : "[]"
}

async function rawServer(
  answer: (response: import("node:http").ServerResponse, request: import("node:http").IncomingMessage) => void,
): Promise<{ url: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    request.resume()
    answer(response, request)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
