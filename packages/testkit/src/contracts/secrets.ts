import { type Auth, appCodeAuth, tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { type Arrival, type RecordingServer, recordingServer } from "../recording-server.ts"
import { markIn, shown } from "../shown.ts"
import type { AdapterUnderTest } from "./adapter-under-test.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { temporaryCredentials } from "./sample-credentials.ts"
import { expectNoSecretHeaders } from "./secret-headers.ts"

/** Headers with secrets that callers set by hand, besides those that this library sets. */
const OWN_SECRETS = [
  "cookie",
  "x-auth-key",
  "x-apig-appcode",
  "x-metadata-token",
  "x-security-token",
  "x-sdk-own",
  "x-service-token",
  "x-storage-token",
  "x-subject-token",
]

/** The contract of secrets: who sees them, and where they never show. */
export function secretsContract({ adapter, serve }: ContractContext): void {
  describe("the caller's own credential headers", () => {
    const own = Object.fromEntries(OWN_SECRETS.map((name) => [name, `own-${name}`]))
    const ownIn = ({ headers }: Arrival): string[] =>
      OWN_SECRETS.filter((name) => String(headers[name] ?? "").startsWith("own-"))

    it.each([
      ["a listed host, with a token", () => tokenAuth(countingTokens().provider), ["listed"]],
      ["a listed host, with AK/SK", () => aksk(), ["listed"]],
      ["a host that is not listed", () => aksk(), []],
      ["one host to another, neither of which is listed", () => aksk(), undefined],
    ] as const)("stay behind on a redirect to %s", async (_, auth, listed) => {
      const other = await serve(({ target }) =>
        target === "/to" ? { status: 307, headers: { location: "/again" } } : {},
      )
      const server = await serve(({ target }) =>
        target === "/from"
          ? { status: 307, headers: { location: "/same" } }
          : { status: 307, headers: { location: `${other.url}/to` } },
      )
      const hosts = listed === undefined ? ["*.example.com"] : [server.host, ...listed.map(() => other.host)]
      const send = adapter.connect({ baseUrl: server.url, auth: auth(), options: { hosts } })
      const headers = { ...own, "x-auth-token": "own-x-auth-token", "x-mine": "1" }
      expect((await send({ path: "/from", headers })).status).toBe(200)
      expect(server.arrivals.map(ownIn)).toEqual([OWN_SECRETS, OWN_SECRETS])
      expect(other.arrivals.map(ownIn)).toEqual([[], []])
      expect(other.arrivals.map(({ headers: { "x-mine": mine } }) => mine)).toEqual(["1", "1"])
      expect(JSON.stringify(other.arrivals.map((arrival) => arrival.headers))).not.toContain("own-x-auth-token")
    })
  })

  describe("an AppCode", () => {
    it("reaches its host, and no other one by a redirect", async () => {
      const other = await serve()
      const server = await serve(({ target }) =>
        target === "/from" ? { status: 307, headers: { location: `${other.url}/to` } } : {},
      )
      const auth = appCodeAuth("app-code-0123456789")
      const send = adapter.connect({ baseUrl: server.url, auth, options: { hosts: [server.host] } })
      expect((await send({ path: "/" })).status).toBe(200)
      expect((await send({ path: "/from" })).status).toBe(200)
      const codes = [server, other].map(({ arrivals }) => arrivals.map(({ headers }) => headers["x-apig-appcode"]))
      expect(codes).toEqual([["app-code-0123456789", "app-code-0123456789"], [undefined]])
    })
  })

  describe("a host that is not listed", () => {
    it("gets the request as the client alone sends it", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: aksk(), options: { hosts: ["*.myhuaweicloud.com"] } })
      expect((await send({ method: "POST", path: "/x?q=1", body: "x", as: "body" })).status).toBe(200)
      expectNoSecretHeaders(server.arrivals[0])
    })
  })

  describe("errors", () => {
    it.each([
      ["AK/SK", () => aksk(temporaryCredentials)],
      ["token", () => tokenAuth(countingTokens().provider)],
    ])("and answers show no secret, however printed: %s", async (_, auth) => {
      const server = await serve(({ target }) => {
        const status = Number(target.slice(1))
        return status === 302 ? { status, headers: { location: target } } : { status, body: "{}" }
      })
      const send = adapter.connect({ baseUrl: server.url, auth: auth() })
      const seen: unknown[] = []
      for (const status of [200, 302, 401, 403, 500]) {
        await send({ path: `/${status}`, method: "POST", body: "x", as: "body" }).then(
          (response) => seen.push(response.raw),
          (error: unknown) => seen.push(error),
        )
      }
      seen.push(await errorWithoutServer(adapter, auth()), await errorOfAbort(adapter, auth(), serve))
      for (const value of seen) {
        const marks = ["secret-key", "secret-token", "security-token-of", "Signature="]
        expect(markIn(shown(value), ...marks)).toBeUndefined()
      }
    })
  })
}

/** The error of a request to a server that does not run. */
async function errorWithoutServer(adapter: AdapterUnderTest, auth: Auth): Promise<unknown> {
  const gone = await recordingServer()
  await gone.close()
  return adapter
    .connect({ baseUrl: gone.url, auth })({ path: "/x" })
    .catch((error: unknown) => error)
}

/** The error of a request that is aborted on its way. */
async function errorOfAbort(
  adapter: AdapterUnderTest,
  auth: Auth,
  serve: (answer: () => Promise<never>) => Promise<RecordingServer>,
): Promise<unknown> {
  const abort = new AbortController()
  const silent = await serve(() => {
    abort.abort()
    return new Promise(() => undefined)
  })
  return adapter
    .connect({ baseUrl: silent.url, auth })({ path: "/x", signal: abort.signal })
    .catch((error: unknown) => error)
}
