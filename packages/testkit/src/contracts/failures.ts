import { type TokenProvider, tokenAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { authErrorOf } from "./auth-error-of.ts"
import type { ContractContext } from "./contract-context.ts"

/** The contract of failures before a request is sent. */
export function failuresContract({ adapter, serve }: ContractContext): void {
  describe("an abort", () => {
    it("ends the wait for a token, and nothing is sent", async () => {
      const server = await serve()
      const stuck: TokenProvider = () => new Promise(() => undefined)
      const send = adapter.connect({ baseUrl: server.url, auth: tokenAuth(stuck) })
      const abort = new AbortController()
      const sent = send({ path: "/x", signal: abort.signal })
      setTimeout(() => abort.abort(), 20)
      await expect(sent).rejects.toBeInstanceOf(Error)
      expect(server.arrivals).toEqual([])
    })
  })

  describe("errors", () => {
    it("of the auth reach the caller before anything is sent, and say what is wrong", async () => {
      const server = await serve()
      const expired = tokenAuth({ value: "MIIsecret-token-number-0", issuedAt: 0, expiresAt: 1 })
      const send = adapter.connect({ baseUrl: server.url, auth: expired })
      const error: unknown = await send({ path: "/x" }).catch((caught: unknown) => caught)
      const own = authErrorOf(error)
      expect(own?.code).toBe("AUTH_CREDENTIALS_EXPIRED")
      expect(server.arrivals).toEqual([])
    })
  })
}
