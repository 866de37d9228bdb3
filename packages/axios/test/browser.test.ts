import { numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosAdapter } from "axios"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { withAuth } from "../src/index.ts"
import { version } from "./axios-version.ts"

let server: RecordingServer
beforeEach(async () => {
  server = await recordingServer()
})
afterEach(async () => {
  vi.unstubAllGlobals()
  await server.close()
})

/** Plays axios' adapter in browsers. */
function xhr(): AxiosAdapter & { calls: number } {
  const adapter = Object.assign(
    async (config: Parameters<AxiosAdapter>[0]) => {
      adapter.calls += 1
      return { status: 200, statusText: "", headers: {}, config, data: "by xhr" }
    },
    { adapterName: "xhr", calls: 0 },
  )
  return adapter
}

describe(`axios ${version}, as in a browser`, () => {
  it("sends authenticated requests by fetch, since xhr follows redirects with all headers", async () => {
    const adapter = xhr()
    const api = withAuth(axios.create({ baseURL: server.url, adapter }), numbering())
    await api.post("/x", { a: 1 })
    expect(adapter.calls).toBe(0)
    expect(server.arrivals).toMatchObject([{ headers: { "x-auth-token": "secret-1" } }])
  })

  it("leaves bare requests to xhr", async () => {
    const adapter = xhr()
    const api = withAuth(axios.create({ adapter }), numbering())
    expect((await api.get("http://foreign.example.com/x")).data).toBe("by xhr")
    expect((await api.get("https://api.myhuaweicloud.com/x", { countersign: false })).data).toBe("by xhr")
    expect(adapter.calls).toBe(2)
  })

  it("refuses a redirect whose target is hidden", async () => {
    const hidden = { type: "opaqueredirect", status: 0, headers: new Headers(), body: null, text: async () => "" }
    const fetched: Request[] = []
    vi.stubGlobal("fetch", async (request: Request) => {
      fetched.push(request)
      return hidden
    })
    const api = withAuth(axios.create({ baseURL: server.url, adapter: "fetch" }), numbering())
    await expect(api.get("/x")).rejects.toMatchObject({ code: "AUTH_REDIRECT_BLOCKED" })
    expect(fetched.map(({ redirect }) => redirect)).toEqual(["manual"])
    // A caller that wants the redirect itself gets it from axios.
    expect((await api.get("/x", { maxRedirects: 0 })).status).toBe(0)
  })

  it("resolves URLs against the page, and trusts the base URL of the instance", async () => {
    vi.stubGlobal("location", { href: `${server.url}/page` })
    const auth = numbering()
    await withAuth(axios.create({ baseURL: "/api" }), auth).get("/x")
    await withAuth(axios.create(), auth).get("/elsewhere", { baseURL: server.url })
    expect(auth.attempts.map(({ url }) => url)).toEqual([`${server.url}/api/x`, `${server.url}/elsewhere`])
    expect(server.arrivals.map(({ target }) => target)).toEqual(["/api/x", "/elsewhere"])
  })
})
