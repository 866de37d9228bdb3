import { Readable } from "node:stream"
import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, {
  type AxiosAdapter,
  type AxiosError,
  type AxiosInstance,
  type AxiosRequestConfig,
  type ResponseType,
} from "axios"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Auth, withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

let server: RecordingServer
beforeEach(async () => {
  server = await recordingServer()
})
afterEach(async () => {
  await server.close()
})

const rejected = { error_code: "APIGW.0301", error_msg: "Incorrect IAM authentication information", request_id: "r" }

/** Refuses the first attempt of each URL. */
async function refusing(): Promise<void> {
  await server.close()
  const seen = new Set<string>()
  server = await recordingServer(({ target }) => {
    if (seen.has(target)) return {}
    seen.add(target)
    return { status: 401, body: JSON.stringify(rejected) }
  })
}

const stuck: Auth = {
  bodyLimit: () => undefined,
  authenticate: () => new Promise(() => undefined),
  judge: () => false,
}

describe.each(adapters)(`axios ${version}, %s: withAuth`, (adapter) => {
  const bare = (config: AxiosRequestConfig = {}): AxiosInstance =>
    axios.create({ baseURL: server.url, adapter, ...config })

  it("gives the same instance back", async () => {
    const instance = bare()
    expect(withAuth(instance, numbering())).toBe(instance)
    expect((await instance("/called")).status).toBe(200)
    expect(server.arrivals[0]?.headers["x-auth-token"]).toBe("secret-1")
  })

  it("refuses a malformed host list at once", () => {
    expect(() => withAuth(bare(), numbering(), { hosts: ["https://x"] })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  describe("an explicit undefined", () => {
    const countersign = new Map<string, Auth>().get("unknown") as Auth
    const ways: Record<string, (api: AxiosInstance) => Promise<unknown>> = {
      "the instance": (api) => api({ url: "/x", countersign }),
      "the instance, with a URL": (api) => api("/x", { countersign }),
      request: (api) => api.request({ url: "/x", countersign }),
      "Axios.prototype.request": (api) => axios.Axios.prototype.request.call(api, { url: "/x", countersign }),
      get: (api) => api.get("/x", { countersign }),
      delete: (api) => api.delete("/x", { countersign }),
      head: (api) => api.head("/x", { countersign }),
      options: (api) => api.options("/x", { countersign }),
      post: (api) => api.post("/x", {}, { countersign }),
      put: (api) => api.put("/x", {}, { countersign }),
      patch: (api) => api.patch("/x", {}, { countersign }),
      postForm: (api) => api.postForm("/x", {}, { countersign }),
      putForm: (api) => api.putForm("/x", {}, { countersign }),
      patchForm: (api) => api.patchForm("/x", {}, { countersign }),
    }

    it.each(Object.entries(ways))("is refused, and nothing is sent: %s", async (_, send) => {
      for (const auth of [numbering(), false] as const) {
        await expect(send(withAuth(withAuth(bare(), auth), auth))).rejects.toMatchObject({
          code: "AUTH_INVALID_OPTION",
          message: expect.stringMatching(/must be left out, or be .*, not undefined/),
        })
      }
      expect(server.arrivals).toEqual([])
    })

    it.each(["before", "after"])("is refused as a default of the instance, put there %s the auth", async (when) => {
      const api = bare()
      if (when === "before") api.defaults.countersign = countersign
      withAuth(api, numbering())
      if (when === "after") api.defaults.countersign = countersign
      for (const sent of [api.get("/x"), api.request({ url: "/x" })]) {
        await expect(sent).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
      }
      await api.get("/y", { countersign: false })
      expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual([undefined])
    })

    it("is told apart from a body with such a key, and from no key", async () => {
      const api = withAuth(bare(), numbering())
      await api.post("/x", { countersign: undefined, a: 1 })
      await api.post("/y", { a: 1 }, { timeout: 5_000 })
      await api.get("/z")
      expect(server.arrivals.map(({ headers, body }) => `${headers["x-auth-token"]} ${body}`)).toEqual([
        'secret-1 {"a":1}',
        'secret-2 {"a":1}',
        "secret-3 ",
      ])
    })

    it("does not change the look of the instance's defaults, which still accept an auth", async () => {
      const api = withAuth(bare(), numbering())
      expect(Object.keys(api.defaults)).not.toContain("countersign")
      api.defaults.countersign = numbering("customer")
      await api.get("/x")
      expect(server.arrivals[0]?.headers["x-auth-token"]).toBe("customer-1")
    })
  })

  it("refuses a request with a countersign that is not an auth, and sends nothing", async () => {
    const sent = withAuth(bare(), numbering()).get("/x", { countersign: "token" as never })
    await expect(sent).rejects.toMatchObject({ name: "AuthError", code: "AUTH_INVALID_OPTION" })
    expect(server.arrivals).toEqual([])
  })

  it.each<ResponseType>(["json", "text", "arraybuffer", "blob"])("has a 401 judged by its text: %s", async (type) => {
    await refusing()
    const auth = numbering()
    expect((await withAuth(bare(), auth).get("/x", { responseType: type })).status).toBe(200)
    expect(auth.rejections).toMatchObject([{ status: 401, errorCode: "APIGW.0301", replayed: false }])
  })

  it("judges a 401 without its text if that is a stream, which stays unread for the caller", async () => {
    await refusing()
    const auth: Auth & { rejections: unknown[] } = { ...numbering(), rejections: [], judge: () => false }
    auth.judge = (_, rejection) => {
      auth.rejections.push(rejection)
      return false
    }
    const sent = withAuth(bare(), auth).get("/x", { responseType: "stream", validateStatus: () => true })
    let text = ""
    for await (const chunk of (await sent).data) text += Buffer.from(chunk).toString()
    expect(JSON.parse(text)).toEqual(rejected)
    expect(auth.rejections).toMatchObject([{ status: 401, serverTime: expect.any(Number) }])
    expect(auth.rejections[0]).not.toHaveProperty("errorCode")
  })

  it("sends a refused request again below interceptors and transforms", async () => {
    await refusing()
    const api = withAuth(bare(), numbering())
    const ran: string[] = []
    const note =
      (name: string) =>
      <T>(value: T): T => {
        ran.push(name)
        return value
      }
    api.interceptors.request.use(note("request"))
    api.interceptors.response.use(note("response"))
    await api.get("/x", { transformRequest: note("transform"), transformResponse: note("transformed") })
    expect(ran).toEqual(["request", "transform", "transformed", "response"])
    expect(server.arrivals).toHaveLength(2)
  })

  it("reads no stream before it is sent if the auth needs no bytes", async () => {
    const chunks: Buffer[] = []
    const body = new Readable({
      read() {
        this.push(chunks.push(Buffer.alloc(1_000)) > 3 ? null : Buffer.alloc(1_000))
      },
    })
    let read: number | undefined
    const authenticate: Auth["authenticate"] = () => {
      read = chunks.length
      return { headers: { "x-auth-token": "t" }, used: undefined }
    }
    await withAuth(bare(), { ...numbering(), authenticate }).post("/x", body)
    expect([read, server.arrivals[0]?.body.length]).toEqual([0, 3_000])
  })

  it("closes a refused stream before the request is sent again", async () => {
    await refusing()
    const { data } = await withAuth(bare(), numbering()).get("/x", { responseType: "stream" })
    let text = ""
    for await (const chunk of data) text += Buffer.from(chunk).toString()
    expect(text).toBe('{"ok":true}')
    expect(server.arrivals).toHaveLength(2)
  })

  it("gives a second 401 to the caller with its data", async () => {
    await server.close()
    server = await recordingServer(() => ({ status: 401, body: JSON.stringify(rejected) }))
    const error: AxiosError = await withAuth(bare(), numbering())
      .get("/x")
      .then(
        () => expect.unreachable(),
        (caught) => caught,
      )
    expect([error.code, error.response?.status, error.response?.data]).toEqual(["ERR_BAD_REQUEST", 401, rejected])
    expect(server.arrivals).toHaveLength(2)
  })

  it.each<[name: string, limit: () => AxiosRequestConfig, message: string]>([
    ["timeout", () => ({ timeout: 30 }), "timeout of 30ms exceeded"],
    ["signal", () => ({ signal: AbortSignal.timeout(30) }), "canceled"],
    ["cancel token", () => ({ cancelToken: new axios.CancelToken((cancel) => cancelSoon(cancel)) }), "own words"],
  ])("lets the %s of the caller end the wait for a token, with axios' own error", async (_, limit, message) => {
    const sent = withAuth(bare(), stuck).get("/x", limit())
    const error: unknown = await sent.catch((caught: unknown) => caught)
    expect(axios.isAxiosError(error) || axios.isCancel(error)).toBe(true)
    expect(error).toHaveProperty("message", message)
    expect(server.arrivals).toEqual([])
  })

  function cancelSoon(cancel: (message: string) => void): void {
    setTimeout(() => cancel("own words"), 30)
  }
})

it(`axios ${version}: withAuth sends through the caller's own adapter, with URL, base and params unchanged`, async () => {
  const echo: AxiosAdapter = async (config) => ({
    status: 200,
    statusText: "",
    headers: {},
    config,
    request: Object.freeze({}),
    data: { body: config.data, token: config.headers.get("x-auth-token"), url: config.url, uri: axios.getUri(config) },
  })
  const baseURL = "https://api.myhuaweicloud.com"
  const auth = numbering()
  const api = withAuth(axios.create({ baseURL, adapter: echo, allowAbsoluteUrls: false }), auth)
  const { data } = await api.post("/x", { a: 1 }, { params: { b: "c d" } })
  expect(data).toEqual({ body: '{"a":1}', token: "secret-1", url: "/x", uri: `${baseURL}/x?b=c%20d` })
  expect(auth.attempts[0]?.url).toBe(`${baseURL}/x?b=c%20d`)
})
