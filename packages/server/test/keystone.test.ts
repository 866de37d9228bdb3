import { createServer } from "node:http"
import { inspect } from "node:util"
import { passwordToken } from "@countersign/auth-core"
import { type Emulator, startEmulator, type User } from "@countersign/emulator"
import { describe, expect, it, onTestFinished } from "vitest"
import {
  createVerifier,
  type KeystoneOptions,
  keystone,
  type RouteOptions,
  type Verdict,
  type VerifierEvent,
} from "../src/index.ts"

const MINUTE = 60_000

interface Setting {
  emulator: Emulator
  /** Milliseconds since the start, for emulator and verifier alike. */
  pass(ms: number): void
  /** A token of a user. */
  tokenOf(user: User, scope?: "project"): Promise<string>
  judge(token: string, route?: RouteOptions): Promise<Verdict>
  /** How often IAM was asked about a token. */
  questions(): number
  events: VerifierEvent[]
}

async function setting(options: Partial<KeystoneOptions> = {}): Promise<Setting> {
  const emulator = await startEmulator()
  onTestFinished(() => emulator.close())
  const { domain, user, projects } = emulator.accounts.partner
  const start = Date.now()
  let passed = 0
  const ask = (by: User, scope?: "project") =>
    passwordToken({
      iamEndpoint: emulator.url,
      user: by.name,
      password: by.password,
      domain: domain.name,
      scope: scope === undefined ? { domain: domain.name } : { project: projects[0]?.name ?? "" },
    })
  const events: VerifierEvent[] = []
  const verifier = createVerifier({
    tokens: keystone({ iamEndpoint: emulator.url, auth: ask(user), ...options }),
    now: () => start + passed,
    onEvent: (event) => events.push(event),
  })
  return {
    emulator,
    pass(ms) {
      passed += ms
      emulator.setClock(() => start + passed)
    },
    tokenOf: async (by, scope) => (await ask(by, scope)()).value,
    judge: async (token, route = {}) =>
      verifier.with(route).verify({ method: "GET", url: "http://a.example.com/", headers: { "x-auth-token": token } }),
    questions: () => emulator.stats.calls["GET /v3/auth/tokens"] ?? 0,
    events,
  }
}

describe("a token", () => {
  it("tells user, account, project, roles and expiry, without a catalog", async () => {
    const { emulator, tokenOf, judge } = await setting()
    const { domain, projects, user } = emulator.accounts.partner
    const verdict = await judge(await tokenOf(user, "project"))
    expect(verdict).toEqual({
      ok: true,
      auth: {
        scheme: "token",
        accessKeyId: undefined,
        owner: undefined,
        user: { id: user.id, name: user.name, domain },
        domain,
        project: projects[0],
        roles: ["te_agency"],
        assumedBy: undefined,
        methods: ["password"],
        issuedAt: expect.any(Number),
        expiresAt: expect.any(Number),
      },
    })
    expect(await judge(await tokenOf(user))).toMatchObject({ auth: { domain, project: undefined } })
  })

  it("through an agency tells both sides", async () => {
    const { emulator, judge, tokenOf } = await setting()
    const { user } = emulator.accounts.partner
    const response = await fetch(`${emulator.url}/v3/auth/tokens`, {
      method: "POST",
      headers: { "x-auth-token": await tokenOf(user) },
      body: JSON.stringify({
        auth: {
          identity: {
            methods: ["assume_role"],
            assume_role: { agency_name: "partner-agency", domain_name: "customer-1-account" },
          },
        },
      }),
    })
    expect(await judge(response.headers.get("x-subject-token") ?? "")).toMatchObject({
      auth: { user: { domain: { name: "customer-1-account" } }, assumedBy: { id: user.id, name: user.name } },
    })
  })

  it("is refused in the gateway's words when IAM does not know it, and IAM is asked again after a while", async () => {
    const { judge, pass, questions } = await setting()
    for (let time = 0; time < 3; time++) {
      expect(await judge("MIIinvented")).toMatchObject({
        ok: false,
        code: "TOKEN_INVALID",
        status: 401,
        headers: { "www-authenticate": expect.stringMatching(/^Keystone uri="http:\/\/127\.0\.0\.1:\d+"$/) },
        body: expect.stringContaining("Incorrect IAM authentication information: decrypt token fail"),
      })
    }
    expect(questions()).toBe(1)
    pass(10_000)
    await judge("MIIinvented")
    expect(questions()).toBe(2)
  })

  it("is not asked for if it cannot be one", async () => {
    const { judge, questions } = await setting()
    expect(await judge("two, tokens")).toMatchObject({ code: "TOKEN_INVALID" })
    expect(await judge("")).toMatchObject({ code: "TOKEN_INVALID" })
    expect(questions()).toBe(0)
  })

  it("is kept for five minutes, and a revoked one is refused then", async () => {
    const { emulator, tokenOf, judge, pass, questions } = await setting()
    const token = await tokenOf(emulator.accounts.partner.plainUser)
    expect(await judge(token)).toMatchObject({ ok: true })
    emulator.faults.revokeToken(token)
    pass(5 * MINUTE - 1)
    expect(await judge(token)).toMatchObject({ ok: true })
    expect(questions()).toBe(1)
    pass(1)
    expect(await judge(token)).toMatchObject({ code: "TOKEN_INVALID" })
    expect(questions()).toBe(2)
  })

  it("is not kept beyond its end", async () => {
    const { emulator, tokenOf, judge, pass } = await setting({ maxAgeMs: Number.POSITIVE_INFINITY })
    const token = await tokenOf(emulator.accounts.partner.plainUser)
    expect(await judge(token)).toMatchObject({ ok: true })
    pass(24 * 60 * MINUTE + MINUTE)
    expect(await judge(token)).toMatchObject({ status: 401, code: "TOKEN_INVALID" })
  })

  it("costs one question, however many requests wait for it", async () => {
    const { emulator, tokenOf, judge, questions } = await setting()
    const token = await tokenOf(emulator.accounts.partner.plainUser)
    const verdicts = await Promise.all(Array.from({ length: 10_000 }, () => judge(token)))
    expect(verdicts.every(({ ok }) => ok)).toBe(true)
    expect(questions()).toBe(1)
  })

  it("is told apart from every other one, and invented ones drive out no real one", async () => {
    const { emulator, tokenOf, judge, questions } = await setting({ maxEntries: 2 })
    const { plainUser, user } = emulator.accounts.partner
    const [first, second] = [await tokenOf(plainUser), await tokenOf(user)]
    expect(await judge(first)).toMatchObject({ auth: { user: { name: plainUser.name } } })
    expect(await judge(second)).toMatchObject({ auth: { user: { name: user.name } } })
    for (let index = 0; index < 5; index++) await judge(`MIIinvented${index}`)
    expect(questions()).toBe(7)
    expect(await judge(first)).toMatchObject({ auth: { user: { name: plainUser.name } } })
    expect(await judge(second)).toMatchObject({ auth: { user: { name: user.name } } })
    expect(questions()).toBe(7)
  })
})

describe("IAM that is down", () => {
  it("refuses with 503 and a reason, and never accepts", async () => {
    const { emulator, tokenOf, judge, events } = await setting()
    const { user, plainUser } = emulator.accounts.partner
    await judge(await tokenOf(user))
    events.length = 0
    const token = await tokenOf(plainUser)
    emulator.faults.status(500, { target: "iam" })
    const refusal = await judge(token)
    expect(refusal).toMatchObject({ code: "TOKEN_SOURCE_FAILED", status: 503, headers: { "retry-after": "1" } })
    expect(refusal).toHaveProperty("cause.code", "AUTH_TOKEN_REQUEST_FAILED")
    emulator.faults.reset()
    expect(await judge(token)).toMatchObject({ ok: true })
    emulator.faults.dropConnection({ target: "iam" })
    expect(await judge("MIIother")).toMatchObject({ code: "TOKEN_SOURCE_FAILED" })
    expect(events.map((event) => ("outcome" in event ? event.outcome : event.type))).toEqual([
      ...["failed", "refused", "valid", "accepted", "failed", "refused"],
    ])
  })

  it("is waited for as long as the option says", async () => {
    const { emulator, tokenOf, judge } = await setting({ timeoutMs: 500 })
    const { plainUser, user } = emulator.accounts.partner
    await judge(await tokenOf(user))
    const token = await tokenOf(plainUser)
    emulator.faults.delay(5_000, { target: "iam" })
    const startedAt = performance.now()
    expect(await judge(token)).toMatchObject({ code: "TOKEN_SOURCE_FAILED", status: 503 })
    expect(performance.now() - startedAt).toBeLessThan(3_000)
  })

  it("has its last answer used for a bounded time, if the option says so", async () => {
    const { emulator, tokenOf, judge, pass, questions, events } = await setting({ staleIfDownMs: 10 * MINUTE })
    const token = await tokenOf(emulator.accounts.partner.plainUser)
    expect(await judge(token)).toMatchObject({ ok: true })
    emulator.faults.status(503, { target: "iam" })
    pass(5 * MINUTE)
    const asked = questions()
    for (let time = 0; time < 3; time++) expect(await judge(token)).toMatchObject({ ok: true })
    expect(questions()).toBe(asked + 1)
    expect(events).toContainEqual({ type: "token-introspected", outcome: "stale", durationMs: expect.any(Number) })
    expect(await judge("MIIother")).toMatchObject({ code: "TOKEN_SOURCE_FAILED" })
    pass(10 * MINUTE)
    expect(await judge(token)).toMatchObject({ code: "TOKEN_SOURCE_FAILED" })
    emulator.faults.reset()
    emulator.faults.revokeToken(token)
    expect(await judge(token)).toMatchObject({ code: "TOKEN_INVALID" })
  })

  it("does not prolong a token", async () => {
    const { emulator, tokenOf, judge, pass } = await setting({ staleIfDownMs: Number.POSITIVE_INFINITY })
    const token = await tokenOf(emulator.accounts.partner.plainUser)
    expect(await judge(token)).toMatchObject({ ok: true })
    emulator.faults.status(503, { target: "iam" })
    pass(24 * 60 * MINUTE + MINUTE)
    expect(await judge(token)).toMatchObject({ ok: false })
  })

  it.each<[string, number, string]>([
    ["a page", 404, "<html>no such page</html>"],
    ["a token without an expiry", 200, `{"token":{"user":{"id":"1","name":"a","domain":{"id":"2","name":"b"}}}}`],
    ["a token without a user", 200, `{"token":{"expires_at":"2099-01-01T00:00:00.000000Z"}}`],
    ["no JSON", 200, "ok"],
    ["a redirect", 302, ""],
    ["a throttle", 429, `{"error":{"code":429,"message":"slow down"}}`],
    ["a refusal of the service", 403, `{"error":{"code":403,"message":"no"}}`],
  ])("answers with %s: 503", async (_, status, body) => {
    const server = createServer((_request, response) => {
      response.writeHead(status, { location: "http://127.0.0.1:1/" }).end(body)
    })
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve))
    onTestFinished(() => void server.close())
    const address = server.address()
    const port = typeof address === "object" ? address?.port : 0
    const tokens = keystone({ iamEndpoint: `http://127.0.0.1:${port}`, auth: "MIIown" })
    const verdict = await createVerifier({ tokens }).verify({
      method: "GET",
      url: "http://a.example.com/",
      headers: { "x-auth-token": "MIIsome" },
    })
    expect(verdict).toMatchObject({ ok: false, code: "TOKEN_SOURCE_FAILED", status: 503 })
  })
})

describe("the service's own token", () => {
  it("is fetched once, and renewed when IAM refuses it", async () => {
    const { emulator, tokenOf, judge } = await setting()
    const { plainUser } = emulator.accounts.partner
    const logins = (): number => emulator.stats.calls["POST /v3/auth/tokens"] ?? 0
    const [first, second] = [await tokenOf(plainUser), await tokenOf(plainUser)]
    const before = logins()
    await Promise.all([judge(first), judge("MIIa"), judge("MIIb")])
    expect(logins()).toBe(before + 1)
    emulator.faults.revokeToken()
    const third = await tokenOf(plainUser)
    expect(await judge(third)).toMatchObject({ ok: true })
    expect(logins()).toBe(before + 3)
    expect(await judge(second)).toMatchObject({ code: "TOKEN_INVALID" })
  })

  it("that IAM does not accept refuses with 503, not with 401", async () => {
    const { emulator, tokenOf, judge } = await setting({ auth: "MIIwrong" })
    const verdict = await judge(await tokenOf(emulator.accounts.partner.user))
    expect(verdict).toMatchObject({ code: "TOKEN_SOURCE_FAILED", status: 503 })
    expect(verdict).toHaveProperty("cause.code", "AUTH_CREDENTIALS_REJECTED")
  })
})

describe("a policy", () => {
  it("lets in callers with all roles, of a project and an account, by name or id", async () => {
    const { emulator, tokenOf, judge } = await setting()
    const { user, plainUser, projects, domain } = emulator.accounts.partner
    const [project = { id: "", name: "" }] = projects
    const token = await tokenOf(user, "project")
    const isLetIn = async (tokenPolicy: RouteOptions["tokenPolicy"], of = token): Promise<boolean> =>
      (await judge(of, { tokenPolicy })).ok
    expect(await isLetIn({ roles: ["te_agency"] })).toBe(true)
    expect(await isLetIn({ roles: ["te_agency", "te_admin"] })).toBe(false)
    expect(await isLetIn({ roles: ["te_agency"] }, await tokenOf(plainUser))).toBe(false)
    expect(await isLetIn({ project: { id: project.id } })).toBe(true)
    expect(await isLetIn({ project: project.name, domain: domain.name })).toBe(true)
    expect(await isLetIn({ project: project.name, domain: "customer-1-account" })).toBe(false)
    expect(await isLetIn({ project: { id: project.name } })).toBe(false)
    expect(await isLetIn({ project: { id: project.id } }, await tokenOf(user))).toBe(false)
    expect(await isLetIn({ domain: { id: domain.id } })).toBe(true)
    expect(await isLetIn(({ user }) => user.name === "partner-operator")).toBe(true)
    expect(await isLetIn(() => false)).toBe(false)
    expect(await judge(token, { tokenPolicy: { roles: ["te_admin"] } })).toMatchObject({
      code: "TOKEN_FORBIDDEN",
      status: 403,
      body: expect.stringContaining("APIGW.0302"),
    })
  })
})

describe("an owner", () => {
  it("is made from the caller once, and its failure refuses with 503", async () => {
    const { emulator, tokenOf } = await setting()
    const token = await tokenOf(emulator.accounts.partner.user)
    let questions = 0
    let isDown = true
    const tokens = keystone({
      iamEndpoint: emulator.url,
      auth: await tokenOf(emulator.accounts.partner.user),
      owner: async ({ user }) => {
        questions++
        if (isDown) throw new Error("down")
        return { tenant: user.domain.name }
      },
    })
    const verifier = createVerifier({ tokens })
    const request = { method: "GET", url: "http://a.example.com/", headers: { "x-auth-token": token } }
    expect(await verifier.verify(request)).toMatchObject({ code: "TOKEN_SOURCE_FAILED" })
    isDown = false
    for (let time = 0; time < 3; time++) {
      const verdict = await verifier.verify(request)
      expect(verdict.ok && verdict.auth?.owner.tenant).toBe("partner-account")
    }
    expect(questions).toBe(2)
  })
})

describe("no token shows", () => {
  it("in the source, verdicts, events and errors", async () => {
    const { emulator, tokenOf, judge, events } = await setting({ timeoutMs: 300 })
    const token = await tokenOf(emulator.accounts.partner.user)
    const tokens = keystone({ iamEndpoint: emulator.url, auth: token })
    const verdicts = [await judge(token), await judge("MIIother-very-secret")]
    emulator.faults.status(500, { target: "iam" })
    verdicts.push(await judge("MIIthird-very-secret"))
    emulator.faults.dropConnection({ target: "iam" })
    verdicts.push(await judge("MIIfourth-very-secret"))
    const text =
      inspect([tokens, verdicts, events], { depth: 20, showHidden: true }) + JSON.stringify([verdicts, events])
    expect(text).not.toContain("very-secret")
    expect(text).not.toContain(token)
  })
})

describe("bad options are refused at once", () => {
  it.each<[string, object]>([
    ["no auth", { auth: undefined }],
    ["a number as auth", { auth: 5 }],
    ["a negative age", { maxAgeMs: -1 }],
    ["a bound that is no number", { staleIfDownMs: "1" }],
    ["misspelt options", { maxAge: 1, stalIfDownMs: 1 }],
    ["no room", { maxEntries: 0 }],
    ["no time", { timeoutMs: 0 }],
    ["an endpoint with a path", { iamEndpoint: "https://iam.example.com/v3" }],
    ["plain http to another machine", { iamEndpoint: "http://iam.example.com" }],
    ["an owner that is no function", { owner: "me" }],
    ["a fetch that is no function", { fetch: "fetch" }],
  ])("%s", (_, bad) => {
    const options = { iamEndpoint: "https://iam.example.com", auth: "MIIown", ...bad } as KeystoneOptions
    expect(() => keystone(options)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^AUTH_IN(VALID_OPTION|SECURE_URL)$/) }),
    )
  })

  it.each<[string, RouteOptions]>([
    ["a project's name without its account", { tokenPolicy: { project: "p" } }],
    ["an empty role", { tokenPolicy: { roles: [""] } }],
    ["a policy that is a text", { tokenPolicy: "all" as never }],
    ["a scheme without its option", { schemes: ["signature"] }],
    ["no scheme", { schemes: [] }],
  ])("of a route: %s", (_, route) => {
    const tokens = keystone({ iamEndpoint: "https://iam.example.com", auth: "MIIown" })
    expect(() => createVerifier({ tokens, ...route })).toThrow(expect.objectContaining({ code: "AUTH_INVALID_OPTION" }))
  })
})
