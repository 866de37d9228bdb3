import { type Answer, numbering, type RecordingServer, recordingServer } from "@countersign/testkit"
import axios, { type AxiosError, type AxiosInstance, type AxiosRequestConfig } from "axios"
import { afterEach, describe, expect, it } from "vitest"
import { withAuth } from "../src/index.ts"
import { adapters, version } from "./axios-version.ts"

const servers: RecordingServer[] = []
const serve = async (answer: (target: string) => Answer): Promise<RecordingServer> => {
  const server = await recordingServer(({ target }) => answer(target))
  servers.push(server)
  return server
}
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()))
})

const to = (location: string, status = 302): Answer => ({ status, headers: { location } })
const looping = (): Promise<RecordingServer> => serve(() => to("/again"))
const errorOf = (sent: Promise<unknown>): Promise<AxiosError> =>
  sent.then(
    () => expect.unreachable(),
    (error) => error,
  )

/** The arguments of `beforeRedirect` that axios and this package share. */
type Told = [path: string, method: string, status: number, location: string, from: unknown]

describe.each(adapters)(`axios ${version}, %s: redirects`, (adapter) => {
  const bare = (baseURL: string, config: AxiosRequestConfig = {}): AxiosInstance =>
    axios.create({ baseURL, adapter, ...config })
  const api = (baseURL: string, config: AxiosRequestConfig = {}): AxiosInstance =>
    withAuth(bare(baseURL, config), numbering("secret", 1_000))

  it("are not followed with maxRedirects 0", async () => {
    const server = await looping()
    const { response } = await errorOf(api(server.url).get("/x", { maxRedirects: 0 }))
    expect([response?.status, response?.headers.location, server.arrivals.length]).toEqual([302, "/again", 1])
  })

  it("are followed even if validateStatus accepts them", async () => {
    const server = await serve((target) => (target === "/x" ? to("/y") : {}))
    const validateStatus = (): boolean => true
    expect((await api(server.url).get("/x", { validateStatus })).status).toBe(200)
    expect((await api(server.url).get("/x", { validateStatus, maxRedirects: 0 })).status).toBe(302)
  })

  it("without a location are the answer", async () => {
    const server = await serve(() => ({ status: 302 }))
    const { response } = await errorOf(api(server.url).get("/x"))
    expect([response?.status, server.arrivals.length]).toEqual([302, 1])
  })

  it("throw an error of axios when there are too many", async () => {
    const server = await looping()
    const error = await errorOf(api(server.url).get("/x", { maxRedirects: 3 }))
    expect(error).toMatchObject({ isAxiosError: true, code: "ERR_FR_TOO_MANY_REDIRECTS", config: { url: "/x" } })
    expect(server.arrivals).toHaveLength(4)
  })

  it("are followed as often as by axios alone", async () => {
    const server = await looping()
    await errorOf(bare(server.url).get("/x"))
    const { length } = server.arrivals
    await errorOf(api(server.url).get("/x"))
    expect(server.arrivals.length - length).toBe(length)
  })

  it("work with streamed answers, which are closed", async () => {
    const server = await serve((target) => (target === "/x" ? { ...to("/y"), body: "x".repeat(100_000) } : {}))
    const { data } = await api(server.url).get("/x", { responseType: "stream" })
    let text = ""
    for await (const chunk of data) text += Buffer.from(chunk).toString()
    expect(text).toBe('{"ok":true}')
  })

  it("hide user and password from other hosts", async () => {
    const foreign = await serve(() => ({}))
    const server = await serve((target) => (target === "/x" ? to("/y", 307) : to(`${foreign.url}/z`, 307)))
    await api(server.url, { auth: { username: "me", password: "mine" } }).post("/x", "a")
    expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1", "secret-2"])
    expect(server.arrivals[0]?.headers.authorization).toBe(`Basic ${btoa("me:mine")}`)
    expect(foreign.arrivals[0]?.headers).not.toHaveProperty("authorization")
    expect(foreign.arrivals[0]?.headers).not.toHaveProperty("x-auth-token")
  })

  it("hide the caller's sensitive headers from other hosts, listed or not", async () => {
    const headers = { "X-Api-Key": "mine", "X-Other": "1" }
    const foreign = await serve(() => ({}))
    const server = await serve((target) => (target === "/x" ? to("/y", 307) : to(`${foreign.url}/z`, 307)))
    const hosts = ["127.0.0.1"]
    const api = withAuth(bare(server.url), numbering(), { hosts })
    await api.post("/x", "a", { headers, sensitiveHeaders: ["x-api-key"] })
    await api.post("/x", "a", { headers })
    expect(server.arrivals.map(({ headers }) => headers["x-api-key"])).toEqual(Array(4).fill("mine"))
    expect(foreign.arrivals.map(({ headers }) => [headers["x-api-key"], headers["x-other"]])).toEqual([
      [undefined, "1"],
      ["mine", "1"],
    ])
  })

  it.runIf(adapter === "fetch")("are not followed if fetchOptions say so", async () => {
    const server = await looping()
    const manual = await errorOf(api(server.url).get("/x", { fetchOptions: { redirect: "manual" } }))
    expect([manual.response?.status, server.arrivals.length]).toEqual([302, 1])
    const failing = await errorOf(api(server.url).get("/x", { fetchOptions: { redirect: "error" } }))
    expect([failing.code, server.arrivals.length]).toEqual(["ERR_NETWORK", 2])
  })

  it.runIf(adapter === "http")("are passed to beforeRedirect as in axios", async () => {
    const server = await serve((target) => (target === "/a?b" ? to("/c?d", 303) : target === "/c?d" ? to("/e") : {}))
    const hops = async (instance: AxiosInstance): Promise<Told[]> => {
      const told: Told[] = []
      await instance.put("/a?b", "body", {
        beforeRedirect(options, { statusCode, headers }, from?: { url: string; method: string }) {
          expect(`${options.protocol}//${options.hostname}:${options.port}`).toBe(server.url)
          expect(options.href).toBe(`${server.url}${options.path}`)
          told.push([options.path, options.method, statusCode, headers.location ?? "", [from?.url, from?.method]])
        },
      })
      return told
    }
    const told = await hops(api(server.url))
    expect(told).toEqual([
      ["/c?d", "GET", 303, "/c?d", [`${server.url}/a?b`, "PUT"]],
      ["/e", "GET", 302, "/e", [`${server.url}/c?d`, "GET"]],
    ])
    // axios 1.7 does not give the origin of the redirect.
    if (!version.startsWith("1.7")) expect(await hops(bare(server.url))).toEqual(told)
  })

  it.runIf(adapter === "http")("use the headers that beforeRedirect leaves", async () => {
    const server = await serve((target) => (target === "/x" ? to("/y") : {}))
    await api(server.url).get("/x", {
      headers: { "X-Kept": "1", "X-Dropped": "1", "X-Emptied": "1" },
      beforeRedirect({ headers }) {
        Object.assign(headers, { "X-Emptied": null })
        delete headers[Object.keys(headers).find((name) => name.toLowerCase() === "x-dropped") ?? ""]
        headers["x-added"] = "1"
      },
    })
    expect(server.arrivals[1]?.headers).toMatchObject({ "x-kept": "1", "x-added": "1", "x-auth-token": "secret-2" })
    expect(server.arrivals[1]?.headers).not.toHaveProperty("x-dropped")
    expect(server.arrivals[1]?.headers).not.toHaveProperty("x-emptied")
  })

  it.runIf(adapter === "http")("end if beforeRedirect throws, as in axios", async () => {
    const server = await looping()
    const beforeRedirect = (): never => {
      throw new Error("not there")
    }
    const error = await errorOf(api(server.url).get("/x", { beforeRedirect }))
    const expected = await errorOf(bare(server.url).get("/x", { beforeRedirect }))
    expect([error.code, error.message]).toEqual([expected.code, expected.message])
    expect(axios.isAxiosError(error)).toBe(true)
  })

  it.runIf(adapter === "http")("are reported once, even if a hop is sent twice", async () => {
    const server = await recordingServer(({ target }, index) =>
      target === "/x" ? to("/y") : index === 1 ? { status: 401 } : {},
    )
    servers.push(server)
    let told = 0
    await api(server.url).get("/x", {
      beforeRedirect: () => {
        told += 1
      },
    })
    expect([told, server.arrivals.length]).toEqual([1, 3])
  })

  it.runIf(adapter === "http")("or none: the response names the URL that answered", async () => {
    const server = await serve((target) => (target === "/x" ? to("/y?z=1") : {}))
    for (const instance of [bare(server.url), api(server.url)]) {
      expect((await instance.get("/x")).request.res.responseUrl).toBe(`${server.url}/y?z=1`)
      expect((await instance.get("/other")).request.res.responseUrl).toBe(`${server.url}/other`)
    }
  })

  it.runIf(adapter === "http")("are left to a transport of the caller", async () => {
    const server = await looping()
    const { request } = await import("node:http")
    const transport = { request }
    for (const instance of [bare(server.url), api(server.url)]) {
      expect((await errorOf(instance.get("/x", { transport }))).response?.status).toBe(302)
    }
  })
})
