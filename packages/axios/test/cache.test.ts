import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosInstance } from "axios"
import { buildMemoryStorage, type CacheOptions, setupCache } from "axios-cache-interceptor"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  type Auth,
  AuthError,
  akskAuth,
  authInterceptor,
  autoAuth,
  isAuthError,
  tokenAuth,
  withAuth,
} from "../src/index.ts"
import { version } from "./axios-version.ts"

let server: RecordingServer
let vary: Record<string, string>
beforeEach(async () => {
  vary = {}
  server = await recordingServer(({ headers }) => ({
    headers: { "cache-control": "max-age=60", "content-type": "application/json", ...vary },
    body: JSON.stringify(`of ${headers["x-auth-token"]}`),
  }))
})
afterEach(() => server.close())

const of = (value: string): Auth => {
  const now = Date.now()
  return tokenAuth({ value: value, issuedAt: now, expiresAt: now + 86_400_000 })
}

type Wrap = (auth: Auth, options?: CacheOptions) => AxiosInstance
const create = (): AxiosInstance => axios.create({ baseURL: server.url })
const cached = (api: AxiosInstance, options: CacheOptions = {}): AxiosInstance =>
  setupCache(api as never, { storage: buildMemoryStorage(), ...options }) as unknown as AxiosInstance

const orders: [name: string, wrap: Wrap][] = [
  ["auth put on a cached instance", (auth, options) => withAuth(cached(create(), options), auth)],
  ["a cache put on an authenticated instance", (auth, options) => cached(withAuth(create(), auth), options)],
  [
    "auth put on twice, around the cache",
    (auth, options) => withAuth(cached(withAuth(create(), of("earlier")), options), auth),
  ],
]

describe.each(orders)(`axios ${version} with axios-cache-interceptor, %s`, (_, wrap) => {
  const first = of("first")
  const second = of("second")
  const own = of("own")

  it.each<[what: string, headers: Record<string, string>, config: object]>([
    ["no Vary", {}, {}],
    ["Vary: X-Auth-Token", { vary: "X-Auth-Token" }, {}],
    ["Vary: *", { vary: "*" }, {}],
    ["a key of the caller's", {}, { id: "list" }],
    ["params", {}, { params: { a: "b c" } }],
  ])("gives nobody the answer of another: %s", async (_what, headers, config) => {
    vary = headers
    const api = wrap(own)
    const asked: [auth: Auth | false | undefined, answer: string][] = [
      [undefined, "of own"],
      [first, "of first"],
      [second, "of second"],
      [false, "of undefined"],
    ]
    // Every order of the two, more than once.
    for (const [, expected] of asked) {
      for (const [auth, answer] of [...asked, ...asked.toReversed()]) {
        const { data } = await api.get("/x", { ...config, ...(auth === undefined ? {} : { countersign: auth }) })
        expect(data, `behind ${expected}`).toBe(answer)
      }
    }
  })

  it("does not mix the answers of concurrent requests", async () => {
    const api = wrap(own)
    const auths: (Auth | false | undefined)[] = [undefined, first, second, false, undefined, second, first, false]
    const answers = auths.map((auth) => api.get("/x", auth === undefined ? {} : { countersign: auth }))
    expect((await Promise.all(answers)).map(({ data }) => data)).toEqual(
      ["own", "first", "second", undefined, "own", "second", "first", undefined].map((name) => `of ${name}`),
    )
    expect(server.arrivals).toHaveLength(4)
  })

  it("gives the same customer the cached answer", async () => {
    const api = wrap(own)
    for (const auth of [undefined, undefined, first, first, false, false] as const) {
      await api.get("/x", auth === undefined ? {} : { countersign: auth })
    }
    expect(server.arrivals).toHaveLength(3)
  })

  it("tells requests apart after all other interceptors", async () => {
    const api = wrap(own)
    let chosen = first
    api.interceptors.request.use((config) => ({ ...config, countersign: chosen }))
    expect((await api.get("/x")).data).toBe("of first")
    chosen = second
    expect((await api.get("/x")).data).toBe("of second")
  })

  it("keeps the answers of two clients apart in one storage", async () => {
    const storage = buildMemoryStorage()
    for (const auth of [first, second, first]) {
      expect((await wrap(auth, { storage }).get("/x")).data).toBe(auth === first ? "of first" : "of second")
    }
    expect(server.arrivals).toHaveLength(2)
  })

  it("uses the caller's own key generator for the rest of the key", async () => {
    const api = wrap(own, { generateKey: ({ url }) => url ?? "" })
    const { id } = (await api.get("/x")) as unknown as { id: string }
    expect(id).toMatch(/^\w+:\/x$/)
    expect(id).not.toContain("own")
  })

  it("does not let a request wait for one that could not be authenticated", async () => {
    let fails = true
    const failing: Auth = {
      ...numbering(),
      authenticate: async () => {
        await new Promise((resolve) => setTimeout(resolve, 5))
        if (fails) throw new AuthError("AUTH_TOKEN_REQUEST_FAILED", "IAM is away.")
        return { headers: { "x-auth-token": "later" }, used: undefined }
      },
    }
    const api = wrap(failing)
    const failed = await Promise.allSettled([api.get("/x"), api.get("/x")])
    for (const one of failed) {
      expect(one).toMatchObject({ status: "rejected", reason: { code: "AUTH_TOKEN_REQUEST_FAILED" } })
      expect(one.status === "rejected" && isAuthError(one.reason)).toBe(true)
    }
    fails = false
    expect((await api.get("/x")).data).toBe("of later")
  })
})

describe(`axios ${version} with axios-cache-interceptor`, () => {
  const token = (): Auth => of("token")
  const aksk = (): Auth => akskAuth({ accessKeyId: "AKCACHED", secretAccessKey: "sk-cached" })
  class Own implements Auth {
    readonly bodyLimit = () => undefined
    readonly judge = () => false
    readonly #token: string
    constructor(value: string) {
      this.#token = value
    }
    authenticate() {
      return { headers: { "x-auth-token": this.#token }, used: undefined }
    }
  }
  const kinds: [name: string, make: () => Auth][] = [
    ["a token", token],
    ["AK/SK", aksk],
    ["both", () => autoAuth({ aksk: aksk(), token: token() })],
    ["a class of the caller's", () => new Own("own")],
  ]

  it.each(kinds)("recognises the auth of a request, and tells two of a kind apart: %s", async (_, make) => {
    const api = withAuth(cached(create()), of("own"))
    const [one, other] = [make(), make()]
    for (const countersign of [one, other, one, other, one]) await api.get("/x", { countersign })
    expect(server.arrivals).toHaveLength(2)
  })

  it("tells auths apart that share their functions", async () => {
    const authenticate = function (this: { token: string }) {
      return { headers: { "x-auth-token": this.token }, used: undefined }
    }
    const sharing = (name: string) =>
      ({ token: name, bodyLimit: () => undefined, judge: () => false, authenticate }) as unknown as Auth
    const api = withAuth(cached(create()), of("own"))
    for (const name of ["first", "second", "first"]) {
      expect((await api.get("/x", { countersign: sharing(name) })).data).toBe(`of ${name}`)
    }
  })

  it.each(["before", "behind"])("refuses requests of an interceptor added by hand, %s the cache", async (place) => {
    const api = create()
    if (place === "before") api.interceptors.request.use(authInterceptor(of("own")))
    cached(api)
    if (place === "behind") api.interceptors.request.use(authInterceptor(of("own")))
    const refusal = { code: "AUTH_INVALID_OPTION", message: expect.stringContaining("withAuth") }
    for (const sent of [api.get("/x"), api.get("/x")]) await expect(sent).rejects.toMatchObject(refusal)
    await expect(api.get("/x", { countersign: of("first") })).rejects.toMatchObject(refusal)
    expect(server.arrivals).toEqual([])
    await api.get("/x", { cache: false } as object)
    await api.post("/x", "a")
    expect(server.arrivals).toHaveLength(2)
  })
})
