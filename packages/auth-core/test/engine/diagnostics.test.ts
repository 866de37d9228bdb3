import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { numbering } from "@countersign/testkit"
import { afterEach, describe, expect, it, vi } from "vitest"
import { akskAuth } from "../../src/auth/aksk-auth.ts"
import type { AuthEvent } from "../../src/auth/auth.ts"
import { tokenAuth } from "../../src/auth/token-auth.ts"
import { staticCredentials } from "../../src/credentials/static-credentials.ts"
import { authenticatedSend } from "../../src/engine/authenticated-call.ts"
import type { RequestEvent } from "../../src/engine/diagnostics.chunk.ts"
import { createHostGuard, type GuardOptions } from "../../src/engine/gate.ts"
import type { ResponseLike, WireRequest } from "../../src/engine/wire-request.ts"
import { explainable } from "../../src/explain.ts"
import { partner } from "../../src/partner/partner.ts"
import { staticToken } from "../../src/tokens/static-token.ts"

const headersOf = (headers: Record<string, string> = {}): ResponseLike["headers"] => ({ get: (name) => headers[name] })
const ok = (): ResponseLike => ({ status: 200, headers: headersOf() })
const redirect = (location: string): ResponseLike => ({ status: 307, headers: headersOf({ location }) })

/** Sends a GET, and gives the URLs that went on the wire, with whether they carried the token. */
async function sent(
  url: string,
  options: GuardOptions,
  own: object = {},
  ...answers: ResponseLike[]
): Promise<unknown[]> {
  const wire: unknown[] = []
  const token = tokenAuth({ value: "t0ken", issuedAt: 0, expiresAt: Date.now() + 60_000 })
  const request = { method: "GET", url, headers: {}, ...own }
  await authenticatedSend(
    token,
    request,
    async ({ url, authenticated }) => {
      wire.push([url.href, authenticated])
      return answers.shift() ?? ok()
    },
    options,
  )
  return wire
}

afterEach(() => vi.restoreAllMocks())

describe("a request that goes out bare", () => {
  const warnings = (): unknown[] =>
    vi.spyOn(process, "emitWarning").mockImplementation(() => undefined).mock.calls as unknown[]

  it("warns once for each origin, with its reason and the option that admits it", async () => {
    const warned = warnings()
    await sent("https://once.example.com/a?secret=1", {})
    await sent("https://once.example.com/b", {})
    await sent("https://other.example.com/", { hosts: ["api.example.com"] })
    expect(warned).toEqual([
      [
        expect.stringMatching(
          /^GET https:\/\/once\.example\.com\/a goes .*default list.*list "once\.example\.com" in `hosts`/,
        ),
        { code: "COUNTERSIGN_BARE" },
      ],
      [expect.stringMatching(/^GET https:\/\/other\.example\.com\/ goes .*not among/), { code: "COUNTERSIGN_BARE" }],
    ])
  })

  it("is silent, or refused, when the option says so", async () => {
    const warned = warnings()
    expect(await sent("https://silent.example.com/", { unlisted: "silent" })).toEqual([
      ["https://silent.example.com/", false],
    ])
    await expect(sent("https://strict.example.com/", { unlisted: "error" })).rejects.toMatchObject({
      code: "AUTH_INVALID_REQUEST",
      endpoint: "https://strict.example.com",
      message: expect.stringMatching(/^GET https:\/\/strict\.example\.com\/ was not sent: /),
    })
    expect(warned).toEqual([])
  })

  it("names the cloud to which its host belongs", async () => {
    const warned = warnings()
    await sent("https://ecs.eu-de.otc.t-systems.com/", {})
    expect(warned).toEqual([
      [expect.stringContaining("or name its cloud, otc.t-systems.com, as `cloud`"), expect.anything()],
    ])
  })

  it.each([
    ["https://api.example.com/", { onEvent: "log" }, "`onEvent` must be a function"],
    ["http://api.example.com/", { allowInsecure: "false" }, "`allowInsecure` must be true or false"],
    ["https://ecs.eu-de.otc.t-systems.com/", { cloud: "otc.t-systems.com" }, "`cloud` must be a preset"],
  ])("is not sent with a malformed option: %s, %o", async (url, options, message) => {
    const hosts = ["api.example.com"]
    const malformed = {
      ...("cloud" in options ? {} : { hosts }),
      unlisted: "silent",
      ...options,
    } as unknown as GuardOptions
    await expect(sent(url, malformed)).rejects.toMatchObject({
      code: "AUTH_INVALID_OPTION",
      message: expect.stringContaining(message),
    })
  })

  it("has no client with a malformed option", () => {
    const unlisted = "Error" as "error"
    expect(() => createHostGuard({ unlisted })).toThrow('`unlisted` must be "warn", "error" or "silent".')
  })

  it("warns on the console where there is no process", async () => {
    const warn = vi.spyOn(console, "warn").mockImplementation(() => undefined)
    vi.stubGlobal("process", undefined)
    try {
      await sent("https://no-process.example.com/", {})
    } finally {
      vi.unstubAllGlobals()
    }
    expect(warn.mock.calls).toEqual([[expect.stringMatching(/^COUNTERSIGN_BARE: GET https:\/\/no-process/)]])
  })
})

describe("plain http", () => {
  const INSECURE = { code: "AUTH_INSECURE_URL" }

  it.each([
    ["a host of the default list", "http://ecs.cn-north-4.myhuaweicloud.com/", {}, {}],
    ["a listed host", "http://api.example.com/", { hosts: ["api.example.com"] }, {}],
    ["the base URL", "http://api.example.com/", {}, { baseUrl: "http://api.example.com/" }],
    ["the host of a base URL of https", "http://api.example.com/", {}, { baseUrl: "https://api.example.com/" }],
  ])("to %s is refused before anything is sent", async (_, url, options, own) => {
    await expect(sent(url, options, own)).rejects.toMatchObject(INSECURE)
    await expect(sent(url, { ...options, unlisted: "silent" }, own)).rejects.toMatchObject(INSECURE)
  })

  it("goes out with the token to this machine, and where `allowInsecure` says so", async () => {
    expect(await sent("http://localhost:1/", { hosts: ["localhost"] })).toEqual([["http://localhost:1/", true]])
    const options = { hosts: ["api.example.com"], allowInsecure: true }
    expect(await sent("http://api.example.com/", options)).toEqual([["http://api.example.com/", true]])
    const ofBase = { baseUrl: "https://api.example.com/v1/" }
    expect(await sent("http://api.example.com/", { allowInsecure: true }, ofBase)).toEqual([
      ["http://api.example.com/", true],
    ])
    expect(await sent("http://api.example.com:8080/", { allowInsecure: true, unlisted: "silent" }, ofBase)).toEqual([
      ["http://api.example.com:8080/", false],
    ])
  })

  it("goes out bare to the base URL's own host if a list of hosts does not name it", async () => {
    const listed = { hosts: ["*.example.com"], unlisted: "silent" } as const
    expect(await sent("http://internal.test/", listed, { baseUrl: "http://internal.test/" })).toEqual([
      ["http://internal.test/", false],
    ])
  })

  it("goes out bare, and is told, when a redirect leads there", async () => {
    const events: RequestEvent[] = []
    const options: GuardOptions = {
      hosts: ["*.example.com"],
      unlisted: "silent",
      onEvent: (event) => void events.push(event),
    }
    expect(await sent("https://api.example.com/a", options, {}, redirect("http://files.example.com/b?sig=1"))).toEqual([
      ["https://api.example.com/a", true],
      ["http://files.example.com/b?sig=1", false],
    ])
    expect(events).toMatchObject([
      { type: "attempt", auth: "token", label: "token", path: "/a" },
      { type: "response", status: 307 },
      { type: "redirect", status: 307, toOrigin: "http://files.example.com", toPath: "/b" },
      { type: "attempt", origin: "http://files.example.com", path: "/b", bare: "plain-http" },
      { type: "response", status: 200 },
    ])
  })
})

describe("labels", () => {
  const SECRET = "partner-password"
  const own = { user: "partner-operator", password: SECRET, domain: "partner-account" }

  it("name whose credential it is, in words", () => {
    const { token, customerToken, customerCredentials } = partner(own)
    const customer = { domain: "customer-1", agency: "partner-agency" }
    expect(token.label).toBe("token of partner-operator @ partner-account")
    expect(customerToken(customer).label).toBe("agency partner-agency of customer-1")
    expect(customerCredentials(customer).label).toBe("agency partner-agency of customer-1")
    expect(staticCredentials({ accessKeyId: "AKX", secretAccessKey: SECRET }).label).toBe("access key AKX")
    expect(tokenAuth(token).label).toBe(token.label)
    expect(tokenAuth(token, { label: "mine" }).label).toBe("mine")
  })

  it("come beside the identity key in the events of a cache, which an auth passes on", async () => {
    const events: AuthEvent[] = []
    const provider = staticToken({ value: "t0ken", issuedAt: Date.now(), expiresAt: Date.now() + 60_000 })
    const labelled = Object.assign(provider, { label: "token of nobody", identityKey: "nobody" })
    const auth = tokenAuth(labelled, { onEvent: (event) => void events.push(event) })
    await auth.authenticate({ method: "GET", url: "https://x.example.com/", headers: {}, body: null })
    expect(events).toMatchObject([{ type: "acquired", identity: "nobody", label: "token of nobody" }])
  })
})

describe("a refusal", () => {
  const KEY = { accessKeyId: "AK", secretAccessKey: "SK" }

  /** The error message of the event for a refusal that quotes the request. */
  async function told(own: object, quote: (attempt: WireRequest) => string): Promise<string | undefined> {
    const events: RequestEvent[] = []
    const request = { method: "POST", url: "http://localhost:1/", headers: {}, ...own }
    await authenticatedSend(
      akskAuth(KEY),
      request,
      async (attempt) => Response.json({ error_code: "APIGW.0301", error_msg: quote(attempt) }, { status: 401 }),
      { hosts: ["localhost"], onEvent: (event) => events.push(event) },
    )
    const refusal = events.find((event) => event.type === "response")
    return refusal?.rejection?.errorMessage
  }

  it("shows the time that the request was signed at", async () => {
    const message = await told({}, ({ headers }) => `signature time:${headers["x-sdk-date"]} ${headers.authorization}`)
    expect(message).toMatch(/^signature time:\d{8}T\d{6}Z \[secret\]$/)
  })

  it.each([
    ["a body of JSON", { body: '{"auth":{"password":"HunterTwoPassword"}}' }],
    ["the bytes of a form", { body: new TextEncoder().encode("user=me&password=HunterTwoPassword") }],
    ["a cookie", { headers: { cookie: "a=b; sid=HunterTwoPassword" } }],
    ["the query", { url: "http://localhost:1/?password=HunterTwoPassword" }],
  ])("masks what the service quotes of %s", async (_, own) => {
    expect(await told(own, () => "wrong: HunterTwoPassword")).toBe("wrong: [secret]")
  })
})

describe("a request id", () => {
  it.each(["x-request-id", "x-obs-request-id", "x-iam-trace-id"])(
    "comes from %s where there is no body",
    async (name) => {
      const events: RequestEvent[] = []
      const request = { method: "HEAD", url: "http://localhost:1/", headers: {} }
      const auth = explainable(akskAuth({ accessKeyId: `AK-${name}`, secretAccessKey: "SK" }))
      await authenticatedSend(
        auth,
        request,
        async () => new Response(null, { status: 403, headers: { [name]: "r1" } }),
        {
          hosts: ["localhost"],
          onEvent: (event) => events.push(event),
        },
      )
      expect(events[1]).toMatchObject({ type: "response", rejection: { requestId: "r1" } })
      expect(auth.refusedRequest("r1")).toMatchObject({ method: "HEAD" })
    },
  )
})

describe("a request without an answer", () => {
  const SECRET = "HunterTwoPassword"
  /** The events of a request whose client throws. */
  async function told(thrown: unknown, options: GuardOptions = { hosts: ["localhost"] }): Promise<RequestEvent[]> {
    const events: RequestEvent[] = []
    const token = tokenAuth({ value: SECRET, issuedAt: 0, expiresAt: Date.now() + 60_000 })
    const request = { method: "GET", url: `http://localhost:1/x?q=${SECRET}`, headers: {} }
    const onEvent = (event: RequestEvent): number => events.push(event)
    const sending = authenticatedSend(token, request, async () => Promise.reject(thrown), { ...options, onEvent })
    await expect(sending).rejects.toBe(thrown)
    return events
  }
  const refusedConnection = Object.assign(new Error(SECRET), { code: "ECONNREFUSED" })

  it.each([
    ["a failed fetch", new TypeError("fetch failed", { cause: refusedConnection }), "TypeError", "ECONNREFUSED"],
    ["several addresses", new AggregateError([refusedConnection]), "AggregateError", "ECONNREFUSED"],
    ["an abort", AbortSignal.abort().reason, "AbortError", undefined],
    [
      "a name and a code that say too much",
      Object.assign(new Error(""), { name: "a b", code: `${SECRET}/` }),
      "Error",
      undefined,
    ],
    ["a thrown text", SECRET, "Error", undefined],
  ])("has an event, with %s", async (_, thrown, error, code) => {
    const events = await told(thrown)
    expect(events).toMatchObject([
      { type: "attempt" },
      { type: "failure", method: "GET", origin: "http://localhost:1", path: "/x", auth: "token", error, code },
    ])
    expect(events[1]).toHaveProperty("durationMs", expect.any(Number))
    expect(JSON.stringify(events)).not.toContain(SECRET)
  })

  it("has one also where it goes out bare", async () => {
    const bare = { hosts: ["api.example.com"], unlisted: "silent" } as const
    expect(await told(refusedConnection, bare)).toMatchObject([{ bare: "host-not-listed" }, { type: "failure" }])
  })
})

describe("a listener", () => {
  it("that throws or rejects harms no request", async () => {
    const failing = (): never => {
      throw new Error("from the listener")
    }
    expect(await sent("http://localhost:1/", { hosts: ["localhost"], onEvent: failing })).toHaveLength(1)
    expect(await sent("http://localhost:1/", { hosts: ["localhost"], onEvent: async () => failing() })).toHaveLength(1)
  })

  it("of the channel hears of requests by an auth of the caller's own", async () => {
    const events: unknown[] = []
    const listener = (event: unknown): number => events.push(event)
    subscribe("countersign", listener)
    try {
      const send = async (): Promise<ResponseLike> => ok()
      const request = { method: "GET", url: "http://localhost:1/x", headers: {} }
      await authenticatedSend({ ...numbering(), label: "mine" }, request, send, { hosts: ["localhost"] })
    } finally {
      unsubscribe("countersign", listener)
    }
    expect(events).toMatchObject([
      { type: "attempt", label: "mine" },
      { type: "response", status: 200 },
    ])
  })
})
