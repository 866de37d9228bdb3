import { type Auth, tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { numbering } from "../numbering-auth.ts"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { expiredTokenAnswer } from "./rejection-answers.ts"
import { temporaryCredentials } from "./sample-credentials.ts"
import { signatureVerdicts } from "./signature-verdicts.ts"

/** The contract of a single attempt. */
export function attemptsContract({ adapter, serve }: ContractContext): void {
  describe("one attempt", () => {
    it("carries the token", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(countingTokens().provider) })
      expect((await send({ path: "/v1/things" })).status).toBe(200)
      expect(server.arrivals.map(({ headers }) => headers["x-auth-token"])).toEqual(["MIIsecret-token-number-1"])
    })

    it("carries a valid signature", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      expect((await send({ path: "/v1/things?limit=2" })).status).toBe(200)
      expect(await signatureVerdicts(server)).toEqual(["valid"])
    })

    it("carries the security token of temporary credentials, signed", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: aksk(temporaryCredentials) })
      await send({ path: "/v1/things" })
      const [arrival] = server.arrivals
      expect(arrival?.headers["x-security-token"]).toBe(temporaryCredentials.securityToken)
      expect(arrival?.headers.authorization).toContain("x-security-token")
    })

    it("returns the client's own answer", async () => {
      const server = await serve(() => ({ status: 201, body: '{"created":"ü"}' }))
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      expect(await send({ path: "/", method: "POST", body: "x", as: "body" })).toMatchObject({
        status: 201,
        text: '{"created":"ü"}',
      })
    })

    it("tells the auth about each answer that accepted its credential, also of a replay, and about no other", async () => {
      const server = await serve(({ target }, index) =>
        index === 1 ? expiredTokenAnswer : { status: Number(target.slice(1)) },
      )
      const told: string[] = []
      const auth: Auth = {
        ...numbering(),
        accepted: ({ headers }, { pathname }) => void told.push(`${pathname} ${headers["x-auth-token"]}`),
      }
      const send = adapter.connect({ baseUrl: server.url, auth })
      for (const path of ["/200", "/201", "/404", "/409"]) await send({ path })
      expect(told).toEqual(["/200 secret-1", "/201 secret-3"])
    })

    it.each(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"])("signs %s", async (method) => {
      const server = await serve()
      await adapter.connect({ baseUrl: server.url, auth: aksk() })({ path: "/v1/things", method })
      expect(await signatureVerdicts(server)).toEqual(["valid"])
      expect(server.arrivals[0]?.method).toBe(method)
    })
  })
}
