import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosAdapter, type AxiosError, type AxiosInstance, type InternalAxiosRequestConfig } from "axios"
import axiosRetry from "axios-retry"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Auth, authInterceptor, withAuth } from "../src/index.ts"
import { version } from "./axios-version.ts"

let server: RecordingServer
let instance: AxiosInstance
beforeEach(async () => {
  server = await recordingServer()
  instance = axios.create({ baseURL: server.url })
})
afterEach(async () => {
  await server.close()
})

const tokens = () => server.arrivals.map(({ headers }) => headers["x-auth-token"])
const bytes = Uint8Array.from({ length: 1_024 }, (_, index) => index % 251)

describe(`axios ${version}: of two auths on one instance the last one wins`, () => {
  const first = (): Auth => numbering("first", 1_000)
  const second = (): Auth => numbering("second", 1_000)

  it("by withAuth", async () => {
    await withAuth(withAuth(instance, first()), second()).get("/x")
    expect(tokens()).toEqual(["second-1"])
  })

  it("by authInterceptor", async () => {
    instance.interceptors.request.use(authInterceptor(first()))
    instance.interceptors.request.use(authInterceptor(second()))
    await instance.get("/x")
    expect(tokens()).toEqual(["second-1"])
  })

  it("by one of each", async () => {
    withAuth(instance, first()).interceptors.request.use(authInterceptor(second()))
    await instance.get("/x")
    expect(tokens()).toEqual(["second-1"])
  })

  it.skipIf(version.startsWith("1.7"))("where interceptors run first to last, too", async () => {
    const transitional = { ...axios.defaults.transitional, legacyInterceptorReqResOrdering: false }
    const inOrder = axios.create({ baseURL: server.url, transitional })
    const ran: string[] = []
    for (const [name, auth] of Object.entries({ first: first(), second: second() })) {
      inOrder.interceptors.request.use((config) => {
        ran.push(name)
        return config
      })
      inOrder.interceptors.request.use(authInterceptor(auth))
    }
    await inOrder.get("/x")
    expect(ran).toEqual(["first", "second"])
    expect(tokens()).toEqual(["second-1"])
  })

  it("also for retries of a request that started with the other", async () => {
    await server.close()
    server = await recordingServer((_, index) => (index === 0 ? { status: 503 } : {}))
    instance = axios.create({ baseURL: server.url })
    withAuth(instance, first())
    axiosRetry(instance, { retries: 1, retryDelay: () => 1, onRetry: () => void withAuth(instance, second()) })
    await instance.get("/x")
    expect(tokens()).toEqual(["first-1", "second-1"])
  })

  it("and withAuth leaves no interceptor behind", () => {
    for (let index = 0; index < 5; index += 1) withAuth(instance, first())
    expect(instance.interceptors.request.handlers?.filter(Boolean)).toHaveLength(1)
  })

  it("and withAuth removes no other interceptor, even after a clear", async () => {
    withAuth(instance, first())
    instance.interceptors.request.clear()
    let ran = 0
    instance.interceptors.request.use((config) => {
      ran += 1
      return config
    })
    await withAuth(instance, second()).get("/x")
    expect([ran, tokens()]).toEqual([1, ["second-1"]])
  })
})

describe(`axios ${version}: other interceptors`, () => {
  it("run at once if all are synchronous", async () => {
    const ran: string[] = []
    const note = (config: InternalAxiosRequestConfig): InternalAxiosRequestConfig => {
      ran.push(config.url ?? "")
      return config
    }
    instance.interceptors.request.use(note, null, { synchronous: true })
    const sent = withAuth(instance, numbering()).get("/x")
    expect(ran).toEqual(["/x"])
    await sent
  })

  it.each(["before", "behind"])("that run %s it may change URL, params, headers and body", async (place) => {
    const auth = numbering("secret", 10_000)
    if (place === "behind") instance.interceptors.request.use(change)
    withAuth(instance, auth)
    if (place === "before") instance.interceptors.request.use(change)
    await instance.post("/x", "original")
    expect(auth.attempts).toMatchObject([{ method: "PUT", url: `${server.url}/changed?a=b%20c` }])
    expect(server.arrivals).toMatchObject([
      { method: "PUT", target: "/changed?a=b%20c", headers: { "x-added": "1", "x-auth-token": "secret-1" } },
    ])
    // A view into a larger buffer. axios alone would send the whole buffer.
    expect(server.arrivals[0]?.body).toEqual(Buffer.from(bytes.subarray(100, 200)))
    expect(auth.attempts[0]?.body).toEqual(Buffer.from(bytes.subarray(100, 200)))

    function change(config: InternalAxiosRequestConfig): InternalAxiosRequestConfig {
      config.headers.set("x-added", "1")
      return { ...config, method: "put", url: "/changed", params: { a: "b c" }, data: bytes.subarray(100, 200) }
    }
  })

  it("that set their own adapter give the answer", async () => {
    const cached: AxiosAdapter = async (config) => ({
      status: 200,
      statusText: "",
      headers: {},
      config,
      data: "cached",
    })
    instance.interceptors.request.use((config) => ({ ...config, adapter: cached }))
    expect((await withAuth(instance, numbering()).get("/x")).data).toBe("cached")
    expect(server.arrivals).toEqual([])
  })
})

describe(`axios ${version}: the config of a response`, () => {
  it("is the caller's", async () => {
    const auth = numbering("secret", 1_000)
    const { config } = await withAuth(instance, auth).post("x", { a: 1 }, { params: { q: "1 2" }, timeout: 5_000 })
    expect(config).toMatchObject({
      url: "x",
      baseURL: server.url,
      params: { q: "1 2" },
      method: "post",
      data: '{"a":1}',
      timeout: 5_000,
      adapter: axios.defaults.adapter,
    })
    expect(config.maxRedirects).toBeUndefined()
    expect(config.transport).toBeUndefined()
  })

  it("sends the request once more, through the same instance or another", async () => {
    const bare = axios.create()
    const other = withAuth(axios.create(), numbering("other"), { hosts: ["127.0.0.1"] })
    const { config } = await withAuth(instance, numbering()).post("/x", { a: 1 })
    await instance.request(config)
    await bare.request(config)
    await other.request(config)
    expect(tokens()).toEqual(["secret-1", "secret-2", undefined, "other-1"])
    expect(server.arrivals.map(({ body }) => body.toString())).toEqual(Array(4).fill('{"a":1}'))
    expect((await instance.request(config)).config.transformRequest).toHaveLength(1)
  })

  it("is the caller's on an error too", async () => {
    const error = (await withAuth(instance, numbering())
      .get("/x", { validateStatus: () => false })
      .catch((caught: unknown) => caught)) as AxiosError
    expect(error.config).toBe(error.response?.config)
    expect(error.config).toMatchObject({ url: "/x", baseURL: server.url })
  })
})

describe(`axios ${version}: an axios instance`, () => {
  it("authenticates as a function, through every method and through request", async () => {
    const api = withAuth(instance, numbering())
    await api("/1")
    await api({ url: "/2", method: "delete" })
    await api.request({ url: "/3" })
    await api.head("/4")
    await api.postForm("/5", { a: "b" })
    expect(tokens()).toEqual(["secret-1", "secret-2", "secret-3", "secret-4", "secret-5"])
  })

  it("does not pass the auth on to create, as with any interceptor", async () => {
    const api = withAuth(instance, numbering()) as AxiosInstance & { create: typeof axios.create }
    await api.create({ baseURL: server.url }).get("/x")
    expect(tokens()).toEqual([undefined])
  })

  it("gets no defaults of axios that it was created without", async () => {
    const { defaults } = axios
    axios.defaults.params = { late: "1" }
    try {
      await withAuth(instance, numbering()).get("/x")
    } finally {
      delete defaults.params
    }
    expect(server.arrivals[0]?.target).toBe("/x")
  })
})
