import { describe, expect, it } from "vitest"
import { aksk } from "./aksk.ts"
import { authErrorOf } from "./auth-error-of.ts"
import type { ContractContext } from "./contract-context.ts"
import { credentials, customerCredentials } from "./sample-credentials.ts"
import { expectNoSecretHeaders } from "./secret-headers.ts"

/** The contract of the auth that a single request names. */
export function requestsContract({ adapter, serve }: ContractContext): void {
  describe("per request", () => {
    it("another auth signs for another customer", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      await Promise.all([send({ path: "/x", auth: aksk(customerCredentials) }), send({ path: "/y" })])
      const signers = server.arrivals.map(
        ({ target, headers }) => `${target} ${/Access=(\w+)/.exec(headers.authorization ?? "")?.[1]}`,
      )
      expect(signers.sort()).toEqual([`/x ${customerCredentials.accessKeyId}`, `/y ${credentials.accessKeyId}`])
    })

    it.skipIf(adapter.namesNoAuth === true)("an explicit undefined is refused, and nothing is sent", async () => {
      const server = await serve()
      for (const [auth, hosts] of [
        [aksk(), undefined],
        [aksk(), ["*.example.com"]],
        [false, undefined],
      ] as const) {
        const options = hosts === undefined ? {} : { options: { hosts: [...hosts] } }
        const send = adapter.connect({ baseUrl: server.url, auth, ...options })
        expect(await failedCode(send({ path: "/x", auth: undefined }))).toBe("AUTH_INVALID_OPTION")
      }
      expect(server.arrivals).toEqual([])
    })

    it("its own auth is required if the client has none", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: false })
      expect(await failedCode(send({ path: "/x" }))).toBe("AUTH_INVALID_OPTION")
      expect(server.arrivals).toEqual([])
      await send({ path: "/x", auth: aksk(customerCredentials) })
      await send({ path: "/y", auth: false })
      expect(server.arrivals.map(({ headers }) => /Access=(\w+)/.exec(headers.authorization ?? "")?.[1])).toEqual([
        customerCredentials.accessKeyId,
        undefined,
      ])
    })

    it("false sends it without authentication", async () => {
      const server = await serve()
      const send = adapter.connect({ baseUrl: server.url, auth: aksk() })
      await send({ path: "/x", auth: false })
      expectNoSecretHeaders(server.arrivals[0])
    })
  })
}

async function failedCode(sent: Promise<unknown>): Promise<string | undefined> {
  const error: unknown = await sent.catch((caught: unknown) => caught)
  return authErrorOf(error)?.code
}
