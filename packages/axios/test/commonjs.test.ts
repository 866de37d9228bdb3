import { createRequire } from "node:module"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import type { AxiosStatic, CreateAxiosDefaults } from "axios"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { authInterceptor, withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

/** The axios of a CommonJS program: another copy than modules import, with its own classes. */
const require = createRequire(import.meta.url)
const newest: AxiosStatic = require("axios")
const oldest: AxiosStatic = require("axios-1.7")

let server: RecordingServer
beforeEach(async () => {
  server = await recordingServer(async ({ target }) => {
    if (target === "/slow") await new Promise((resolve) => setTimeout(resolve, 400))
    return { status: target === "/500" ? 500 : 200, body: "{}" }
  })
})
afterEach(() => server.close())

const copies: [name: string, required: AxiosStatic][] = [
  ["that is beside it", newest],
  ["of another release", oldest],
]

describe.each(copies)(`with axios ${version} imported, an axios %s, required`, (_, required) => {
  it.each(adapters)("is sent by an adapter of its own release: %s", async (adapter) => {
    await required.create({ baseURL: server.url, adapter }).get("/bare")
    await withAuth(required.create({ baseURL: server.url, adapter }), numbering()).get("/authenticated")
    const [bare, authenticated] = server.arrivals.map(({ headers }) => headers["user-agent"])
    expect(authenticated).toBe(bare)
    if (adapter === "http") expect(bare).toBe(`axios/${required.VERSION}`)
  })

  it.each(adapters)("sends the caller's headers, types and bodies: %s", async (adapter) => {
    const setup: CreateAxiosDefaults = { baseURL: server.url, adapter, headers: { "X-Own": "1" } }
    for (const api of [required.create(setup), withAuth(required.create(setup), numbering())]) {
      await api.post("/json", { a: "ü" })
      await api.post("/form", new URLSearchParams({ a: "1 2" }))
    }
    const [json, form, ...authenticated] = server.arrivals.map(({ headers, body }) => [
      headers["x-own"],
      headers["content-type"],
      headers.accept,
      body.toString(),
    ])
    expect(authenticated).toEqual([json, form])
    expect(json?.slice(0, 2)).toEqual(["1", "application/json"])
    expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual([
      undefined,
      undefined,
      "secret-1",
      "secret-2",
    ])
  })
})

// The required axios is always the newest one.
describe.runIf(newest.VERSION === version)(`axios ${version}, required`, () => {
  const { AxiosError, AxiosHeaders, CanceledError } = newest

  describe.each(adapters)("%s", (adapter) => {
    const api = () => withAuth(newest.create({ baseURL: server.url, adapter }), numbering())
    const failure = (sent: Promise<unknown>): Promise<unknown> => sent.catch((error: unknown) => error)

    it("gives answers with headers of its own class", async () => {
      const { headers, config } = await api().get("/x")
      expect(headers).toBeInstanceOf(AxiosHeaders)
      expect(config.headers).toBeInstanceOf(AxiosHeaders)
    })

    it("gives errors of its own classes, by status, timeout, signal and cancel token", async () => {
      expect(await failure(api().get("/500"))).toBeInstanceOf(AxiosError)
      expect(await failure(api().get("/slow", { timeout: 40 }))).toBeInstanceOf(AxiosError)
      expect(await failure(api().get("/slow", { signal: AbortSignal.timeout(40) }))).toBeInstanceOf(CanceledError)
      const source = newest.CancelToken.source()
      setTimeout(() => source.cancel("enough"), 40)
      expect(await failure(api().get("/slow", { cancelToken: source.token }))).toBeInstanceOf(CanceledError)
    })

    it("gives errors of its own classes during the wait for a token too", async () => {
      const stuck = { ...numbering(), authenticate: () => new Promise<never>(() => undefined) }
      const waiting = withAuth(newest.create({ baseURL: server.url, adapter }), stuck)
      expect(await failure(waiting.get("/x", { timeout: 40 }))).toBeInstanceOf(AxiosError)
      expect(await failure(waiting.get("/x", { signal: AbortSignal.timeout(40) }))).toBeInstanceOf(CanceledError)
      expect(server.arrivals).toEqual([])
    })

    it("gives errors of its own classes without an auth too", async () => {
      expect(await failure(api().get("/500", { countersign: false }))).toBeInstanceOf(AxiosError)
    })
  })

  it("works with the interceptor too", async () => {
    const api = newest.create({ baseURL: server.url })
    api.interceptors.request.use(authInterceptor(numbering()))
    await api.get("/x")
    expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1"])
  })
})
