import { type Auth, type GuardOptions, tokenAuth } from "@countersign/auth-core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { resolveLocally } from "../local-names.ts"
import type { RecordingServer } from "../recording-server.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { expiredTokenAnswer } from "./rejection-answers.ts"
import { temporaryCredentials } from "./sample-credentials.ts"
import { expectNoSecretHeaders } from "./secret-headers.ts"
import { signatureVerdict, signatureVerdicts } from "./signature-verdicts.ts"

/** The contract of redirects, with a list of hosts and without one. */
export function redirectsContract({ adapter, serve }: ContractContext): void {
  describe("a redirect", () => {
    it.each([301, 302, 303, 307, 308])("%d on the same origin is followed, signed anew", async (status) => {
      const server = await serve(({ target }) =>
        target === "/from" ? { status, headers: { location: "/to?x=1" } } : {},
      )
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      expect((await send({ method: "POST", path: "/from", body: '{"a":1}', as: "body" })).status).toBe(200)
      expect(server.arrivals.map(({ target }) => target)).toEqual(["/from", "/to?x=1"])
      expect(await signatureVerdicts(server)).toEqual(["valid", "valid"])
      const keeps = status === 307 || status === 308 || (status !== 303 && adapter.keepsMethodOn302 === true)
      expect(server.arrivals[1]?.method).toBe(keeps ? "POST" : "GET")
      expect(server.arrivals[1]?.body.toString()).toBe(keeps ? '{"a":1}' : "")
    })

    it.each([301, 302, 303, 307, 308])("%d to a host that is not listed carries no secret", async (status) => {
      const foreign = await serve()
      const server = await serve(() => ({ status, headers: { location: `${foreign.url}/stolen` } }))
      for (const auth of [aksk(temporaryCredentials), tokenAuth(countingTokens().provider)]) {
        const send = adapter.connect({ baseUrl: server.url, auth })
        expect((await send({ path: "/from", headers: { cookie: "session=1" } })).status).toBe(200)
      }
      expect(foreign.arrivals).toHaveLength(2)
      for (const arrival of foreign.arrivals) {
        expectNoSecretHeaders(arrival)
        expect(JSON.stringify(arrival.headers)).not.toMatch(/secret|security/)
      }
    })

    it("to another listed host is authenticated for that host", async () => {
      const other = await serve()
      const server = await serve(() => ({ status: 307, headers: { location: `${other.url}/to` } }))
      const options = { hosts: [server.host, other.host] }
      const send = adapter.connect({ baseUrl: server.url, auth: aksk(), options })
      expect((await send({ method: "PUT", path: "/from", body: "x", as: "body" })).status).toBe(200)
      const [arrival] = other.arrivals
      expect(arrival === undefined ? "nothing arrived" : await signatureVerdict(other, arrival)).toBe("valid")
    })
  })

  describe("a redirect without a host list", () => {
    let restore = (): void => undefined
    beforeAll(() => {
      restore = resolveLocally("myhuaweicloud.com")
    })
    afterAll(() => restore())
    const named = (service: string, { host }: RecordingServer): string =>
      `http://${service}.cn-north-4.myhuaweicloud.com:${host.split(":")[1]}`
    const options: GuardOptions = { hosts: undefined, allowInsecure: true }
    const token = (): Auth => tokenAuth(countingTokens().provider)
    const tokensSeen = ({ arrivals }: RecordingServer): unknown[] =>
      arrivals.map(({ target, headers }) => [target, headers["x-auth-token"]])

    it.each([301, 302, 303, 307, 308])(
      "%d to another of Huawei Cloud's hosts carries nothing secret",
      async (status) => {
        const other = await serve(({ target }) =>
          target === "/other" ? { status, headers: { location: "/again" } } : {},
        )
        const location = `${named("ecs", other)}/other`
        const server = await serve(() => ({ status, headers: { location } }))
        for (const auth of [aksk(temporaryCredentials), token()]) {
          const send = adapter.connect({ baseUrl: named("iam", server), auth, options })
          expect((await send({ path: "/from", headers: { cookie: "session=1" } })).status).toBe(200)
        }
        expect(server.arrivals.map(({ headers }) => headers.authorization ?? headers["x-auth-token"])).toEqual([
          expect.stringContaining(temporaryCredentials.accessKeyId),
          "MIIsecret-token-number-1",
        ])
        expect(other.arrivals.map(({ target }) => target)).toEqual(["/other", "/again", "/other", "/again"])
        for (const arrival of other.arrivals) expectNoSecretHeaders(arrival)
      },
    )

    it("on the same origin is authenticated", async () => {
      const server = await serve(({ target }) =>
        target === "/from" ? { status: 307, headers: { location: "/to" } } : {},
      )
      await adapter.connect({ baseUrl: named("iam", server), auth: token(), options })({ path: "/from" })
      expect(tokensSeen(server)).toEqual([
        ["/from", "MIIsecret-token-number-1"],
        ["/to", "MIIsecret-token-number-1"],
      ])
    })

    it("by another host gives no Huawei Cloud host a credential", async () => {
      const other = await serve()
      const foreign = await serve(() => ({ status: 307, headers: { location: named("ecs", other) } }))
      const server = await serve(() => ({ status: 307, headers: { location: foreign.url } }))
      await adapter.connect({ baseUrl: named("iam", server), auth: token(), options })({ path: "/from" })
      expect(tokensSeen(other)).toEqual([["/", undefined]])
    })

    it("is authenticated if the host is listed", async () => {
      const other = await serve()
      const server = await serve(() => ({ status: 307, headers: { location: `${named("ecs", other)}/to` } }))
      const listed = { hosts: ["*.myhuaweicloud.com"], allowInsecure: true }
      await adapter.connect({ baseUrl: named("iam", server), auth: token(), options: listed })({ path: "/from" })
      expect(tokensSeen(other)).toEqual([["/to", "MIIsecret-token-number-1"]])
    })

    it("carries no secret when the other host refuses it or the client retries", async () => {
      const other = await serve((_, index) => (index === 0 ? { status: 503 } : expiredTokenAnswer))
      const server = await serve(() => ({ status: 307, headers: { location: `${named("ecs", other)}/to` } }))
      const send = adapter.connect({ baseUrl: named("iam", server), auth: token(), options })
      await send({ method: "PUT", path: "/from", retries: 1 })
      await send({ method: "PUT", path: "/from" })
      expect(other.arrivals.length).toBeGreaterThan(1)
      expect(new Set(other.arrivals.map(({ headers }) => headers["x-auth-token"]))).toEqual(new Set([undefined]))
    })

    it("to the same URL does not affect later requests for it", async () => {
      const other = await serve()
      const location = `${named("ecs", other)}/to`
      const server = await serve(() => ({ status: 307, headers: { location } }))
      const auth = token()
      await adapter.connect({ baseUrl: named("iam", server), auth, options })({ path: "/from" })
      await adapter.connect({ baseUrl: named("ecs", other), auth, options })({ path: "/to" })
      expect(tokensSeen(other)).toEqual([
        ["/to", undefined],
        ["/to", "MIIsecret-token-number-1"],
      ])
    })
  })
}
