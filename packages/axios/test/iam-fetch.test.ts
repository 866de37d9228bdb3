import { inspect } from "node:util"
import { type TunnelledIam, tunnelledIam } from "@countersign/testkit"
import axios from "axios"
import { HttpsProxyAgent } from "https-proxy-agent"
import { afterEach, beforeEach, expect, it } from "vitest"
import { iamFetch, passwordToken, tokenAuth, withAuth } from "../src/index.ts"

let iam: TunnelledIam
beforeEach(async () => {
  iam = await tunnelledIam()
})
afterEach(() => iam.close())

const login = { user: "operator", password: "p4ssword", domain: "partner", scope: { domain: "partner" } }

it("calls IAM through the agent of an instance, and uses nothing else of it", async () => {
  const httpsAgent = new HttpsProxyAgent(iam.proxyUrl)
  httpsAgent.options.ca = iam.cert
  const instance = axios.create({
    adapter: "http",
    baseURL: "https://api.example.com/base",
    params: { own: "1" },
    proxy: false,
    httpsAgent,
  })
  const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: iamFetch(instance) })
  withAuth(instance, tokenAuth(token))
  expect((await token()).value).toBe("MIItunnelled")
  expect(iam.asked).toEqual(["CONNECT iam.example.com:443"])
  expect(iam.arrivals[0]).toMatchObject({ method: "POST", target: "/v3/auth/tokens?nocatalog=true" })
  expect(iam.arrivals[0]?.body).toContain("p4ssword")
})

it("reports an unreachable proxy without its password", async () => {
  const httpsAgent = new HttpsProxyAgent("http://127.0.0.1:1")
  const instance = axios.create({ adapter: "http", proxy: false, httpsAgent })
  const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: iamFetch(instance) })
  const error: unknown = await token().catch((thrown: unknown) => thrown)
  expect(error).toMatchObject({ code: "AUTH_TOKEN_REQUEST_FAILED", message: expect.stringContaining("ECONNREFUSED") })
  expect(inspect(error, { depth: 20, showHidden: true, customInspect: false })).not.toContain("p4ssword")
})

it("does not show the password for an IAM on this machine to a proxy", async () => {
  const { hostname: host, port } = new URL(iam.proxyUrl)
  const instance = axios.create({ adapter: "http", proxy: { host, port: Number(port) } })
  const token = passwordToken({ ...login, iamEndpoint: "http://localhost:8099", fetch: iamFetch(instance) })
  await expect(token()).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
  expect(iam.asked).toEqual([])
})
