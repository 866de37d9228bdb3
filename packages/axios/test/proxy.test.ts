import { createServer, Agent as HttpAgent, request as httpRequest } from "node:http"
import { createServer as createHttpsServer, Agent as HttpsAgent } from "node:https"
import { type AddressInfo, connect, type Server } from "node:net"
import { numbering, type RecordingServer, recordingServer, selfSigned } from "@countersign/testkit"
import axios, { type AxiosInstance, type AxiosRequestConfig } from "axios"
import { EnvHttpProxyAgent, getGlobalDispatcher, setGlobalDispatcher } from "undici"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { type GuardOptions, withAuth } from "../src/index.ts"
import { version } from "./axios-version.ts"

const { key, cert } = selfSigned("localhost")
const tunnels = Number(version.split(".")[1]) >= 17

/** The requests to the proxy, with their tokens. */
let asked: [method: string, target: string, token: unknown][]
let proxy: Server
let plain: RecordingServer
let secure: Server
let secureTokens: unknown[]
const httpsAgent = new HttpsAgent({ ca: cert })

beforeEach(async () => {
  for (const name of ["HTTP", "HTTPS", "ALL", "NO"]) {
    vi.stubEnv(`${name}_PROXY`, "")
    vi.stubEnv(`${name.toLowerCase()}_proxy`, "")
  }
  asked = []
  proxy = createServer(({ method = "", url = "", headers }, response) => {
    asked.push([method, url, headers["x-auth-token"]])
    response.end('"proxied"')
  }).on("connect", ({ url = "", headers }, client) => {
    asked.push(["CONNECT", url, headers["x-auth-token"]])
    const origin = connect(Number(url.split(":")[1]), "localhost", () => {
      client.write("HTTP/1.1 200 OK\r\n\r\n")
      client.pipe(origin).pipe(client)
    })
    for (const one of [origin, client]) one.on("error", () => undefined)
  })
  await listening(proxy)
  plain = await recordingServer()
  secureTokens = []
  secure = createHttpsServer({ key, cert }, ({ headers }, response) => {
    secureTokens.push(headers["x-auth-token"])
    response.end('"secure"')
  })
  await listening(secure)
})
afterEach(async () => {
  vi.unstubAllEnvs()
  httpsAgent.destroy()
  for (const server of [proxy, secure]) server.close()
  await plain.close()
})

async function listening(server: Server): Promise<void> {
  await new Promise<void>((resolve) => server.listen(0, resolve))
}

const portOf = (server: Server): number => (server.address() as AddressInfo).port
const proxyUrl = (): string => `http://localhost:${portOf(proxy)}`
const proxyOption = (): AxiosRequestConfig => ({
  proxy: { protocol: "http", host: "localhost", port: portOf(proxy) },
})
const plainUrl = (): string => plain.url.replace("127.0.0.1", "localhost")
const secureUrl = (): string => `https://localhost:${portOf(secure)}`

const api = (baseURL: string, config: AxiosRequestConfig = {}, options: GuardOptions = {}): AxiosInstance =>
  withAuth(axios.create({ baseURL, adapter: "http", httpsAgent, ...config }), numbering(), options)

const refusal = { code: "AUTH_INSECURE_URL" }

describe(`axios ${version} behind a proxy: https`, () => {
  const ways: [name: string, way: () => AxiosRequestConfig][] = [
    ["proxy", proxyOption],
    ...["HTTPS_PROXY", "https_proxy", "ALL_PROXY"].map((name): [string, () => AxiosRequestConfig] => [
      name,
      () => {
        vi.stubEnv(name, proxyUrl())
        return {}
      },
    ]),
  ]

  it.runIf(tunnels).each(ways)("is tunnelled, so that only the host sees the token: %s", async (_, way) => {
    expect((await api(secureUrl(), way()).get("/x")).data).toBe("secure")
    expect(asked).toEqual([["CONNECT", `localhost:${portOf(secure)}`, undefined]])
    expect(secureTokens).toEqual(["secret-1"])
  })

  it.skipIf(tunnels).each(ways)("is refused, because axios would send it in clear: %s", async (_, way) => {
    const config = way()
    for (const options of [{}, { allowInsecure: true }]) {
      const sent = api(secureUrl(), config, options).post("/x", "body")
      await expect(sent).rejects.toMatchObject({
        ...refusal,
        message: expect.stringContaining("upgrade axios to 1.17"),
      })
    }
    expect([asked, secureTokens]).toEqual([[], []])
  })

  it("is sent as axios sends it if there is no auth", async () => {
    await api(secureUrl(), proxyOption()).get("/x", { countersign: false })
    await api(secureUrl(), proxyOption(), { hosts: ["elsewhere.example.com"] }).get("/x")
    const target = tunnels ? ["CONNECT", `localhost:${portOf(secure)}`] : ["GET", `${secureUrl()}/x`]
    expect(asked).toEqual([
      [...target, undefined],
      [...target, undefined],
    ])
  })

  it("bypasses the proxy if NO_PROXY or the caller says so", async () => {
    vi.stubEnv("HTTPS_PROXY", proxyUrl())
    await api(secureUrl(), { proxy: false }).get("/x")
    vi.stubEnv("NO_PROXY", "localhost")
    await api(secureUrl()).get("/x")
    expect([asked, secureTokens]).toEqual([[], ["secret-1", "secret-1"]])
  })
})

describe(`axios ${version} behind a proxy: plain http to this machine`, () => {
  const ways: [name: string, way: () => AxiosRequestConfig][] = [
    ["proxy", proxyOption],
    ...["HTTP_PROXY", "http_proxy", "all_proxy"].map((name): [string, () => AxiosRequestConfig] => [
      name,
      () => {
        vi.stubEnv(name, proxyUrl())
        return {}
      },
    ]),
    ["an agent of Node's", () => ({ httpAgent: new HttpAgent({ proxyEnv: { HTTP_PROXY: proxyUrl() } } as object) })],
    ["a transport of the caller's", () => ({ ...proxyOption(), transport: { request: httpRequest } })],
  ]

  it.each(ways)("is refused: %s", async (_, way) => {
    const sent = api(plainUrl(), way()).post("/x", "body")
    await expect(sent).rejects.toMatchObject({ ...refusal, message: expect.stringContaining("NO_PROXY") })
    expect([asked, plain.arrivals]).toEqual([[], []])
  })

  it("is refused with an agent that tunnels, since that hides nothing from the proxy", async () => {
    const httpAgent = Object.assign(new HttpAgent(), { proxy: new URL(proxyUrl()) })
    await expect(api(plainUrl(), { httpAgent }).get("/x")).rejects.toMatchObject(refusal)
    expect([asked, plain.arrivals]).toEqual([[], []])
  })

  it("goes through the proxy with allowInsecure", async () => {
    await api(plainUrl(), proxyOption(), { allowInsecure: true }).get("/x")
    expect(asked).toEqual([["GET", `${plainUrl()}/x`, "secret-1"]])
  })

  it("goes through the proxy if there is no auth", async () => {
    await api(plainUrl(), proxyOption()).get("/x", { countersign: false })
    expect(asked).toEqual([["GET", `${plainUrl()}/x`, undefined]])
  })

  it("bypasses the proxy if NO_PROXY or the caller says so", async () => {
    vi.stubEnv("HTTP_PROXY", proxyUrl())
    await api(plainUrl(), { proxy: false }).get("/x")
    vi.stubEnv("NO_PROXY", "localhost")
    await api(plainUrl()).get("/x")
    expect(asked).toEqual([])
    expect(plain.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["secret-1", "secret-1"])
  })
})

describe(`axios ${version}, fetch, behind a proxy: plain http to this machine`, () => {
  it("is refused if the global dispatcher uses the proxy, as under NODE_USE_ENV_PROXY", async () => {
    const before = getGlobalDispatcher()
    setGlobalDispatcher(new EnvHttpProxyAgent({ httpProxy: proxyUrl() }))
    try {
      await expect(api(plainUrl(), { adapter: "fetch" }).get("/x")).rejects.toMatchObject(refusal)
    } finally {
      setGlobalDispatcher(before)
    }
    await api(plainUrl(), { adapter: "fetch" }).get("/x")
    expect([asked.length, plain.arrivals.length]).toEqual([0, 1])
  })
})
