import { type TunnelledIam, tunnelledIam } from "@countersign/testkit"
import { EnvHttpProxyAgent, fetch, getGlobalDispatcher, ProxyAgent, setGlobalDispatcher } from "undici"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type IamFetch, iamFetch, passwordToken, tokenAuth, withAuth } from "../src/index.ts"

let iam: TunnelledIam
beforeEach(async () => {
  iam = await tunnelledIam()
})
afterEach(() => iam.close())

const login = { user: "operator", password: "p4ssword", domain: "partner", scope: { domain: "partner" } }

it("calls IAM through a dispatcher without the dispatcher's auth", async () => {
  const proxy = new ProxyAgent({ uri: iam.proxyUrl, requestTls: { ca: iam.cert } })
  const dispatcher = withAuth(proxy, tokenAuth({ value: "MIIown", issuedAt: 0, expiresAt: Date.now() + 60_000 }))
  const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: iamFetch(dispatcher) })
  expect((await token()).value).toBe("MIItunnelled")
  expect(iam.asked).toEqual(["CONNECT iam.example.com:443"])
  expect(iam.arrivals[0]).toMatchObject({ method: "POST", target: "/v3/auth/tokens?nocatalog=true" })
  expect(iam.arrivals[0]?.headers).not.toHaveProperty("x-auth-token")
  expect(iam.arrivals[0]?.body).toContain("p4ssword")
  await dispatcher.close()
})

it("is called by undici's own fetch, and the types fit", async () => {
  const dispatcher = new EnvHttpProxyAgent({ httpsProxy: iam.proxyUrl, requestTls: { ca: iam.cert } })
  const proxied: IamFetch = (url, init) => fetch(url, { ...init, dispatcher })
  const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: proxied })
  expect((await token()).value).toBe("MIItunnelled")
  expect(passwordToken({ ...login, fetch })).toBeTypeOf("function")
  await dispatcher.close()
})

it("does not show the password for an IAM on this machine to a proxy", async () => {
  const proxy = new ProxyAgent(iam.proxyUrl)
  const token = passwordToken({ ...login, iamEndpoint: "http://localhost:8099", fetch: iamFetch(proxy) })
  await expect(token()).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
  expect(iam.asked).toEqual([])
  await proxy.close()
})

it("does not show it to a proxy of the global dispatcher either, unless allowInsecure is set", async () => {
  const before = getGlobalDispatcher()
  setGlobalDispatcher(new ProxyAgent(iam.proxyUrl))
  try {
    const options = { ...login, iamEndpoint: "http://localhost:8099" }
    await expect(passwordToken(options)()).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
    expect(iam.asked).toEqual([])
    await passwordToken({ ...options, allowInsecure: true })().catch(() => undefined)
    expect(iam.asked).toHaveLength(1)
  } finally {
    setGlobalDispatcher(before)
  }
})
