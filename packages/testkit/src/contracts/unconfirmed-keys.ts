import { type AddressInfo, createServer as createTcpServer, type Socket } from "node:net"
import { type Auth, akskAuth } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { fakeClock } from "../fake-clock.ts"
import { authErrorOf } from "./auth-error-of.ts"
import type { ContractContext } from "./contract-context.ts"
import { wrongSignatureAnswer } from "./rejection-answers.ts"
import { credentials } from "./sample-credentials.ts"

/** The contract of a key that no server has confirmed yet. */
export function unconfirmedKeysContract({ adapter, serve }: ContractContext): void {
  describe("a key that the server has not confirmed", () => {
    /** Its clock stands still and ends no wait, so a request whose turn never comes hangs. */
    const stillAuth = (): Auth => akskAuth(credentials, { clock: fakeClock(Date.now()) })

    it("is sent with one request first, and with the others after its answer", async () => {
      let first = 0
      const server = await serve(async (_arrival, index) => {
        if (index > 0) return {}
        await new Promise((resolve) => setTimeout(resolve, 50))
        first = server.arrivals.length
        return { status: 404, body: "{}" }
      })
      const send = adapter.connect({ baseUrl: server.url, auth: stillAuth() })
      const responses = await Promise.all(Array.from({ length: 5 }, () => send({ path: "/x" })))
      expect(responses.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 404])
      expect(first).toBe(1)
    })

    it("is sent twice if it is wrong, and other requests get an AuthError with the time to wait", async () => {
      const server = await serve(() => wrongSignatureAnswer)
      const send = adapter.connect({ baseUrl: server.url, auth: stillAuth() })
      const ask = (): Promise<unknown> => send({ path: "/x" }).catch((error: unknown) => error)
      const results = [...(await Promise.all(Array.from({ length: 10 }, ask))), await ask()]
      const errors = results.filter((result) => result instanceof Error)
      expect(errors).toHaveLength(9)
      for (const error of errors) {
        const own = authErrorOf(error)
        expect(own).toMatchObject({ code: "AUTH_CREDENTIALS_REJECTED", endpoint: server.url, retryAfterMs: 60_000 })
      }
      expect(server.arrivals).toHaveLength(2)
    })

    it("is sent with the next request when the first gets no answer or is aborted", async () => {
      const held: Socket[] = []
      let requests = 0
      const server = createTcpServer((socket) => {
        socket.on("error", () => undefined)
        socket.on("data", () => {
          requests += 1
          if (requests === 1) socket.destroy()
          else if (requests === 2) held.push(socket)
          else socket.end("HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}")
        })
      })
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
      const { port } = server.address() as AddressInfo
      const send = adapter.connect({ baseUrl: `http://127.0.0.1:${port}`, auth: stillAuth() })
      // A POST, which no client retries on its own.
      const request = { method: "POST", path: "/x", body: "x", as: "body" } as const
      const abort = new AbortController()
      const broken = send(request).catch(() => "broken")
      const aborted = send({ ...request, signal: abort.signal }).catch(() => "aborted")
      const last = [send(request), send(request)]
      expect(await broken).toBe("broken")
      while (held.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
      expect(requests).toBe(2)
      abort.abort()
      expect(await aborted).toBe("aborted")
      expect((await Promise.all(last)).map(({ status }) => status)).toEqual([200, 200])
      for (const socket of held) socket.destroy()
      server.close()
    })
  })
}
