import { describe, expect, it, vi } from "vitest"
import { type PasswordTokenOptions, passwordToken } from "../../src/tokens/password-token.ts"
import {
  EXPIRES_AT,
  ISSUED_AT,
  iamError,
  jsonBody,
  keystoneError,
  localIam,
  rejectionOf,
  thrownBy,
  tokenAnswer,
} from "../iam/local-iam.ts"

const password = 'correct "horse" bättery\\staple'
const partner = { user: "alice", password, domain: "partner", scope: { domain: "partner" } }

describe("the request", () => {
  it("names user and domain, asks for no catalog, and has a JSON body", async () => {
    const iam = await localIam(tokenAnswer())
    await passwordToken({ ...partner, iamEndpoint: iam.url })()
    const [arrival] = iam.arrivals
    expect(arrival).toMatchObject({
      method: "POST",
      target: "/v3/auth/tokens?nocatalog=true",
      headers: { "content-type": "application/json;charset=utf8" },
    })
    expect(arrival?.headers).not.toHaveProperty("x-auth-token")
    expect(jsonBody(arrival)).toEqual({
      auth: {
        identity: {
          methods: ["password"],
          password: { user: { name: "alice", password, domain: { name: "partner" } } },
        },
        scope: { domain: { name: "partner" } },
      },
    })
  })

  it.each<[string, Partial<PasswordTokenOptions>, object, object]>([
    [
      "user and domain by id",
      { user: { id: "u1" }, domain: { id: "d1" }, scope: { domain: { id: "d1" } } },
      { id: "u1", password },
      { domain: { id: "d1" } },
    ],
    [
      "user by id without a domain",
      { user: { id: "u1" }, domain: undefined, scope: { project: { id: "p1" } } },
      { id: "u1", password },
      { project: { id: "p1" } },
    ],
    [
      "user by name in a domain by id",
      { domain: { id: "d1" }, scope: { domain: "other" } },
      { name: "alice", password, domain: { id: "d1" } },
      { domain: { name: "other" } },
    ],
    [
      "project by id",
      { scope: { project: { id: "p1" } } },
      { name: "alice", password, domain: { name: "partner" } },
      { project: { id: "p1" } },
    ],
    [
      "project by name with the user's domain",
      { scope: { project: "ap-southeast-1" } },
      { name: "alice", password, domain: { name: "partner" } },
      { project: { name: "ap-southeast-1", domain: { name: "partner" } } },
    ],
    [
      "project by name with a domain of its own",
      { user: { id: "u1" }, domain: undefined, scope: { project: "ap-southeast-1", domain: { id: "d2" } } },
      { id: "u1", password },
      { project: { name: "ap-southeast-1", domain: { id: "d2" } } },
    ],
  ])("%s", async (_name, options, user, scope) => {
    const iam = await localIam(tokenAnswer())
    await passwordToken({ ...partner, ...options, iamEndpoint: iam.url })()
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: { identity: { methods: ["password"], password: { user } }, scope },
    })
  })

  it("sends the user's id with a new virtual MFA code at each refresh", async () => {
    const iam = await localIam(tokenAnswer())
    const codes = ["123456", "654321"]
    const asked: string[] = []
    const provider = passwordToken({
      ...partner,
      user: { id: "u1" },
      password: async () => {
        asked.push("password")
        return password
      },
      passcode: () => {
        asked.push("passcode")
        return codes.shift() ?? ""
      },
      iamEndpoint: iam.url,
    })
    await provider()
    await provider()
    expect(jsonBody(iam.arrivals[0])).toEqual({
      auth: {
        identity: {
          methods: ["password", "totp"],
          password: { user: { id: "u1", password } },
          totp: { user: { id: "u1", passcode: "123456" } },
        },
        scope: { domain: { name: "partner" } },
      },
    })
    expect(jsonBody(iam.arrivals[1])).toHaveProperty("auth.identity.totp.user.passcode", "654321")
    // The code is short-lived, so it is fetched last.
    expect(asked).toEqual(["password", "passcode", "password", "passcode"])
  })

  it("uses the given fetch", async () => {
    const iam = await localIam(tokenAnswer())
    const fetch = vi.fn(globalThis.fetch)
    await passwordToken({ ...partner, iamEndpoint: iam.url, fetch })()
    expect(fetch).toHaveBeenCalledOnce()
  })
})

describe("the token", () => {
  it("has the text of X-Subject-Token, the times and the scope of the body", async () => {
    const iam = await localIam(tokenAnswer("MIIabc"))
    expect(await passwordToken({ ...partner, iamEndpoint: iam.url })()).toEqual({
      value: "MIIabc",
      issuedAt: ISSUED_AT,
      expiresAt: EXPIRES_AT,
      domainId: "domain-id",
    })
  })

  it("has the project, and the domain that owns it", async () => {
    const project = { domain: undefined, project: { id: "p1", name: "x", domain: { id: "d1", name: "partner" } } }
    const iam = await localIam(tokenAnswer("MIIabc", project))
    const token = await passwordToken({ ...partner, iamEndpoint: iam.url })()
    expect(token).toMatchObject({ projectId: "p1", domainId: "d1" })
  })

  it("is fetched at each call, since only the cache keeps it", async () => {
    const iam = await localIam(tokenAnswer("first"), tokenAnswer("second"))
    const provider = passwordToken({ ...partner, iamEndpoint: iam.url })
    expect((await provider()).value).toBe("first")
    expect((await provider()).value).toBe("second")
  })
})

describe("a refusal", () => {
  it.each([
    [
      "a wrong password",
      iamError(401, "IAM.0062", "Incorrect password"),
      "AUTH_CREDENTIALS_REJECTED",
      /password is wrong/,
    ],
    ["a locked account", iamError(401, "IAM.0061", "Account locked"), "AUTH_CREDENTIALS_REJECTED", /locked/],
    [
      "Keystone's 401",
      keystoneError(401, "The username or password is wrong.", "Unauthorized"),
      "AUTH_CREDENTIALS_REJECTED",
      /Huawei ID.*MFA/,
    ],
    [
      "an unknown project",
      iamError(404, "IAM.0004", "Could not find project: x"),
      "AUTH_CREDENTIALS_REJECTED",
      /project or domain/,
    ],
    ["a bad parameter", iamError(400, "IAM.0011", "Invalid scope"), "AUTH_INVALID_OPTION", /Invalid scope/],
  ])("%s says what happened, where and what to do", async (_name, answer, code, text) => {
    const iam = await localIam(answer)
    const error = await rejectionOf(passwordToken({ ...partner, iamEndpoint: iam.url })(), password)
    expect(error).toMatchObject({ code, status: answer.status, endpoint: iam.url })
    expect(error.message).toMatch(text)
    expect(error.message).toContain(iam.url)
    expect(error.message).toContain("alice")
  })

  it("shows neither password nor passcode when the server echoes the whole request", async () => {
    const passcode = "987654"
    const iam = await localIam((arrival) => ({ status: 401, body: String(arrival.body) }))
    const echo = await localIam((arrival) => iamError(401, "IAM.0001", `refused: ${arrival.body} ${password}`))
    for (const { url } of [iam, echo]) {
      const provider = passwordToken({ ...partner, user: { id: "u1" }, passcode, iamEndpoint: url })
      const error = await rejectionOf(provider(), password, JSON.stringify(password).slice(1, -1), passcode)
      expect(error.status).toBe(401)
    }
  })
})

describe("bad options are refused at construction, by name and never by value", () => {
  it.each<[string, object]>([
    ["user", { user: "" }],
    ["user", { user: "half a \ud800" }],
    ["user", { user: undefined }],
    ["user", { user: { id: "" } }],
    ["user", { user: { name: "alice" } }],
    ["domain", { domain: undefined }],
    ["domain", { domain: 7 }],
    ["password", { password: undefined }],
    ["password", { password: "" }],
    ["password", { password: { secret: password } }],
    ["scope", { scope: undefined }],
    ["scope", { scope: {} }],
    ["scope.project", { scope: { project: "" } }],
    ["scope.domain", { scope: { domain: 1 } }],
    ["scope.domain", { user: { id: "u1" }, domain: undefined, scope: { project: "by-name" } }],
    ["user", { passcode: "123456" }],
    ["passcode", { user: { id: "u1" }, passcode: "" }],
    ["iamEndpoint", { iamEndpoint: "iam.myhuaweicloud.com" }],
    ["region", { region: "x/../y" }],
    ["timeoutMs", { timeoutMs: 0 }],
    ["fetch", { fetch: "fetch" }],
  ])("%s: %o", (option, wrong) => {
    const options = { ...partner, ...wrong } as PasswordTokenOptions
    const error = thrownBy(() => passwordToken(options), password)
    expect(error.code).toBe("AUTH_INVALID_OPTION")
    expect(error.message).toContain(`\`${option}\``)
  })

  it("plain http to another machine, unless allowed", () => {
    const iamEndpoint = "http://iam.example.com"
    expect(thrownBy(() => passwordToken({ ...partner, iamEndpoint }))).toMatchObject({ code: "AUTH_INSECURE_URL" })
    expect(passwordToken({ ...partner, iamEndpoint, allowInsecure: true })).toBeTypeOf("function")
  })
})

describe("a password function", () => {
  it("throws an error that names the option when it fails or gives nothing", async () => {
    const cause = new Error("vault sealed")
    const wrong: Array<() => string> = [
      () => {
        throw cause
      },
      () => "",
      () => undefined as unknown as string,
    ]
    for (const read of wrong) {
      const error = await rejectionOf(
        passwordToken({ ...partner, password: read, iamEndpoint: "http://127.0.0.1:1" })(),
      )
      expect(error.code).toBe("AUTH_CREDENTIALS_MISSING")
      expect(error.message).toContain("`password`")
    }
  })

  it("ends with the caller's signal", async () => {
    const caller = new AbortController()
    const provider = passwordToken({ ...partner, password: () => new Promise<string>(() => undefined) })
    const asked = provider({ signal: caller.signal })
    caller.abort(new Error("enough"))
    await expect(asked).rejects.toThrow("enough")
  })
})

describe("the identity key", () => {
  const key = (options: Partial<PasswordTokenOptions> = {}): string | undefined =>
    passwordToken({ ...partner, ...options }).identityKey

  it("is the same for the same identity, whatever the secret", () => {
    expect(key()).toBe(key({ password: () => "another" }))
    expect(key()).not.toContain("horse")
  })

  it("depends on endpoint, user, domain and scope, and on name or id", () => {
    const keys = [
      key(),
      key({ region: "ap-southeast-1" }),
      key({ user: "bob" }),
      key({ user: { id: "alice" } }),
      key({ domain: "other" }),
      key({ domain: { id: "partner" } }),
      key({ scope: { domain: { id: "partner" } } }),
      key({ scope: { project: "partner" } }),
      key({ scope: { project: { id: "partner" } } }),
    ]
    expect(new Set(keys).size).toBe(keys.length)
  })
})
