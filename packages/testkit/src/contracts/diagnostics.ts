import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { once } from "node:events"
import { type AddressInfo, createServer } from "node:net"
import { akskAuth, type DiagnosticEvent, type RequestEvent, tokenAuth } from "@countersign/auth-core"
import fc from "fast-check"
import { describe, expect, it, vi } from "vitest"
import { aksk } from "./aksk.ts"
import type { ContractContext } from "./contract-context.ts"
import { countingTokens } from "./counting-tokens.ts"
import { temporaryCredentials } from "./sample-credentials.ts"

/** Everything that the channel carries while something runs. */
async function eventsDuring(work: () => Promise<unknown>): Promise<DiagnosticEvent[]> {
  const events: DiagnosticEvent[] = []
  const listener = (event: unknown): number => events.push(event as DiagnosticEvent)
  subscribe("countersign", listener)
  try {
    await work()
  } finally {
    unsubscribe("countersign", listener)
  }
  return events
}

/** The contract of diagnostics: each attempt is told, and no event holds a secret. */
export function diagnosticsContract({ adapter, serve }: ContractContext): void {
  describe("diagnostics", () => {
    it("tell of an attempt, its refusal, the replay and the answer, to the listener as on the channel", async () => {
      const refused = { status: 401, body: '{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication"}' }
      let answers = 0
      const server = await serve(() => (answers++ === 0 ? refused : {}))
      const told: RequestEvent[] = []
      const auth = tokenAuth(countingTokens().provider, { label: "token of operator @ my-company" })
      const options = { onEvent: (event: RequestEvent) => void told.push(event) }
      const send = adapter.connect({ baseUrl: server.url, auth, options: { ...options, hosts: [server.host] } })
      const events = await eventsDuring(async () => expect((await send({ path: "/v1/x?q=1" })).status).toBe(200))
      const of = {
        method: "GET",
        origin: server.url,
        path: "/v1/x",
        auth: "token",
        label: "token of operator @ my-company",
      }
      const duration = { durationMs: expect.any(Number) }
      const rejection = { errorCode: "APIGW.0301", errorMessage: "Incorrect IAM authentication" }
      const sequence = [
        { ...of, type: "attempt", reused: false },
        { ...of, ...duration, type: "response", status: 401, rejection },
        { ...of, type: "replay", because: "credential-renewed" },
        { ...of, type: "attempt", reused: false },
        { ...of, ...duration, type: "response", status: 200 },
      ]
      expect(told).toMatchObject(sequence)
      expect(events.filter((event) => "method" in event)).toEqual(told)
      expect(events.map(({ type }) => type).filter((type) => type === "acquired")).toHaveLength(2)
    })

    it.each([
      ["token", () => tokenAuth(countingTokens().provider)],
      ["access key", () => akskAuth(async () => ({ ...temporaryCredentials }))],
    ])("tell whether an earlier attempt had the same %s", async (_, auth) => {
      const server = await serve()
      const told: RequestEvent[] = []
      const onEvent = (event: RequestEvent): void => void told.push(event)
      const send = adapter.connect({ baseUrl: server.url, auth: auth(), options: { hosts: [server.host], onEvent } })
      for (const _ of [1, 2, 3]) await send({ path: "/x" })
      const attempts = told.filter((event) => event.type === "attempt")
      expect(attempts.map(({ reused }) => reused)).toEqual([false, true, true])
    })

    it("tell of an attempt without an answer", async () => {
      const closing = createServer((socket) => socket.destroy()).listen(0, "127.0.0.1")
      await once(closing, "listening")
      const baseUrl = `http://127.0.0.1:${(closing.address() as AddressInfo).port}`
      const told: RequestEvent[] = []
      const onEvent = (event: RequestEvent): void => void told.push(event)
      const send = adapter.connect({
        baseUrl,
        auth: tokenAuth(countingTokens().provider),
        options: { hosts: ["127.0.0.1"], onEvent },
      })
      try {
        await expect(send({ path: "/x?q=1" })).rejects.toThrow()
        // Some clients say so first, and end the connection then.
        await vi.waitFor(() => expect(told.at(-1)?.type).toBe("failure"))
      } finally {
        closing.close()
      }
      const of = { method: "GET", origin: baseUrl, path: "/x", auth: "token" }
      const ended = {
        durationMs: expect.any(Number),
        error: expect.any(String),
        code: expect.stringMatching(/^[A-Z_]+$/),
      }
      expect(told.map(({ type }) => type)).toEqual(told.map((_, index) => (index % 2 === 0 ? "attempt" : "failure")))
      expect(told.slice(0, 2)).toMatchObject([
        { ...of, type: "attempt" },
        { ...of, ...ended, type: "failure" },
      ])
    })

    it("tell of a request that goes out bare, and refuse it when the options say so", async () => {
      const server = await serve()
      const hosts = ["*.example.com"]
      const told: RequestEvent[] = []
      const onEvent = (event: RequestEvent): void => void told.push(event)
      const silent = adapter.connect({
        baseUrl: server.url,
        auth: aksk(),
        options: { hosts, unlisted: "silent", onEvent },
      })
      expect((await silent({ path: "/x?q=1" })).status).toBe(200)
      // A bare request is the client's; only where the engine sends it is its response told too.
      expect(told.filter(({ type }) => type !== "response")).toMatchObject([
        { type: "attempt", method: "GET", origin: server.url, path: "/x", bare: "host-not-listed" },
      ])
      const strict = adapter.connect({ baseUrl: server.url, auth: aksk(), options: { hosts, unlisted: "error" } })
      for (const _ of [1, 2]) {
        const failure: unknown = await strict({ path: "/x" }).catch((error: unknown) => error)
        expect([failure, Object(failure).cause].map((error) => Object(error).code)).toContain("AUTH_INVALID_REQUEST")
      }
      expect(server.arrivals).toHaveLength(1)
    })

    it("have nothing to tell of a request that no cloud admits, because there is no such cloud: it is refused", async () => {
      const server = await serve()
      const options = { hosts: ["*.example.com"], cloud: { domain: "OTC" } }
      const send = adapter.connect({ baseUrl: server.url, auth: aksk(), options })
      const failure: unknown = await send({ path: "/x" }).catch((error: unknown) => error)
      expect([failure, Object(failure).cause].map((error) => Object(error).code)).toContain("AUTH_INVALID_OPTION")
      expect(server.arrivals).toHaveLength(0)
    })

    it("have nothing to tell of a request by plain http to a host that may see credentials: it is refused", async () => {
      const baseUrl = "http://ecs.ap-southeast-1.myhuaweicloud.com"
      for (const auth of [aksk(), tokenAuth(countingTokens().provider)]) {
        const told: RequestEvent[] = []
        const send = adapter.connect({ baseUrl, auth, options: { onEvent: (event) => void told.push(event) } })
        const failure: unknown = await send({ path: "/x?q=1" }).catch((error: unknown) => error)
        expect([failure, Object(failure).cause].map((error) => Object(error).code)).toContain("AUTH_INSECURE_URL")
        expect(told).toEqual([])
      }
    })

    it("hold no secret, whatever the server quotes", async () => {
      const secret = fc.stringMatching(/^[A-Za-z0-9]{20,40}$/)
      await fc.assert(
        fc.asyncProperty(secret, secret, secret, fc.boolean(), async (key, token, own, isSigned) => {
          const said = (text: string): string =>
            JSON.stringify({
              error_code: text,
              error_msg: `verify failed: ${text}, canonicalRequest: ${text}`,
              request_id: text,
            })
          const server = await serve(({ headers, target }) => ({
            status: 403,
            body: said(
              [
                target,
                headers["x-auth-token"],
                headers["x-security-token"],
                headers.authorization,
                headers["x-own"],
              ].join(" "),
            ),
          }))
          const auth = isSigned
            ? akskAuth({ ...temporaryCredentials, secretAccessKey: key, securityToken: token })
            : tokenAuth({ value: token, issuedAt: 0, expiresAt: Date.now() + 3_600_000 })
          const send = adapter.connect({ baseUrl: server.url, auth, options: { hosts: [server.host] } })
          const events = await eventsDuring(() =>
            send({ path: `/x?own=${own}`, headers: { "x-own": own } }).catch(() => undefined),
          )
          const shown = JSON.stringify(events)
          expect(events.map(({ type }) => type)).toEqual(["attempt", "response"])
          for (const part of [key, token, own]) expect(shown).not.toContain(part)
          expect(shown).not.toMatch(/Signature=[0-9a-f]{8}/)
        }),
        { numRuns: 10 },
      )
    })
  })
}
