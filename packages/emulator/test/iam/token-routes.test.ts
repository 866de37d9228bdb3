import { agencyToken, passwordToken } from "@countersign/auth-core"
import { describe, expect, it } from "vitest"
import { type Answer, ask, HOUR, login, MINUTE, partnerToken, runningEmulator } from "../running-emulator.ts"

const tokenOf = (answer: Answer): string => String(answer.headers.get("x-subject-token"))

describe("a token by password", () => {
  it("lives for 24 hours of the server's clock, is opaque and kilobytes long, and names its owner", async () => {
    const emulator = await runningEmulator()
    emulator.setClock(() => Date.UTC(2026, 0, 1))
    const { partner } = emulator.accounts
    const answer = await login(emulator)
    expect(answer.status).toBe(201)
    expect(tokenOf(answer)).toMatch(/^MII[\w-]{1000,}$/)
    expect(answer.body).toEqual({
      token: {
        methods: ["password"],
        issued_at: "2026-01-01T00:00:00.000000Z",
        expires_at: "2026-01-02T00:00:00.000000Z",
        user: { id: partner.user.id, name: "partner-operator", domain: partner.domain, password_expires_at: "" },
        roles: [{ id: "0", name: "te_agency" }],
        catalog: [],
        domain: partner.domain,
      },
    })
  })

  it("comes with the catalog by default", async () => {
    const { url, accounts } = await runningEmulator()
    const { name, password } = accounts.partner.user
    const user = { name, password, domain: { name: accounts.partner.domain.name } }
    const body = { auth: { identity: { methods: ["password"], password: { user } } } }
    const answer = await ask(`${url}/v3/auth/tokens`, { method: "POST", body })
    expect(answer.body.token).toMatchObject({
      catalog: [{ type: "identity", endpoints: [{ url: `${url}/v3` }, {}, {}] }],
    })
  })

  it.each([
    ["a project by name", ({ name }: { name: string }) => ({ project: { name } })],
    ["a project by id", ({ id }: { id: string }) => ({ project: { id } })],
    ["project and domain: the project wins", ({ id }: { id: string }) => ({ project: { id }, domain: { name: "x" } })],
  ])("is scoped to %s", async (_, scope) => {
    const emulator = await runningEmulator()
    const { projects, domain, user } = emulator.accounts.partner
    const [project = { id: "", name: "" }] = projects
    const answer = await login(emulator, user, scope(project))
    expect(answer.body.token).toMatchObject({ project: { ...project, domain } })
    expect(answer.body.token).not.toHaveProperty("domain")
  })

  it.each([
    ["an unknown project", { project: { name: "mars-1" } }, 404, "Could not find project: mars-1."],
    ["another account", { domain: { name: "customer-1-account" } }, 401, "The token cannot be scoped to that domain."],
  ])("is refused for %s", async (_, scope, status, message) => {
    const emulator = await runningEmulator()
    const answer = await login(emulator, emulator.accounts.partner.user, scope)
    expect(answer).toMatchObject({ status, body: { error: { code: status, message } } })
  })

  it("is refused with a wrong password, and from the fifth in a row the user is locked for 15 minutes", async () => {
    const emulator = await runningEmulator()
    const { user } = emulator.accounts.partner
    const wrong = { ...user, password: "wrong" }
    for (let time = 0; time < 5; time++)
      expect(await login(emulator, wrong)).toMatchObject({
        status: 401,
        body: { error_code: "IAM.0062", error_msg: "Incorrect password." },
      })
    const locked = { status: 401, body: { error_code: "IAM.0061", error_msg: "Account locked." } }
    expect(await login(emulator, wrong)).toMatchObject(locked)
    expect(await login(emulator)).toMatchObject(locked)
    expect((await login(emulator, emulator.accounts.partner.plainUser)).status).toBe(201)
    emulator.setClock(15 * MINUTE)
    expect((await login(emulator)).status).toBe(201)
  })

  it("locks at the administrator's limit, and a right password resets the count", async () => {
    const emulator = await runningEmulator({ wrongPasswords: 2 })
    const wrong = { ...emulator.accounts.partner.user, password: "wrong" }
    await login(emulator, wrong)
    expect((await login(emulator)).status).toBe(201)
    await login(emulator, wrong)
    expect((await login(emulator)).status).toBe(201)
    await login(emulator, wrong)
    await login(emulator, wrong)
    expect((await login(emulator)).body.error_code).toBe("IAM.0061")
  })

  it("is refused to an unknown user like a wrong password, and locks the name too", async () => {
    const emulator = await runningEmulator()
    const nobody = { name: "nobody", password: "x" }
    for (let time = 0; time < 5; time++) expect((await login(emulator, nobody)).body.error_code).toBe("IAM.0062")
    expect((await login(emulator, nobody)).body.error_code).toBe("IAM.0061")
  })

  it.each([
    ["disabledUser", "IAM.0082"],
    ["consoleOnlyUser", "IAM.0081"],
  ] as const)("is refused to the %s", async (which, code) => {
    const emulator = await runningEmulator()
    expect(await login(emulator, emulator.accounts.partner[which])).toMatchObject({
      status: 403,
      body: { error_code: code },
    })
  })

  it.each([
    ["no JSON", "{", "Malformed json in request body"],
    ["no methods", {}, "identity.methods is missing or invalid."],
    ["an unknown method", { auth: { identity: { methods: ["sms"] } } }, "identity.methods is missing or invalid: sms."],
    ["no user", { auth: { identity: { methods: ["password"] } } }, "user.name is missing."],
    [
      "no domain",
      { auth: { identity: { methods: ["password"], password: { user: { name: "x", password: "y" } } } } },
      "user.domain is missing.",
    ],
  ])("needs a body: %s is refused with 400", async (_, body, message) => {
    const { url } = await runningEmulator()
    const answer = await ask(`${url}/v3/auth/tokens`, { method: "POST", body })
    expect(answer.status).toBe(400)
    expect(JSON.stringify(answer.body)).toContain(message)
  })

  it("works with ids alone", async () => {
    const { url, accounts } = await runningEmulator()
    const { user, domain } = accounts.partner
    const { value } = await passwordToken({
      iamEndpoint: url,
      user: { id: user.id },
      password: user.password,
      scope: { domain: { id: domain.id } },
    })()
    expect(value).toMatch(/^MII/)
  })
})

describe("a token by password and virtual MFA", () => {
  const optionsFor = ({ url, accounts }: Awaited<ReturnType<typeof runningEmulator>>, passcode?: () => string) => ({
    iamEndpoint: url,
    user: { id: accounts.partner.mfaUser.id },
    password: accounts.partner.mfaUser.password,
    domain: accounts.partner.domain.name,
    scope: { domain: accounts.partner.domain.name },
    passcode,
  })

  it("needs the current code of the device", async () => {
    const emulator = await runningEmulator()
    const device = emulator.accounts.partner.mfaUser.mfa
    const code = (): string => String(device?.passcode)
    const token = passwordToken(optionsFor(emulator, code))
    expect((await token()).value).toMatch(/^MII/)
    const old = code()
    emulator.setClock(2 * MINUTE)
    await expect(passwordToken(optionsFor(emulator, () => old))()).rejects.toMatchObject({ status: 401 })
    expect((await token()).value).toMatch(/^MII/)
  })

  it("is refused without a code", async () => {
    const emulator = await runningEmulator()
    await expect(passwordToken(optionsFor(emulator))()).rejects.toMatchObject({
      code: "AUTH_CREDENTIALS_REJECTED",
      status: 401,
    })
  })
})

describe("a token through an agency", () => {
  async function assume(claim: object, by?: "plainUser"): Promise<Answer> {
    const emulator = await runningEmulator()
    const { partner } = emulator.accounts
    const via = tokenOf(await login(emulator, by === undefined ? partner.user : partner[by]))
    const body = { auth: { identity: { methods: ["assume_role"], assume_role: claim } } }
    return ask(`${emulator.url}/v3/auth/tokens`, { method: "POST", headers: { "x-auth-token": via }, body })
  }
  const claim = { agency_name: "partner-agency", domain_name: "customer-1-account" }

  it("acts for the delegating account, in the name of the caller", async () => {
    const answer = await assume(claim)
    expect(answer.status).toBe(201)
    expect(answer.body.token).toMatchObject({
      methods: ["assume_role"],
      user: { name: "customer-1-account/partner-agency", domain: { name: "customer-1-account" } },
      assumed_by: { user: { name: "partner-operator", domain: { name: "partner-account" } } },
    })
  })

  it.each([
    ["an unknown agency", { ...claim, agency_name: "other" }, 404, "Could not find agency: other."],
    ["an unknown account", { ...claim, domain_name: "other" }, 404, "Could not find domain: other."],
    ["no agency", { domain_name: "customer-1-account" }, 400, "agency_name is missing"],
    ["no account", { agency_name: "partner-agency" }, 400, "domain_id or domain_name is missing"],
  ])("is refused for %s", async (_, wrong, status, message) => {
    const answer = await assume(wrong)
    expect(answer.status).toBe(status)
    expect(JSON.stringify(answer.body)).toContain(message)
  })

  it("is refused to a user without the Agent Operator permission", async () => {
    expect(await assume(claim, "plainUser")).toMatchObject({ status: 403, body: { error_code: "IAM.0003" } })
  })

  it("is refused to an account that the agency does not trust", async () => {
    const untrusted = { ...claim, agency_name: "auditor-agency" }
    expect(await assume(untrusted)).toMatchObject({ status: 403, body: { error_code: "IAM.0002" } })
  })

  it("cannot act for another customer", async () => {
    const { url, accounts } = await runningEmulator()
    const { customers, partner } = accounts
    const domain = partner.domain.name
    const { name, password } = partner.user
    const via = passwordToken({ iamEndpoint: url, user: name, password, domain, scope: { domain } })
    const [one, other] = customers
    const viaCustomer = agencyToken({ via, agency: one.agency.name, domain: one.domain.name })
    await expect(
      agencyToken({ via: viaCustomer, agency: other.agency.name, domain: other.domain.name })(),
    ).rejects.toMatchObject({ status: 403 })
  })
})

describe("a token from another token", () => {
  it("has another scope, and ends when the first does", async () => {
    const emulator = await runningEmulator()
    const first = await login(emulator)
    emulator.setClock(HOUR)
    const [project] = emulator.accounts.partner.projects
    const rescoped = await ask(`${emulator.url}/v3/auth/tokens`, {
      method: "POST",
      body: {
        auth: {
          identity: { methods: ["token"], token: { id: tokenOf(first) } },
          scope: { project: { id: project?.id } },
        },
      },
    })
    expect(rescoped.body.token).toMatchObject({
      methods: ["token"],
      project: { id: project?.id },
      expires_at: Reflect.get(Object(first.body.token), "expires_at"),
    })
  })
})

describe("GET and DELETE /v3/auth/tokens", () => {
  it("describe a token, and end it", async () => {
    const emulator = await runningEmulator()
    const own = await partnerToken(emulator)
    const subject = await partnerToken(emulator)
    const at = `${emulator.url}/v3/auth/tokens`
    const headers = { "x-auth-token": own, "x-subject-token": subject }
    expect(await ask(at, { headers })).toMatchObject({
      status: 200,
      body: { token: { user: { name: "partner-operator" } } },
    })
    expect((await ask(at, { method: "DELETE", headers })).status).toBe(204)
    expect(await ask(at, { headers })).toMatchObject({ status: 400, body: { error_code: "IAM.0009" } })
  })

  it("describe the tokens of others as they were issued, with the catalog if it is wanted", async () => {
    const emulator = await runningEmulator()
    const { plainUser, projects } = emulator.accounts.partner
    const issued = await login(emulator, plainUser, { project: { name: projects[0]?.name } })
    const headers = { "x-auth-token": await partnerToken(emulator), "x-subject-token": tokenOf(issued) }
    const at = `${emulator.url}/v3/auth/tokens`
    const described = await ask(`${at}?nocatalog=true`, { headers })
    expect(described).toMatchObject({ status: 200, body: issued.body })
    expect(tokenOf(described)).toBe(tokenOf(issued))
    expect(await ask(at, { headers })).toMatchObject({ body: { token: { catalog: [{ type: "identity" }] } } })
  })

  it("know no token that has expired, whose user is disabled, or that is not sent, and need one themselves", async () => {
    const emulator = await runningEmulator()
    const { plainUser, user } = emulator.accounts.partner
    const subject = tokenOf(await login(emulator, plainUser))
    const at = `${emulator.url}/v3/auth/tokens`
    const unknown = { status: 400, body: { error_code: "IAM.0009" } }
    const own = { "x-auth-token": await partnerToken(emulator) }
    expect(await ask(at, { headers: own })).toMatchObject(unknown)
    expect(await ask(at, { headers: { "x-subject-token": subject } })).toMatchObject({ status: 401 })
    expect(await ask(at, { headers: { ...own, "x-subject-token": subject } })).toMatchObject({ status: 200 })
    emulator.faults.disableUser(plainUser)
    expect(await ask(at, { headers: { ...own, "x-subject-token": subject } })).toMatchObject(unknown)
    emulator.setClock(24 * HOUR)
    const later = { "x-auth-token": tokenOf(await login(emulator, user)), "x-subject-token": own["x-auth-token"] }
    expect(await ask(at, { headers: later })).toMatchObject(unknown)
  })
})

describe("a token as proof to IAM", () => {
  const domains = (url: string, token?: string): Promise<Answer> =>
    ask(`${url}/v3/auth/domains`, { headers: token === undefined ? {} : { "x-auth-token": token } })

  it("is refused when it is unknown, expired or revoked", async () => {
    const emulator = await runningEmulator()
    const token = await partnerToken(emulator)
    expect((await domains(emulator.url, token)).status).toBe(200)
    expect((await domains(emulator.url, "MIInonsense")).body.error_code).toBe("IAM.0067")
    emulator.setClock(24 * HOUR)
    expect((await domains(emulator.url, token)).body.error_code).toBe("IAM.0066")
    emulator.setClock()
    emulator.faults.revokeToken()
    expect((await domains(emulator.url, token)).body.error_code).toBe("IAM.0067")
  })

  it("may be a signature instead, which the gateway checks", async () => {
    const { url } = await runningEmulator()
    expect(await domains(url)).toMatchObject({ status: 401, body: { error_code: "APIGW.0301" } })
  })
})

describe("lookups", () => {
  it("give the projects of the caller's account, all or by name", async () => {
    const emulator = await runningEmulator()
    const { domain, projects } = emulator.accounts.partner
    const headers = { "x-auth-token": await partnerToken(emulator) }
    for (const path of ["/v3/projects", "/v3/auth/projects"])
      expect((await ask(emulator.url + path, { headers })).body.projects).toEqual(
        projects.map((project) => expect.objectContaining({ ...project, domain_id: domain.id })),
      )
    expect((await ask(`${emulator.url}/v3/projects?name=cn-north-4`, { headers })).body.projects).toHaveLength(1)
    expect((await ask(`${emulator.url}/v3/projects?name=none`, { headers })).body.projects).toEqual([])
  })

  it("give the regions, without authentication", async () => {
    const { url } = await runningEmulator()
    expect((await ask(`${url}/v3/regions`)).body.regions).toMatchObject([
      { id: "cn-north-4", type: "public" },
      { id: "ap-southeast-1" },
    ])
  })
})
