import { type TunnelledIam, tunnelledIam } from "@countersign/testkit"
import { EnvHttpProxyAgent, fetch, ProxyAgent } from "undici"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type IamFetch, iamFetch, passwordToken, tokenAuth, withAuth } from "../src/index.ts"

let iam: TunnelledIam
beforeEach(async () => {
  iam = await tunnelledIam()
})
afterEach(() => iam.close())

const login = { user: "operator", password: "p4ssword", domain: "partner", scope: { domain: "partner" } }

it("calls IAM through a dispatcher, whose own auth takes no part", async () => {
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

it("is called by undici's own fetch, whose type fits", async () => {
  const dispatcher = new EnvHttpProxyAgent({ httpsProxy: iam.proxyUrl, requestTls: { ca: iam.cert } })
  const proxied: IamFetch = (url, init) => fetch(url, { ...init, dispatcher })
  const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: proxied })
  expect((await token()).value).toBe("MIItunnelled")
  expect(passwordToken({ ...login, fetch })).toBeTypeOf("function")
  await dispatcher.close()
})
