import { verify } from "@countersign/auth-core"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosAdapter, type AxiosInstance } from "axios"
import MockAdapter from "axios-mock-adapter"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Auth, akskAuth, withAuth } from "../src/index.ts"
import { version } from "./axios-version.ts"

const baseURL = "https://api.myhuaweicloud.com/v1"
const key = { accessKeyId: "AKMOCK", secretAccessKey: "sk-mock" }
const auths: [name: string, auth: () => Auth | undefined][] = [
  ["without auth", () => undefined],
  ["with a token", () => numbering()],
  ["with AK/SK", () => akskAuth(key)],
]
const client = (auth: Auth | undefined): AxiosInstance => {
  const api = axios.create({ baseURL })
  return auth === undefined ? api : withAuth(api, auth)
}
/** Its types are for the required axios. */
const mocking = (api: AxiosInstance, options: { onNoMatch?: "passthrough" | "throwException" } = {}) =>
  new MockAdapter(api as never, options)
const failureOf = (sent: Promise<unknown>): Promise<unknown> =>
  sent.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  )

describe.each(auths)(`axios ${version} under axios-mock-adapter, %s`, (_, auth) => {
  let api: AxiosInstance
  let mock: MockAdapter
  beforeEach(() => {
    api = client(auth())
    mock = mocking(api)
  })

  it.each<[name: string, handler: string | RegExp]>([
    ["path", "/users"],
    ["path without a slash", "users"],
    ["whole URL", `${baseURL}/users`],
    ["pattern of the path", /^\/users$/],
    ["pattern of the whole URL", /v1\/users$/],
  ])("a handler matches by its %s, with params and without", async (_name, handler) => {
    mock.onGet(handler).reply(200, "found", {})
    expect((await api.get("/users")).data).toBe("found")
    expect((await api.get("/users", { params: { q: "a b" } })).data).toBe("found")
    expect(mock.history.get?.at(-1)).toMatchObject({ url: "/users", baseURL, params: { q: "a b" } })
  })

  it("a handler matches by params and by body", async () => {
    mock.onGet("/users", { params: { q: "a b", list: [1, 2] } }).reply(200, "by params")
    mock.onPost("/users", { name: "ü" }).reply(201, "by body")
    expect((await api.get("/users", { params: { q: "a b", list: [1, 2] } })).data).toBe("by params")
    expect((await api.post("/users", { name: "ü" }, { params: { q: 1 } })).data).toBe("by body")
    expect(await failureOf(api.get("/users", { params: { q: "b" } }))).toMatchObject({ response: { status: 404 } })
  })

  it("a reply without headers, and a request without a match, work as without auth", async () => {
    mock.onGet("/there").reply(200, { ok: true })
    mock.onGet("/500").reply(500)
    expect(await api.get("/there")).toMatchObject({ status: 200, data: { ok: true }, headers: {} })
    const error = await failureOf(api.get("/500", { params: { q: 1 } }))
    expect(error).toMatchObject({ isAxiosError: true, message: "Request failed with status code 500" })
    const unmatched = await failureOf(api.get("/elsewhere"))
    expect(unmatched).toMatchObject({ isAxiosError: true, message: "Request failed with status code 404" })
    expect(unmatched).toMatchObject({ response: { status: 404 }, config: { url: "/elsewhere", baseURL } })
  })

  it("a broken connection and a timeout work as without auth", async () => {
    mock.onGet("/broken").networkError().onGet("/late").timeout()
    expect(await failureOf(api.get("/broken"))).toMatchObject({ isAxiosError: true, message: "Network Error" })
    expect(await failureOf(api.get("/late"))).toMatchObject({
      code: "ECONNABORTED",
      message: "timeout of 0ms exceeded",
    })
  })

  it("a redirect without headers is given to the caller", async () => {
    mock.onGet("/302").reply(302)
    expect(await failureOf(api.get("/302"))).toMatchObject({ response: { status: 302 } })
  })
})

it(`axios ${version} under axios-mock-adapter: a 401 renews the token and sends the request once more`, async () => {
  const auth = numbering()
  const api = client(auth)
  const mock = mocking(api)
  mock.onGet("/users").replyOnce(401).onGet("/users").reply(200, "renewed")
  expect((await api.get("/users", { params: { a: 1 } })).data).toBe("renewed")
  const sent = mock.history.get?.map(({ headers, url }) => [url, headers?.["x-auth-token"]])
  expect(sent).toEqual([
    ["/users", "secret-1"],
    ["/users", "secret-2"],
  ])
})

it(`axios ${version} under axios-mock-adapter: the error for a request without a match shows no secret`, async () => {
  const api = client(numbering())
  mocking(api, { onNoMatch: "throwException" })
  const error = await failureOf(api.get("/users"))
  expect(error).toMatchObject({ isCouldNotFindMockError: true, url: "/users" })
  expect(String(error) + (error instanceof Error ? error.stack : "")).not.toContain("secret-")
})

describe(`axios ${version}: a request from the caller's own adapter is signed for the URL that arrives`, () => {
  let server: RecordingServer
  beforeEach(async () => {
    server = await recordingServer()
  })
  afterEach(() => server.close())

  it.each<[path: string, params: unknown]>([
    ["/x", undefined],
    ["/x", { q: "a b+c", list: ["ü", "'"], deep: { a: 1 }, none: null, big: "$,:[]" }],
    ["x?own=1&plus=a+b#part", { q: "a b" }],
    ["/x?plus=a+b&ü=ö d", undefined],
    ["/x", new URLSearchParams("a=b c&a=ü")],
    ["/ä b/./c", {}],
  ])("%s with %j", async (url, params) => {
    const config = { baseURL: `${server.url}/base`, adapter: "http" as const }
    const signed = withAuth(axios.create(config), akskAuth(key))
    const own = withAuth(
      axios.create({ ...config, adapter: (given) => axios.getAdapter("http")({ ...given }) }),
      akskAuth(key),
    )
    const mocked = withAuth(axios.create(config), akskAuth(key))
    mocking(mocked, { onNoMatch: "passthrough" })
    for (const api of [signed, own, mocked]) await api.get(url, { params })
    const [expected, ...others] = server.arrivals.map(({ target }) => target)
    expect(others).toEqual([expected, expected])
    for (const { method, target, headers, body } of server.arrivals) {
      const request = { method, url: `${server.url}${target}`, headers: headers as Record<string, string>, body }
      expect(await verify(request, { secretFor: async () => key })).toMatchObject({ ok: true })
    }
  })

  it("and a user in the URL does not replace the signature", async () => {
    const adapter: AxiosAdapter = (given) => axios.getAdapter("http")({ ...given })
    const { host } = new URL(server.url)
    await withAuth(axios.create({ adapter, baseURL: `http://me:mine@${host}/base` }), akskAuth(key)).get("/x")
    await withAuth(axios.create({ adapter }), akskAuth(key), { hosts: ["127.0.0.1"] }).get(`http://me@${host}/y`)
    for (const { method, target, headers } of server.arrivals) {
      const request = { method, url: `${server.url}${target}`, headers: headers as Record<string, string> }
      expect(await verify(request, { secretFor: async () => key })).toMatchObject({ ok: true })
    }
    expect(server.arrivals.map(({ target }) => target)).toEqual(["/base/x", "/y"])
  })
})
