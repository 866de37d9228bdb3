import { createServer, type RequestListener, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { Readable } from "node:stream"
import { gzipSync } from "node:zlib"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, {
  type AxiosAdapter,
  type AxiosError,
  type AxiosInstance,
  type AxiosProgressEvent,
  type AxiosRequestConfig,
} from "axios"
import { afterEach, describe, expect, it } from "vitest"
import { type Auth, withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

const isOldest = version.startsWith("1.7")

const servers: { close(): unknown }[] = []
const serve = async (...given: Parameters<typeof recordingServer>): Promise<RecordingServer> => {
  const server = await recordingServer(...given)
  servers.push(server)
  return server
}
const serveRaw = async (answer: RequestListener): Promise<string> => {
  const server: Server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  servers.push({
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const errorOf = (sent: Promise<unknown>): Promise<AxiosError> =>
  sent.then(
    () => expect.unreachable(),
    (error) => error,
  )
const textOf = async (stream: AsyncIterable<Uint8Array>): Promise<string> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

describe.each(adapters)(`axios ${version}, %s, authenticated, as before`, (adapter) => {
  /** Runs without auth, then with one that leaves bodies unread and one that reads them, and demands the same. */
  async function same<T>(
    baseURL: string,
    run: (api: AxiosInstance) => Promise<T>,
    config: AxiosRequestConfig = {},
  ): Promise<T> {
    const api = (): AxiosInstance => axios.create({ baseURL, adapter, ...config })
    const expected = await run(api())
    expect(await run(withAuth(api(), numbering()))).toEqual(expected)
    expect(await run(withAuth(api(), numbering("secret", 10_000_000)))).toEqual(expected)
    return expected
  }

  it("parses JSON, by its own and by the caller's transformations", async () => {
    const { url } = await serve(() => ({ body: '{"a":[1,2]}' }))
    expect(await same(url, async (api) => (await api.get("/")).data)).toEqual({ a: [1, 2] })
    const transformResponse = [(data: string) => data.length]
    expect(await same(url, async (api) => (await api.get("/", { transformResponse })).data)).toBe(11)
    const responseType = "json"
    expect(await same(url, async (api) => (await api.get("/", { responseType })).data)).toEqual({ a: [1, 2] })
  })

  it("gives text, bytes and streams", async () => {
    const { url } = await serve(() => ({ body: "plain" }))
    expect(await same(url, async (api) => (await api.get("/", { responseType: "text" })).data)).toBe("plain")
    const bytes = async (api: AxiosInstance): Promise<string> =>
      Buffer.from((await api.get("/", { responseType: "arraybuffer" })).data).toString()
    expect(await same(url, bytes)).toBe("plain")
    const stream = async (api: AxiosInstance): Promise<[string, string]> => {
      const { data } = await api.get("/", { responseType: "stream" })
      return [await textOf(data), Object.prototype.toString.call(data)]
    }
    expect((await same(url, stream))[0]).toBe("plain")
  })

  it("gives errors by status with class, code, message, response and config", async () => {
    const { url } = await serve(() => ({ status: 404, body: '{"gone":true}' }))
    const failing = async (api: AxiosInstance): Promise<unknown> => {
      const error = await errorOf(api.get("/x"))
      const { code, message, name, response, config } = error
      return [error instanceof axios.AxiosError, name, code, message, response?.data, response?.status, config?.url]
    }
    expect(await same(url, failing)).toContain("ERR_BAD_REQUEST")
  })

  it("gives errors of the network with class, code and cause", async () => {
    const failing = async (api: AxiosInstance): Promise<unknown> => {
      const error = await errorOf(api.get("/x"))
      const cause = error.cause as NodeJS.ErrnoException | undefined
      return [axios.isAxiosError(error), error.code, error.message, cause?.code, error.config?.url, error.response]
    }
    await same("http://127.0.0.1:1", failing)
  })

  it("lets validateStatus decide", async () => {
    const { url } = await serve(() => ({ status: 503 }))
    const validateStatus = (status: number): boolean => status === 503
    expect(await same(url, async (api) => (await api.get("/", { validateStatus })).status)).toBe(503)
  })

  it.each([
    ["text", "x".repeat(10_000)],
    ["bytes", Buffer.alloc(10_000)],
  ])("tells the progress of %s up and down", async (_, body) => {
    const { url } = await serve(({ body: sent }) => ({ body: sent.toString() }))
    const progress = async (api: AxiosInstance): Promise<unknown> => {
      const told: Record<string, AxiosProgressEvent> = {}
      await api.post("/", body, {
        onUploadProgress: (event) => {
          told.up = event
        },
        onDownloadProgress: (event) => {
          told.down = event
        },
      })
      // Told after a tick in the oldest.
      await new Promise((resolve) => setTimeout(resolve, 20))
      return [told.up?.loaded, told.up?.total, told.down?.loaded]
    }
    expect(await same(url, progress)).toEqual([10_000, 10_000, 10_000])
  })

  it("unpacks what is compressed, or leaves it", async () => {
    const url = await serveRaw((_, response) => {
      response.writeHead(200, { "content-encoding": "gzip" }).end(gzipSync("packed"))
    })
    expect(await same(url, async (api) => (await api.get("/")).data)).toBe("packed")
    const raw = { decompress: false, responseType: "arraybuffer" } as const
    await same(url, async (api) => Buffer.from((await api.get("/", raw)).data).toString("hex"))
  })

  it("keeps limits of size", async () => {
    const { url } = await serve(() => ({ body: "x".repeat(2_000) }))
    const failing = (config: AxiosRequestConfig) => async (api: AxiosInstance) => {
      const error = await api.post("/x", "y".repeat(2_000), config).catch((caught: AxiosError) => caught)
      return "code" in error ? [error.code, error.message] : error.status
    }
    await same(url, failing({ maxContentLength: 1_000 }))
    await same(url, failing({ maxBodyLength: 1_000 }))
    await same(url, failing({ maxContentLength: 3_000, maxBodyLength: 3_000 }))
  })

  it("ends by timeout with the same error", async () => {
    const url = await serveRaw(() => undefined)
    const failing = (config: AxiosRequestConfig) => async (api: AxiosInstance) => {
      const { code, name, message } = await errorOf(api.get("/x", { timeout: 70, ...config }))
      // A millisecond may have gone to the authentication, and the oldest fetch adapter has its own words.
      return [code, name, message.replace(/\d+/, "n")]
    }
    await same(url, failing({}))
    await same(url, failing({ timeoutErrorMessage: "too late" }))
    const transitional = { ...axios.defaults.transitional, clarifyTimeoutError: true }
    await same(url, failing({ transitional }))
  })

  it("ends by a signal with the same error, before and during", async () => {
    const url = await serveRaw(() => undefined)
    const failing = (signal: () => AbortSignal) => async (api: AxiosInstance) => {
      const error = await errorOf(api.get("/x", { signal: signal() }))
      return [axios.isCancel(error), error.code, error.name]
    }
    expect(
      await same(
        url,
        failing(() => AbortSignal.timeout(50)),
      ),
    ).toEqual([true, "ERR_CANCELED", "CanceledError"])
    await same(
      url,
      failing(() => AbortSignal.abort()),
    )
  })

  it("lets a signal end a streamed answer that has begun", async () => {
    const url = await serveRaw((_, response) => response.writeHead(200).write("begun"))
    const cut = async (api: AxiosInstance): Promise<boolean> => {
      const abort = new AbortController()
      const { data } = await api.get("/x", { responseType: "stream", signal: abort.signal })
      setTimeout(() => abort.abort(), 20)
      return (await errorOf(textOf(data))) instanceof Error
    }
    expect(await same(url, cut)).toBe(true)
  })

  // axios' oldest fetch adapter does not heed them.
  it.skipIf(isOldest && adapter === "fetch")("ends by a cancel token with its own message", async () => {
    const url = await serveRaw(() => undefined)
    const cancelled = async (api: AxiosInstance): Promise<unknown> => {
      const { token, cancel } = axios.CancelToken.source()
      setTimeout(() => cancel("no longer wanted"), 50)
      const error = await errorOf(api.get("/x", { cancelToken: token }))
      return [axios.isCancel(error), error.message]
    }
    expect(await same(url, cancelled)).toEqual([true, "no longer wanted"])
  })

  it("runs the interceptors in their order, and each once", async () => {
    const { url } = await serve(({ headers }) => (headers["x-auth-token"] === "secret-1" ? { status: 401 } : {}))
    const order = async (api: AxiosInstance): Promise<string[]> => {
      const ran: string[] = []
      const note =
        (name: string) =>
        <T>(value: T): T => {
          ran.push(name)
          return value
        }
      for (const name of ["first", "second"]) {
        api.interceptors.request.use(note(`request ${name}`))
        api.interceptors.response.use(note(`response ${name}`))
      }
      await api.get("/", { transformRequest: note("transform"), transformResponse: note("transformed") })
      return ran
    }
    expect(await same(url, order)).toHaveLength(6)
  })

  it("uploads a stream without reading it first, where the auth needs no bytes", async () => {
    const { url, arrivals } = await serve()
    const read: number[] = []
    const body = new Readable({
      read() {
        read.push(arrivals.length)
        this.push(read.length > 3 ? null : Buffer.alloc(1_000))
      },
    })
    let begun: number | undefined
    const auth: Auth = {
      ...numbering(),
      authenticate() {
        begun = read.length
        return { headers: { "x-auth-token": "t" }, used: undefined }
      },
    }
    await withAuth(axios.create({ baseURL: url, adapter }), auth).post("/x", body)
    expect([begun, arrivals[0]?.body.length]).toEqual([0, 3_000])
  })

  it.runIf(adapter === "http")("goes through an HTTP proxy, which is shown the request for the real host", async () => {
    const { url } = await serve()
    const proxied: unknown[] = []
    const proxy = await serveRaw((request, response) => {
      request.resume()
      proxied.push([request.url, request.headers.host, request.headers["proxy-authorization"]])
      response.writeHead(200).end("{}")
    })
    const { hostname: host, port } = new URL(proxy)
    const auth = { username: "me", password: "mine" }
    const config = (): AxiosRequestConfig => ({ proxy: { host, port: Number(port), auth: { ...auth } } })
    await same(url, async (api) => (await api.get("/x?a=b", config())).status)
    const expected = [`${url}/x?a=b`, new URL(url).host, `Basic ${btoa("me:mine")}`]
    expect(proxied).toEqual([expected, expected, expected])
  })

  it.runIf(adapter === "http")("emits on the native request what it emits", async () => {
    const { url } = await serve()
    const native = async (api: AxiosInstance): Promise<unknown> => {
      const { request } = await api.post("/x?a=b", "a")
      return [request.constructor.name, request.method, request.path, request.res.statusCode, request.res.responseUrl]
    }
    expect(await same(url, native)).toEqual(["ClientRequest", "POST", "/x?a=b", 200, `${url}/x?a=b`])
  })

  it.skipIf(isOldest || adapter === "http")("sends through the caller's own fetch", async () => {
    const { url } = await serve()
    const own = async (request: Request): Promise<Response> => Response.json({ by: new URL(request.url).pathname })
    const env = { fetch: own } as unknown as NonNullable<AxiosRequestConfig["env"]>
    expect(await same(url, async (api) => (await api.get("/x", { env })).data)).toEqual({ by: "/x" })
  })
})

describe(`axios ${version}, an adapter of the caller's own`, () => {
  const echo: AxiosAdapter = async (config) => ({
    status: 200,
    statusText: "",
    headers: {},
    config,
    request: Object.freeze({}),
    data: { body: config.data, token: config.headers.get("x-auth-token"), url: config.url },
  })

  it("is asked to send", async () => {
    const api = withAuth(axios.create({ baseURL: "https://api.myhuaweicloud.com", adapter: echo }), numbering())
    expect((await api.post("/x", { a: 1 })).data).toEqual({
      body: '{"a":1}',
      token: "secret-1",
      url: "https://api.myhuaweicloud.com/x",
    })
  })

  it("may answer with errors of any kind, which pass", async () => {
    for (const thrown of ["text", new TypeError("own"), { status: 1 }, undefined]) {
      const adapter: AxiosAdapter = async () => Promise.reject(thrown)
      const api = withAuth(axios.create({ baseURL: "https://api.myhuaweicloud.com", adapter }), numbering())
      expect(await api.get("/x").catch((error: unknown) => error)).toBe(thrown)
    }
  })

  it("that axios does not know is an error of axios", async () => {
    const api = withAuth(axios.create({ adapter: "carrier pigeon" }), numbering())
    await expect(api.get("https://api.myhuaweicloud.com")).rejects.toThrow("Unknown adapter")
  })
})
