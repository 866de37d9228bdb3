import { inspect } from "node:util"
import { fakeClock } from "@countersign/testkit"
import { describe, expect, it } from "vitest"
import "../../src/p256.ts"
import "../../src/sm2.ts"
import { type AkskAuthOptions, akskAuth } from "../../src/auth/aksk-auth.ts"
import type { Attempt, Authentication, Rejection } from "../../src/auth/auth.ts"
import { TokenCache } from "../../src/cache/token-cache.ts"
import { chain } from "../../src/credentials/chain.ts"
import type { Credentials } from "../../src/identity/credentials.ts"
import { type VerifyOptions, verify } from "../../src/signing/verify.ts"

const credentials: Credentials = { accessKeyId: "AKTEST0123456789ABCD", secretAccessKey: "sk-test-0123456789" }
const attempt: Attempt = {
  method: "POST",
  url: "https://ecs.cn-north-4.myhuaweicloud.com/v1/x?b=1&a=2",
  headers: {},
  body: '{"a":1}',
}
const rejected = (errorMessage: string): Rejection => ({
  status: 401,
  origin: "https://ecs.cn-north-4.myhuaweicloud.com",
  replayed: false,
  errorMessage,
})

const clock = fakeClock(Date.UTC(2026, 0, 1))

function signed(options: AkskAuthOptions = {}, request: Attempt = attempt, key = credentials): Authentication {
  return akskAuth(key, { clock, ...options }).authenticate(request) as Authentication
}

function verdict(
  authentication: Authentication,
  request: Attempt = attempt,
  key = credentials,
  allowed: Pick<VerifyOptions, "allowUnsignedPayload"> = {},
): Promise<unknown> {
  const { method, url, headers, body } = request
  return verify(
    { method, url, headers: { ...headers, ...authentication.headers }, body: body ?? null },
    { secretFor: async () => key, now: () => clock.now(), ...allowed },
  )
}

describe("a signature", () => {
  it("needs no promise when the credentials are in memory, and verifies", async () => {
    expect(await verdict(signed())).toMatchObject({ ok: true })
  })

  it.each(["SDK-HMAC-SHA256", "SDK-HMAC-SM3", "V11-HMAC-SHA256", "SDK-ECDSA-P256-SHA256", "SDK-SM2-SM3"] as const)(
    "verifies under %s",
    async (algorithm) => {
      const authentication = await signed({ algorithm, region: "cn-north-4", service: "iotdm" })
      expect(authentication.headers.authorization?.startsWith(`${algorithm} `)).toBe(true)
      expect(await verdict(authentication)).toMatchObject({ ok: true })
    },
  )

  it("covers the project, the domain and the security token", async () => {
    const key = { ...credentials, securityToken: "st-0123456789" }
    const authentication = signed({ projectId: "p1", domainId: "d1" }, attempt, key)
    expect(authentication.headers).toMatchObject({
      "x-project-id": "p1",
      "x-domain-id": "d1",
      "x-security-token": "st-0123456789",
    })
    expect(authentication.headers.authorization).toContain(
      "SignedHeaders=host;x-domain-id;x-project-id;x-sdk-date;x-security-token,",
    )
    expect(await verdict(authentication, attempt, key)).toMatchObject({ ok: true })
  })

  it("keeps the project that the request names", async () => {
    const request = { ...attempt, headers: { "x-project-id": "mine" } }
    const authentication = signed({ projectId: "p1" }, request)
    expect(authentication.headers).not.toHaveProperty("x-project-id", "p1")
    expect(await verdict(authentication, request)).toMatchObject({ ok: true })
  })

  it("covers more headers if the options name them", async () => {
    const request = { ...attempt, headers: { "content-type": "application/json" } }
    const authentication = signed({ signedHeaders: ["content-type", "x-absent"] }, request)
    expect(authentication.headers.authorization).toContain("SignedHeaders=content-type;host;x-sdk-date,")
    expect(await verdict(authentication, request)).toMatchObject({ ok: true })
  })

  it("ignores an old date on the request", () => {
    const request = { ...attempt, headers: { "x-sdk-date": "20191115T033655Z", authorization: "stale" } }
    expect(signed({}, request).headers).toMatchObject({
      "x-sdk-date": "20260101T000000Z",
      authorization: expect.stringContaining("SDK-HMAC-SHA256"),
    })
  })
})

describe("a body", () => {
  it("is read as bytes, up to 12 MB", () => {
    expect(akskAuth(credentials).bodyLimit({})).toBe(12 * 1024 * 1024)
  })

  it("stays unread with unsignedPayload", async () => {
    const auth = akskAuth(credentials, { unsignedPayload: true, clock })
    expect(auth.bodyLimit({})).toBeUndefined()
    const request = { ...attempt, body: undefined }
    const authentication = auth.authenticate(request) as Authentication
    expect(authentication.headers["x-sdk-content-sha256"]).toBe("UNSIGNED-PAYLOAD")
    const received = { ...attempt, body: "anything" }
    expect(await verdict(authentication, received, credentials, { allowUnsignedPayload: true })).toMatchObject({
      ok: true,
    })
  })

  it("stays unread when the request has its hash", () => {
    expect(akskAuth(credentials).bodyLimit({ "x-sdk-content-sha256": "UNSIGNED-PAYLOAD" })).toBeUndefined()
    expect(
      akskAuth(credentials, { algorithm: "SDK-HMAC-SM3" }).bodyLimit({ "x-sdk-content-sm3": "UNSIGNED-PAYLOAD" }),
    ).toBeUndefined()
  })
})

describe("bad credentials and options are refused at once", () => {
  it.each<[string, Partial<Credentials>]>([
    ["no AK", { accessKeyId: "" }],
    ["an AK with a space", { accessKeyId: "AK 1" }],
    ["no SK", { secretAccessKey: " " }],
  ])("%s", (_, change) => {
    expect(() => akskAuth({ ...credentials, ...change })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }),
    )
  })

  it.each([undefined, null, "AK"])("%j", (credentialsOrProvider) => {
    expect(() => akskAuth(credentialsOrProvider as never)).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }),
    )
  })

  it.each<AkskAuthOptions>([
    {},
    { region: "cn-north-4" },
    { service: "iotdm" },
    { region: "", service: "iotdm" },
    { region: "cn-north-4", service: "iot/dm" },
  ])("V11 with no more than %j", (options) => {
    expect(() => akskAuth(credentials, { algorithm: "V11-HMAC-SHA256", ...options })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION", message: expect.stringContaining("iotdm") }),
    )
    expect(() => akskAuth(async () => credentials, { algorithm: "V11-HMAC-SHA256", ...options })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  it.each(["SDK-HMAC-SHA1", "constructor", "", "SDK-RSA-SHA256"])("the unknown algorithm %j", (algorithm) => {
    expect(() => akskAuth(credentials, { algorithm: algorithm as never })).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  it("malformed credentials under every algorithm", () => {
    const algorithms = ["auto", "SDK-SM2-SM3", "SDK-HMAC-SM3"] as const
    for (const algorithm of algorithms) {
      expect(() => akskAuth({ ...credentials, accessKeyId: "AK 1" }, { algorithm })).toThrow(
        expect.objectContaining({ code: "AUTH_INVALID_CREDENTIALS" }),
      )
    }
  })

  it("temporary keys that have expired, before anything is sent", () => {
    const auth = akskAuth({ ...credentials, expiresAt: clock.now() }, { clock })
    expect(() => auth.authenticate(attempt)).toThrow(expect.objectContaining({ code: "AUTH_CREDENTIALS_EXPIRED" }))
  })
})

describe("a rejection", () => {
  it("for an expired signature corrects the clock and causes a replay", async () => {
    const auth = akskAuth(credentials, { clock })
    const first = await auth.authenticate(attempt)
    expect(
      await auth.judge(
        first,
        rejected("signature expired, signature time:20260101T000000Z,server time:20260101T002000Z"),
      ),
    ).toBe("clock-corrected")
    expect((await auth.authenticate(attempt)).headers["x-sdk-date"]).toBe("20260101T002000Z")
  })

  it.each([
    "verify aksk signature fail",
    "AK access failed to reach the limit,forbidden",
    "Get secretKey failed,ak:AK,err:ak not exist",
  ])("of fixed credentials is final: %s", async (message) => {
    const auth = akskAuth(credentials, { clock })
    expect(await auth.judge(await auth.authenticate(attempt), rejected(message))).toBe(false)
  })

  it("of an unknown key causes one renewal", async () => {
    let calls = 0
    const auth = akskAuth(async () => ({ ...credentials, accessKeyId: `AK${++calls}` }), { clock })
    const first = await auth.authenticate(attempt)
    const answers = await Promise.all(Array.from({ length: 20 }, () => auth.judge(first, rejected("ak AK1 not exist"))))
    expect(answers).not.toContain(false)
    expect(calls).toBe(2)
  })

  it("of a wrong signature does not ask the provider for another key", async () => {
    let calls = 0
    const auth = akskAuth(async () => ({ ...credentials, accessKeyId: `AK${++calls}` }), { clock })
    expect(
      await auth.judge(
        await auth.authenticate(attempt),
        rejected("verify aksk signature fail, canonicalRequest:GET|/ak not exist"),
      ),
    ).toBe(false)
    expect(calls).toBe(1)
  })
})

it("shows no secret when it is printed", async () => {
  const auth = akskAuth(credentials, { clock })
  await auth.authenticate(attempt)
  expect(inspect(auth, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain(
    credentials.secretAccessKey,
  )
  expect(JSON.stringify(auth)).not.toContain(credentials.secretAccessKey)
})

describe("project and domain ids", () => {
  const answers: Record<string, unknown> = {
    "/v3/projects?name=cn-north-4": { projects: [{ id: "project-1", name: "cn-north-4" }] },
    "/v3/projects?name=eu-west-101": { projects: [] },
    "/v3/auth/domains": { domains: [{ id: "domain-1", name: "d" }] },
  }

  function lookups(): { calls: string[]; iam: AkskAuthOptions["iam"] } {
    const calls: string[] = []
    const fetch: typeof globalThis.fetch = async (input) => {
      const { pathname, search } = new URL(String(input))
      calls.push(pathname + search)
      return Response.json(answers[pathname + search] ?? {})
    }
    return { calls, iam: { iamEndpoint: "https://iam.example.com", fetch } }
  }

  it("are looked up once, by the region in the host, and signed", async () => {
    const { calls, iam } = lookups()
    const auth = akskAuth(credentials, { clock, iam, projectId: "auto", domainId: "auto" })
    const [first, second] = await Promise.all([auth.authenticate(attempt), auth.authenticate(attempt)])
    expect(first?.headers).toMatchObject({ "x-project-id": "project-1", "x-domain-id": "domain-1" })
    expect(await verdict(second as Authentication)).toMatchObject({ ok: true })
    expect(calls.sort()).toEqual(["/v3/auth/domains", "/v3/projects?name=cn-north-4"])
    expect(auth.authenticate(attempt)).not.toBeInstanceOf(Promise)
  })

  it("need no look-up when they come with the credentials", async () => {
    const { calls, iam } = lookups()
    const key = { ...credentials, projectId: "own-project", domainId: "own-domain" }
    const auth = akskAuth(key, { clock, iam, projectId: "auto", domainId: "auto" })
    const { headers } = await auth.authenticate(attempt)
    expect(headers).toMatchObject({ "x-project-id": "own-project", "x-domain-id": "own-domain" })
    expect(calls).toEqual([])
  })

  describe("when the source changes to a key of another account", () => {
    const other: Credentials = { accessKeyId: "AKOTHER0123456789ABC", secretAccessKey: "sk-other-0123456789" }
    const owners: Record<string, string> = { [credentials.accessKeyId]: "first", [other.accessKeyId]: "second" }
    const iam = (calls: string[] = []): AkskAuthOptions["iam"] => ({
      iamEndpoint: "https://iam.example.com",
      fetch: async (input, init) => {
        const owner = owners[/Access=(\w+)/.exec(new Headers(init?.headers).get("authorization") ?? "")?.[1] ?? ""]
        calls.push(`${owner} ${new URL(String(input)).pathname}`)
        const members = [{ id: `${owner}-id` }]
        return Response.json({ projects: members, domains: members })
      },
    })
    const idsOf = ({ headers }: Authentication) => [headers["x-project-id"], headers["x-domain-id"]]

    it("are looked up again with the new key", async () => {
      let key = credentials
      const source = chain(async () => key)
      const cache = new TokenCache({ clock })
      const auth = akskAuth(source, { clock, cache, iam: iam(), projectId: "auto", domainId: "auto" })
      for (const next of [credentials, other, credentials]) {
        key = next
        await cache.refresh(source)
        const id = `${owners[next.accessKeyId]}-id`
        const both = await Promise.all([auth.authenticate(attempt), auth.authenticate(attempt)])
        expect(both.map(idsOf)).toEqual([
          [id, id],
          [id, id],
        ])
      }
    })

    it("are kept when the identity key shows that the account is the same", async () => {
      const calls: string[] = []
      let key = credentials
      const source = Object.assign(async () => key, { identityKey: "mine" })
      const cache = new TokenCache({ clock })
      const auth = akskAuth(source, { clock, cache, iam: iam(calls), projectId: "auto", domainId: "auto" })
      await auth.authenticate(attempt)
      key = other
      await cache.refresh(source)
      expect(idsOf(await auth.authenticate(attempt))).toEqual(["first-id", "first-id"])
      expect(calls).toHaveLength(2)
    })
  })

  it("are not sent when they come with the credentials but no option asks for them", () => {
    expect(signed({}, attempt, { ...credentials, projectId: "own-project" }).headers).not.toHaveProperty("x-project-id")
  })

  it("fail with an error that names the missing project or domain", async () => {
    const { iam } = lookups()
    const auth = akskAuth(credentials, { clock, iam, projectId: "auto", region: "eu-west-101" })
    await expect(auth.authenticate(attempt)).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
      message: expect.stringContaining("eu-west-101"),
    })
  })

  it("cannot be looked up if neither an option nor the host names a region", async () => {
    const auth = akskAuth(credentials, { clock, projectId: "auto" })
    const pending = auth.authenticate({ ...attempt, url: "https://bss-intl.myhuaweicloud.com/" })
    await expect(pending).rejects.toMatchObject({ code: "AUTH_INVALID_OPTION" })
  })
})

it("a provider's key that has expired by the local clock is still sent, so that the clock can be corrected", async () => {
  const auth = akskAuth(async () => ({ ...credentials, expiresAt: clock.now() - 1 }), { clock })
  expect((await auth.authenticate(attempt)).headers).toHaveProperty("authorization")
})
