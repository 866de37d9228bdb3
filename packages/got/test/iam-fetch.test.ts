import { type TunnelledIam, tunnelledIam } from "@countersign/testkit"
import { HttpsProxyAgent } from "https-proxy-agent"
import { afterEach, beforeEach, expect, it } from "vitest"
import { iamFetch, passwordToken, tokenAuth, withAuth } from "../src/index.ts"
import { clients } from "./clients.ts"

let iam: TunnelledIam
beforeEach(async () => {
  iam = await tunnelledIam()
})
afterEach(() => iam.close())

const login = { user: "operator", password: "p4ssword", domain: "partner", scope: { domain: "partner" } }

it.each(clients)(
  "%s: calls IAM through the agent of an instance, and nothing else of it takes part",
  async (_, client) => {
    const https = new HttpsProxyAgent(iam.proxyUrl)
    https.options.ca = iam.cert
    const instance = client.extend({
      agent: { https },
      prefixUrl: "https://api.example.com/base",
      searchParams: { own: "1" },
    })
    const authenticated = withAuth(
      instance,
      tokenAuth({ value: "MIIown", issuedAt: 0, expiresAt: Date.now() + 60_000 }),
    )
    const token = passwordToken({ ...login, iamEndpoint: iam.url, fetch: iamFetch(authenticated) })
    expect((await token()).value).toBe("MIItunnelled")
    expect(iam.asked).toEqual(["CONNECT iam.example.com:443"])
    expect(iam.arrivals[0]).toMatchObject({ method: "POST", target: "/v3/auth/tokens?nocatalog=true" })
    expect(iam.arrivals[0]?.headers).not.toHaveProperty("x-auth-token")
    expect(iam.arrivals[0]?.body).toContain("p4ssword")
  },
)

it.each(clients)(
  "%s: keeps the password of an IAM on this machine from a proxy that would read it",
  async (_, client) => {
    const instance = client.extend({ agent: { http: new HttpsProxyAgent(iam.proxyUrl) as never } })
    const token = passwordToken({ ...login, iamEndpoint: "http://localhost:8099", fetch: iamFetch(instance) })
    await expect(token()).rejects.toMatchObject({ code: "AUTH_INSECURE_URL" })
    expect(iam.asked).toEqual([])
  },
)
