import { createServer } from "node:http"
import { createServer as createHttp2Server } from "node:http2"
import type { AddressInfo, Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { Readable } from "node:stream"
import { verify } from "@countersign/auth-core"
import { errorFacts, numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, {
  type AxiosAdapter,
  type AxiosInstance,
  type AxiosRequestConfig,
  type InternalAxiosRequestConfig,
} from "axios"
import axiosRetry from "axios-retry"
import NpmFormData from "form-data"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Auth, akskAuth, autoAuth, withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

const key = { accessKeyId: "AKREQUEST", secretAccessKey: "sk-request" }
const aksk = akskAuth(key)

let server: RecordingServer
let status = 200
beforeEach(async () => {
  status = 200
  server = await recordingServer(() => ({ status }))
})
afterEach(async () => {
  await server.close()
})

/** Whether the last arrival has a valid signature. */
async function isSigned(url = server.url): Promise<boolean> {
  const { method = "", target = "", headers = {}, body } = server.arrivals.at(-1) ?? {}
  const request = { method, url: `${url}${target}`, headers: headers as Record<string, string>, body: body ?? null }
  return (await verify(request, { secretFor: async () => key })).ok
}

describe.each(adapters)(`axios ${version}, %s: a request`, (adapter) => {
  const bare = (config: AxiosRequestConfig = {}): AxiosInstance =>
    axios.create({ baseURL: server.url, adapter, ...config })
  const signed = (config: AxiosRequestConfig = {}): AxiosInstance => withAuth(bare(config), aksk)

  it.each<[name: string, path: string, config: AxiosRequestConfig]>([
    ["a relative path", "v1/x", {}],
    ["params of each kind", "/x?first=1", { params: { q: "a b+c", list: ["ü", "'"], deep: { a: 1 }, none: null } }],
    ["URLSearchParams", "/x", { params: new URLSearchParams("a=b c&a=ü") }],
    ["a serializer of its own", "/x", { params: { a: "1" }, paramsSerializer: { serialize: () => "own=1&own=a%20b" } }],
    ["a fragment", "/x?a=1#part", { params: { b: "2" } }],
    ["a URL that is absolute", "", {}],
  ])("with %s is signed and sent to axios' own URL", async (_, path, config) => {
    const url = path === "" ? `${server.url}/absolute?a=b` : path
    await bare().get(url, config)
    await signed().get(url, config)
    const [expected, arrived] = server.arrivals.map(({ target }) => target)
    expect(arrived).toBe(new URL(`${server.url}${expected}`).href.slice(server.url.length).replaceAll("+", "%20"))
    expect(await isSigned()).toBe(true)
  })

  it("with a user and a password is still signed", async () => {
    const { host } = new URL(server.url)
    await signed().get(`http://me:mine@${host}/x`)
    expect(await isSigned()).toBe(true)
    await signed().get("/x", { auth: { username: "me", password: "mine" } })
    expect(await isSigned()).toBe(true)
  })

  it("with its own Host header is signed for the host that is sent", async () => {
    await signed().get("/x", { headers: { Host: "virtual.example.com" } })
    expect(await isSigned()).toBe(true)
    if (adapter === "http") expect(server.arrivals[0]?.headers.host).toBe("virtual.example.com")
  })

  it("has all headers from axios, in the caller's spelling", async () => {
    const headers = { "X-List": ["a", "b"], "X-Number": 1, "User-Agent": false, "Accept-Encoding": null, Accept: "a/b" }
    await bare().post("/x", { a: 1 }, { headers })
    await signed().post("/x", { a: 1 }, { headers })
    const [expected, arrived] = server.arrivals.map((arrival) => ({ ...arrival.headers }))
    expect(arrived).toMatchObject({ "x-number": "1", accept: "a/b" })
    for (const name of ["authorization", "x-sdk-date"]) delete arrived?.[name]
    expect(arrived).toEqual(expected)
  })

  it("sets Authorization although the caller turned it off", async () => {
    await signed().get("/x", { headers: { Authorization: false } })
    expect(await isSigned()).toBe(true)
  })

  it.each<[what: string, url: string, config: () => AxiosRequestConfig]>([
    ["a URL without a host", "/users", () => ({ baseURL: "" })],
    ["a URL without a scheme", "//127.0.0.1:9/", () => ({ baseURL: "" })],
    ["a base without a host", "users", () => ({ baseURL: "/api" })],
    ["a URL that is none", "http://", () => ({})],
    ["a scheme without slashes", "http:users", () => ({ baseURL: "" })],
    ["an unknown scheme", "gopher://127.0.0.1:9/", () => ({})],
    ["a serializer that throws", "/x", () => ({ params: { a: 1 }, paramsSerializer: { serialize: fails } })],
    ["an encoder that throws", "/x", () => ({ params: { a: 1 }, paramsSerializer: { encode: fails } })],
    ["params that cannot be written", "/x", () => ({ params: { a: new Date(Number.NaN) } })],
    ["params that hold themselves", "/x", () => ({ params: holdingItself() })],
    [
      "a serializer that throws but once",
      "/x",
      () => ({ params: { a: 1 }, paramsSerializer: { serialize: failsOnce() } }),
    ],
  ])("with %s fails as in axios itself", async (_, url, config) => {
    const given = (): AxiosRequestConfig => ({ ...config(), timeout: 2_000 })
    const facts = (api: AxiosInstance) => errorFacts((async () => api.get(url, given()))())
    const expected = await facts(bare())
    for (const auth of [aksk, numbering()]) expect(await facts(withAuth(bare(), auth))).toEqual(expected)
    expect(server.arrivals).toEqual([])
  })

  it.each([
    ["a Blob", () => new Blob(["a"], { type: "image/png" })],
    ["a Blob of no type", () => new Blob(["a"])],
    ["a form with a file", formWithFile],
    ["npm form-data", npmForm],
    ["URLSearchParams", () => new URLSearchParams("a=b")],
    ["text", () => "a"],
    ["a stream", () => Readable.from([Buffer.from("a")], { objectMode: false })],
  ])("with %s has one Content-Type, signed or with a token", async (_, body) => {
    for (const auth of [aksk, numbering()]) await withAuth(bare(), auth).post("/x", body())
    const [one, other] = server.arrivals.map(({ headers }) => headers["content-type"]?.replace(/boundary=.*/, ""))
    expect(one).toBe(other)
    await axios.create({ baseURL: server.url, adapter: "http" }).post("/x", body())
    expect(server.arrivals[2]?.headers["content-type"]?.replace(/boundary=.*/, "")).toBe(one)
  })

  it.each<[string, (config: InternalAxiosRequestConfig) => unknown, unknown]>([
    ["throws at once", fails, "the caller's own"],
    ["fails with nothing", async () => Promise.reject(undefined), undefined],
    ["returns no promise", (config) => ({ status: 200, statusText: "", data: "", headers: {}, config }), 200],
  ])("gets from a caller's adapter that %s what axios gets", async (_, own, expected) => {
    for (const isFailing of [false, true]) {
      const serialize = isFailing ? failsOnce() : (): string => "a=1"
      let sent: InternalAxiosRequestConfig | undefined
      const noting = (config: InternalAxiosRequestConfig): unknown => {
        sent = config
        return own(config)
      }
      const api = withAuth(bare({ adapter: noting as AxiosAdapter }), aksk)
      const outcome = api.get("/x", { params: { a: 1 }, paramsSerializer: { serialize } })
      expect(await outcome.then(({ status: got }) => got).catch((error) => error?.message)).toBe(expected)
      // The config may be sent again.
      if (isFailing) expect(sent?.paramsSerializer).toEqual({ serialize })
    }
  })

  it("keeps the Content-Type that the caller chose", async () => {
    const headers = { "Content-Type": "application/x-own" }
    for (const body of ["a", Buffer.from("a"), new URLSearchParams("a=b"), new Blob(["a"], { type: "image/png" })]) {
      await signed().post("/x", body, { headers })
      expect(server.arrivals.at(-1)?.headers["content-type"]).toBe("application/x-own")
      expect(await isSigned()).toBe(true)
    }
  })

  it("sends objects as forms if axios is configured so", async () => {
    await signed().postForm("/x", { a: "ü", list: ["b", "c"] })
    expect(server.arrivals[0]?.headers["content-type"]).toMatch(/^multipart\/form-data; ?boundary=/)
    await signed().post("/x", { a: "ü" }, { headers: { "content-type": "application/x-www-form-urlencoded" } })
    expect(server.arrivals[1]?.body.toString()).toBe("a=%C3%BC")
    expect(await isSigned()).toBe(true)
  })

  it("too large for AK/SK is sent complete with the token, also as a stream", async () => {
    const auth = autoAuth({ aksk, token: numbering() })
    const chunk = Buffer.alloc(1_000_000, "x")
    const stream = Readable.from(Array(13).fill(chunk), { objectMode: false })
    await withAuth(bare({ maxBodyLength: Number.POSITIVE_INFINITY }), auth).post("/x", stream)
    expect(server.arrivals[0]?.headers["x-auth-token"]).toBe("secret-1")
    expect(server.arrivals[0]?.body.equals(Buffer.alloc(13_000_000, "x"))).toBe(true)
  })

  it.each([
    ["a stream", () => Readable.from([Buffer.from("abc")], { objectMode: false })],
    ["a web stream", () => new Blob(["abc"]).stream()],
    ["npm form-data", npmForm],
    ["a form with a file", formWithFile],
    ["an object", () => ({ a: 1 })],
  ])("with %s is retried with the same type and signed anew", async (_, body) => {
    status = 503
    const api = signed()
    axiosRetry(api, { retries: 2, retryDelay: () => 1 })
    await api.put("/x", body()).catch(() => undefined)
    expect(server.arrivals).toHaveLength(3)
    const [first, , last] = server.arrivals
    const without = (text?: string) => text?.replaceAll(/(boundary=)?-*(axios-|formdata-|-)[^\r\n;]*/g, "")
    expect(without(last?.body.toString())).toBe(without(first?.body.toString()))
    expect(without(last?.headers["content-type"])).toBe(without(first?.headers["content-type"]))
    expect(await isSigned()).toBe(true)
  })

  // With its fetch adapter axios gives up at once.
  it.runIf(adapter === "http")("may have a timeout beyond the longest timer", async () => {
    const inner = numbering()
    const slow: Auth = {
      ...inner,
      authenticate: async (attempt) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        return inner.authenticate(attempt)
      },
    }
    expect((await withAuth(bare(), slow).get("/x", { timeout: 2 ** 31 })).status).toBe(200)
  })

  it("ends at its timeout, which includes the wait for a token", async () => {
    const slow = { ...numbering(), authenticate: () => new Promise<never>(() => undefined) }
    const sent = withAuth(bare(), slow).get("/x", { timeout: 50 })
    await expect(sent).rejects.toMatchObject({ code: "ECONNABORTED", message: "timeout of 50ms exceeded" })
    const own = withAuth(bare(), slow).get("/x", { timeout: 50, timeoutErrorMessage: "too late" })
    await expect(own).rejects.toMatchObject({ message: "too late" })
    expect(server.arrivals).toEqual([])
  })

  it("names its whole timeout, even if a part was spent on a token", async () => {
    const hanging = createServer(() => undefined)
    await listen(hanging)
    const slow = numbering()
    const { authenticate } = slow
    slow.authenticate = async (attempt) => {
      await new Promise((resolve) => setTimeout(resolve, 30))
      return authenticate(attempt)
    }
    const api = withAuth(bare({ baseURL: urlOf(hanging) }), slow)
    await expect(api.get("/x", { timeout: 100 })).rejects.toMatchObject({
      // "timeout 100 of ms exceeded", in the oldest fetch adapter.
      message: expect.stringMatching(/^timeout (?:of 100ms|100 of ms) exceeded$/),
    })
    hanging.closeAllConnections()
    hanging.close()
  })

  it("leaves no listener on the caller's signal", async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...given: Parameters<typeof addEventListener>) => {
      listeners += 1
      addEventListener.apply(signal, given)
    }
    signal.removeEventListener = (...given: Parameters<typeof removeEventListener>) => {
      listeners -= 1
      removeEventListener.apply(signal, given)
    }
    for (const instance of [bare(), signed()]) {
      await instance.get("/x", { signal })
      // axios' oldest fetch adapter lets go a little later.
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    expect(listeners).toBe(0)
  })
})

describe(`axios ${version}, http: a request`, () => {
  const api = (config: AxiosRequestConfig): AxiosInstance =>
    withAuth(axios.create({ baseURL: server.url, adapter: "http", ...config }), aksk)

  it("without a connection ends at its timeout", async () => {
    const lookup = (() => undefined) as never
    const sent = api({ lookup, timeout: 60, baseURL: "http://nowhere.localhost" }).get("/x")
    await expect(sent).rejects.toMatchObject({ code: "ECONNABORTED", message: "timeout of 60ms exceeded" })
  })

  it("with a slow answer does not end at its timeout", async () => {
    const slow = createServer(async (_, response) => {
      for (let count = 0; count < 8; count += 1) {
        response.write("x")
        await new Promise((resolve) => setTimeout(resolve, 250))
      }
      response.end()
    })
    await listen(slow)
    expect((await api({ baseURL: urlOf(slow), timeout: 1_500 }).get("/x")).data).toBe("x".repeat(8))
    slow.close()
  })

  it("goes through the caller's socket", async () => {
    const path = join(tmpdir(), `countersign-axios-${process.pid}-${version}.sock`)
    const local = createServer((request, response) => response.end(String(request.headers.authorization)))
    await new Promise<void>((resolve) => local.listen(path, resolve))
    expect((await api({ socketPath: path }).get("/x")).data).toContain("Access=AKREQUEST")
    local.close()
  })

  it.skipIf(version.startsWith("1.7"))("over HTTP/2 is signed for its authority", async () => {
    const headers: Record<string, unknown>[] = []
    const http2 = createHttp2Server((request, response) => {
      headers.push({ ...request.headers })
      response.writeHead(request.url === "/from" ? 302 : 200, { location: "/to" })
      response.end("{}")
    })
    await listen(http2 as unknown as Server)
    const url = urlOf(http2 as unknown as Server)
    const one = api({ baseURL: url, httpVersion: 2 })
    expect((await one.get("/x")).data).toEqual({})
    const { ":authority": host, authorization, "x-sdk-date": date } = headers[0] ?? {}
    const request = { method: "GET", url: `${url}/x`, headers: { host, authorization, "x-sdk-date": date } as never }
    expect(await verify(request, { secretFor: async () => key })).toMatchObject({ ok: true })
    // axios follows no redirects over this connection.
    await expect(one.get("/from")).rejects.toMatchObject({ response: { status: 302 } })
    http2.close()
  })
})

function fails(): never {
  throw new RangeError("the caller's own")
}

function failsOnce(): () => string {
  let count = 0
  return () => (count++ === 0 ? fails() : "a=1")
}

function holdingItself(): object {
  const params: Record<string, unknown> = { a: 1 }
  params.self = params
  return params
}

function formWithFile(): FormData {
  const form = new FormData()
  form.append("file", new File(["abc"], "a.txt", { type: "text/plain" }))
  return form
}

function npmForm(): NpmFormData {
  const form = new NpmFormData()
  form.append("file", Buffer.from("abc"), { filename: "a.txt" })
  return form
}

async function listen(target: Server): Promise<void> {
  await new Promise<void>((resolve) => target.listen(0, "127.0.0.1", resolve))
}

function urlOf(target: Server): string {
  return `http://127.0.0.1:${(target.address() as AddressInfo).port}`
}
