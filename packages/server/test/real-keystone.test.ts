import { passwordToken } from "@countersign/auth-core"
import { hasKeystone, type LocalKeystone, localKeystone } from "@countersign/testkit"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { createVerifier, keystone, type RouteOptions, type Verdict } from "../src/index.ts"

describe.skipIf(!hasKeystone())(
  "a real Keystone",
  () => {
    let server: LocalKeystone
    let starting: Promise<LocalKeystone> | undefined
    let time = Date.now()
    beforeAll(async () => {
      starting = localKeystone()
      server = await starting
    }, 180_000)
    // It also stops one that came too late.
    afterAll(async () => (await starting)?.stop(), 180_000)

    const admin = (scope: { project: string } | { domain: string } = { project: "admin" }) =>
      passwordToken({ iamEndpoint: server.url, user: "admin", password: server.password, domain: "Default", scope })

    function judging(options: Partial<Parameters<typeof keystone>[0]> = {}) {
      const tokens = keystone({
        iamEndpoint: server.url,
        auth: admin(),
        // Its test server answers one request at a time.
        timeoutMs: 30_000,
        ...options,
      })
      const verifier = createVerifier({ tokens, now: () => time })
      return async (token: string, route: RouteOptions = {}): Promise<Verdict> =>
        verifier.with(route).verify({ method: "GET", url: "http://a.example.com/", headers: { "x-auth-token": token } })
    }

    it("tells user, project, account, roles and expiry of its tokens", async () => {
      const judge = judging()
      const { value, expiresAt } = await admin()()
      const verdict = await judge(value)
      expect(verdict).toMatchObject({
        ok: true,
        auth: {
          scheme: "token",
          user: { name: "admin", domain: { id: "default", name: "Default" } },
          domain: { id: "default", name: "Default" },
          project: { name: "admin" },
          methods: ["password"],
          assumedBy: undefined,
          expiresAt,
        },
      })
      const roles = verdict.ok && verdict.auth?.scheme === "token" ? verdict.auth.roles : []
      expect(roles.toSorted()).toEqual(["admin", "member", "reader"])
      expect(
        await judge(value, { tokenPolicy: { roles: ["admin"], project: "admin", domain: "Default" } }),
      ).toMatchObject({
        ok: true,
      })
      expect(await judge(value, { tokenPolicy: { roles: ["owner"] } })).toMatchObject({ code: "TOKEN_FORBIDDEN" })
      expect(await judge(value, { tokenPolicy: { project: "other", domain: "Default" } })).toMatchObject({
        status: 403,
      })
    })

    it("knows no invented token, nor one that is cut short", async () => {
      const judge = judging()
      const { value } = await admin()()
      for (const token of ["gAAAAABinvented", value.slice(0, -4), "x"]) {
        expect(await judge(token)).toMatchObject({ code: "TOKEN_INVALID", status: 401 })
      }
    })

    it("knows a token no more that was revoked", async () => {
      const judge = judging({ maxAgeMs: 1_000 })
      const { value } = await admin()()
      expect(await judge(value)).toMatchObject({ ok: true })
      const { value: own } = await admin()()
      const headers = { "x-auth-token": own, "x-subject-token": value }
      const revoked = await fetch(`${server.url}/v3/auth/tokens`, { method: "DELETE", headers })
      expect(revoked.status).toBe(204)
      expect(await judge(value)).toMatchObject({ ok: true })
      time += 1_000
      expect(await judge(value)).toMatchObject({ code: "TOKEN_INVALID" })
    })

    it("refuses the service's own wrong token: 503, not 401", async () => {
      const { value } = await admin()()
      expect(await judging({ auth: "gAAAAABwrong" })(value)).toMatchObject({
        code: "TOKEN_SOURCE_FAILED",
        status: 503,
        cause: { code: "AUTH_CREDENTIALS_REJECTED", status: 401 },
      })
    })

    it("that does not answer refuses with 503, or has its last answer used for a bounded time", async () => {
      // Long enough for an answer on a busy machine, since what is given up is still answered before the next.
      const strict = judging({ timeoutMs: 10_000 })
      const lenient = judging({ timeoutMs: 10_000, staleIfDownMs: 60_000 })
      const { value } = await admin()()
      const admitted = (by: typeof strict): Promise<void> =>
        vi.waitFor(async () => expect(await by(value)).toMatchObject({ ok: true }), 90_000)
      await admitted(strict)
      await admitted(lenient)
      server.pause()
      time += 300_000
      expect(await strict(value)).toMatchObject({ code: "TOKEN_SOURCE_FAILED", status: 503 })
      expect(await lenient(value)).toMatchObject({ ok: true })
      time += 60_000
      expect(await lenient(value)).toMatchObject({ code: "TOKEN_SOURCE_FAILED" })
      server.resume()
      // It first answers those who have gone.
      await admitted(lenient)
    })
  },
  240_000,
)
