import { subscribe, unsubscribe } from "node:diagnostics_channel"
import { setTimeout as sleep } from "node:timers/promises"
import { describe, expect, it, vi } from "vitest"
import {
  createVerifier,
  type LockedKey,
  memoryLockOut,
  type RouteOptions,
  type TokenCaller,
  type TokenSource,
  type VerifierEvent,
  type VerifierOptions,
} from "../src/index.ts"
import { credentials, date, now, type SignedRequest, signed } from "./signed-request.ts"

const named = { id: "1", name: "one" }
const caller: TokenCaller<string> = {
  user: { ...named, domain: named },
  domain: named,
  project: undefined,
  roles: ["reader"],
  assumedBy: undefined,
  methods: ["password"],
  issuedAt: undefined,
  expiresAt: date.getTime() + 1_000,
  owner: "by token",
}
const tokens: TokenSource<string> = { find: (token) => (token === "MIIknown" ? caller : undefined) }
const options: VerifierOptions<string> = {
  keys: (accessKeyId) => (accessKeyId === credentials.accessKeyId ? { ...credentials, owner: "by key" } : undefined),
  tokens,
  basic: true,
  now,
}

function basicOf(text: string): Record<string, string> {
  return { authorization: `Basic ${Buffer.from(text).toString("base64")}` }
}

const basic = basicOf(`${credentials.accessKeyId}:${credentials.secretAccessKey}`)
const bare = { method: "GET", url: "https://a.example.com/v1" }

describe("Basic credentials, as API Gateway sends them to a backend", () => {
  it("are accepted if the option says so, with the owner of the key", () => {
    const verifier = createVerifier(options)
    expect(verifier.verify({ ...bare, headers: basic })).toEqual({
      ok: true,
      auth: { scheme: "basic", accessKeyId: "AKEXAMPLE", owner: "by key" },
    })
    const without = createVerifier({ ...options, basic: false })
    expect(without.verify({ ...bare, headers: basic })).toMatchObject({ code: "SIGNATURE_MALFORMED", status: 401 })
  })

  it.each<[string, Record<string, string>, string]>([
    ["another secret", basicOf("AKEXAMPLE:skOther"), "SIGNATURE_MISMATCH"],
    ["the start of the secret", basicOf("AKEXAMPLE:skExampl"), "SIGNATURE_MISMATCH"],
    ["an unknown key", basicOf("AKOTHER:skExample"), "ACCESS_KEY_UNKNOWN"],
    ["no secret", basicOf("AKEXAMPLE:"), "SIGNATURE_MALFORMED"],
    ["no base64", { authorization: "Basic ***" }, "SIGNATURE_MALFORMED"],
    ["a key of 129 characters", basicOf(`${"A".repeat(129)}:x`), "SIGNATURE_MALFORMED"],
  ])("with %s are refused, and the challenge names the scheme", (_, headers, code) => {
    const verdict = createVerifier(options).verify({ ...bare, headers })
    expect(verdict).toMatchObject({ ok: false, code, status: 401 })
    expect(verdict).toHaveProperty(
      "headers.www-authenticate",
      'SDK-HMAC-SHA256, SDK-HMAC-SM3, Keystone, Basic realm="access key", charset="UTF-8"',
    )
  })

  it("accept each secret of a key that rotates, and none of a temporary key", () => {
    const rotating = createVerifier({ keys: () => ({ secretAccessKey: ["skNew", "skExample"] }), basic: true })
    expect(rotating.verify({ ...bare, headers: basic })).toMatchObject({ ok: true })
    const temporary = createVerifier({ keys: () => ({ ...credentials, securityToken: "token" }), basic: true })
    expect(temporary.verify({ ...bare, headers: basic })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
  })

  it("come with the size limit of the route", () => {
    const small = createVerifier(options).with({ maxBodyBytes: 2 })
    expect(small.verify({ ...bare, headers: basic, body: "{} " })).toMatchObject({
      code: "BODY_TOO_LARGE",
      status: 413,
    })
    expect(small.verify({ ...bare, headers: basic, body: "{}" })).toMatchObject({ ok: true })
  })
})

describe("a request with several kinds of authentication", () => {
  const verifier = createVerifier(options)
  const both = (token: string): SignedRequest => {
    const request = signed()
    return { ...request, headers: { ...request.headers, "X-Auth-Token": token } }
  }

  it("is judged by its token, as at API Gateway", () => {
    expect(verifier.verify(both("MIIknown"))).toMatchObject({ auth: { scheme: "token", owner: "by token" } })
    expect(verifier.verify({ ...both("MIIknown"), method: "PUT" })).toMatchObject({ ok: true })
    expect(verifier.verify(both("MIIother"))).toMatchObject({ code: "TOKEN_INVALID" })
  })

  it("is judged by its signature where the route takes no tokens", () => {
    const route = verifier.with({ schemes: ["signature"] })
    expect(route.verify(both("MIIother"))).toMatchObject({ auth: { scheme: "signature", owner: "by key" } })
    expect(route.verify({ ...bare, headers: { "x-auth-token": "MIIknown" } })).toMatchObject({
      code: "SIGNATURE_MISSING",
    })
    expect(route.verify({ ...bare, headers: basic })).toMatchObject({ ok: false })
    expect(createVerifier({ keys: () => credentials, now }).verify(both("MIIother"))).toMatchObject({ ok: true })
  })

  it.each([
    ["signature", "SIGNATURE_MISSING", "the request has no Authorization header", "SDK-HMAC-SHA256, SDK-HMAC-SM3"],
    ["token", "CREDENTIALS_MISSING", "x-auth-token not found", "Keystone"],
    ["basic", "CREDENTIALS_MISSING", "the request has no Basic credentials", /^Basic realm=[^,]*, charset="UTF-8"$/],
  ] as const)("is asked for what the route accepts: %s", (scheme, code, message, challenge) => {
    const route = verifier.with({ schemes: [scheme] })
    const verdicts = [route.verify(bare), ...(scheme === "signature" ? [] : [route.verify(signed())])]
    for (const verdict of verdicts)
      expect(verdict).toMatchObject({
        code,
        message,
        status: 401,
        headers: { "www-authenticate": expect.stringMatching(challenge) },
      })
  })

  it("is never anonymous where authentication is optional", () => {
    const sent: Record<string, string>[] = [basic, { "x-auth-token": "MIIknown" }, { authorization: "Bearer x" }]
    for (const scheme of ["signature", "token", "basic"] as const) {
      const route = verifier.with({ optional: true, schemes: [scheme] })
      expect(route.verify(bare)).toEqual({ ok: true, auth: undefined })
      for (const headers of sent) {
        const verdict = route.verify({ ...bare, headers })
        expect(verdict).not.toMatchObject({ ok: true, auth: undefined })
      }
    }
  })

  it("is not anonymous either where the verifier takes no tokens", () => {
    const route = createVerifier({ keys: () => credentials, now, optional: true })
    expect(route.verify({ ...bare, headers: { "x-auth-token": "MII" } })).toMatchObject({ code: "SIGNATURE_MISSING" })
    expect(route.verify(both("MII"))).toMatchObject({ auth: { scheme: "signature" } })
    expect(route.verify(bare)).toEqual({ ok: true, auth: undefined })
  })

  it("is refused if its headers cannot be read", () => {
    const headers = { "x-auth-token": "MII\nknown" }
    expect(verifier.verify({ ...bare, headers })).toMatchObject({ code: "SIGNATURE_MALFORMED" })
  })
})

describe("a token of a source of one's own", () => {
  const judge = (find: TokenSource<string>["find"], route: RouteOptions = {}) =>
    createVerifier({ tokens: { find }, now, ...route }).verify({ ...bare, headers: { "x-auth-token": "MII" } })

  it("is refused after its end, in the gateway's words", () => {
    expect(judge(() => ({ ...caller, expiresAt: date.getTime() }))).toMatchObject({
      code: "TOKEN_EXPIRED",
      message: "token expires, expires_at: 2019-11-15T03:36:55.000000Z",
    })
    expect(judge(() => ({ ...caller, expiresAt: Number.NaN }))).toMatchObject({ code: "TOKEN_EXPIRED" })
  })

  it("is refused with 503 if the source throws or rejects", async () => {
    const failed = { code: "TOKEN_SOURCE_FAILED", status: 503, cause: new Error("down") }
    expect(
      judge(() => {
        throw new Error("down")
      }),
    ).toMatchObject(failed)
    expect(await judge(async () => Promise.reject(new Error("down")))).toMatchObject(failed)
  })

  it("is refused with 503 if a policy throws, or gives neither true nor false", () => {
    const failed = { code: "TOKEN_POLICY_FAILED", status: 503 }
    const thrown = new Error("no project")
    const throwing = (): boolean => {
      throw thrown
    }
    expect(judge(() => caller, { tokenPolicy: throwing })).toMatchObject({ ...failed, cause: thrown })
    for (const [tokenPolicy, given] of [
      [async () => false, "a promise"],
      [async () => true, "a promise"],
      [() => undefined, "a value of type undefined"],
      [() => 1, "a value of type number"],
    ] as const) {
      expect(judge(() => caller, { tokenPolicy: tokenPolicy as never })).toMatchObject({
        ...failed,
        cause: new TypeError(`\`tokenPolicy\` must return true or false. It returned ${given}.`),
      })
    }
  })
})

describe("a temporary key", () => {
  it("is refused after its end", () => {
    let expiresAt = date.getTime() + 1
    const verifier = createVerifier({ keys: () => ({ ...credentials, expiresAt }), now, keyCache: { ttlMs: 0 } })
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    expiresAt--
    expect(verifier.verify(signed())).toMatchObject({ code: "ACCESS_KEY_EXPIRED", status: 401 })
    expiresAt = Number.NaN
    expect(verifier.verify(signed())).toMatchObject({ code: "KEY_SOURCE_FAILED" })
  })
})

describe("a key with wrong signatures", () => {
  let time = date.getTime()
  const wrong = (): SignedRequest => ({ ...signed(), method: "PUT" })
  const made = (given: Partial<VerifierOptions<string>>) => {
    time = date.getTime()
    return createVerifier({ ...options, now: () => time, ...given })
  }

  it("is locked for a while if the option says so, and the hook hears of it", () => {
    const locks: LockedKey[] = []
    const verifier = made({
      lockOut: true,
      onLockOut(lock) {
        locks.push(lock)
        throw new Error("hook")
      },
    })
    for (let count = 0; count < 5; count++)
      expect(verifier.verify(wrong())).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(locks).toEqual([{ accessKeyId: "AKEXAMPLE", failures: 5, lockedForMs: 300_000 }])
    expect(verifier.verify(signed())).toMatchObject({
      code: "ACCESS_KEY_LOCKED",
      status: 401,
      message: "AK access failed to reach the limit,forbidden",
    })
    expect(verifier.verify({ ...bare, headers: basic })).toMatchObject({ code: "ACCESS_KEY_LOCKED" })
    time += 300_000
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    expect(locks).toHaveLength(1)
  })

  it("is not locked by default, nor by slow failures, nor by those of other keys or causes", () => {
    const free = made({})
    for (let count = 0; count < 50; count++) void free.verify(wrong())
    expect(free.verify(signed())).toMatchObject({ ok: true })
    const verifier = made({ lockOut: { failures: 2, windowMs: 1_000 } })
    for (let count = 0; count < 5; count++) {
      void verifier.verify(wrong())
      time += 1_000
    }
    for (let count = 0; count < 5; count++) {
      void verifier.verify(signed({}, {}, { ...credentials, accessKeyId: "AKOTHER" }))
      void verifier.verify({ ...signed(), headers: { authorization: "nonsense" } })
      void verifier.verify({ ...bare, headers: { "x-auth-token": "MIIother" } })
    }
    time += 1_000
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
  })

  it("is counted with successes between, unless only failures in a row count", () => {
    for (const consecutive of [true, false]) {
      const verifier = made({ lockOut: { failures: 2, consecutive } })
      void verifier.verify(wrong())
      expect(verifier.verify(signed())).toMatchObject({ ok: true })
      void verifier.verify(wrong())
      expect(verifier.verify(signed())).toHaveProperty("ok", consecutive)
    }
  })

  it("is refused with 503 if a lock-out of one's own fails, and its notes may fail", async () => {
    const failing = () => {
      throw new Error("down")
    }
    const later = async (): Promise<never> => Promise.reject(new Error("down"))
    const base = { isLocked: () => false, failed: () => undefined, succeeded: () => undefined }
    const lockedBy = (own: object) =>
      createVerifier({ ...options, tokens: undefined, lockOut: { ...base, ...own } as never }).verify(signed())
    for (const isLocked of [failing, later, async () => true, () => undefined])
      expect(lockedBy({ isLocked })).toMatchObject({ code: "LOCK_OUT_FAILED", status: 503, cause: expect.any(Error) })
    for (const note of [failing, later]) {
      expect(lockedBy({ succeeded: note })).toMatchObject({ ok: true })
      const verifier = createVerifier({ ...options, tokens: undefined, lockOut: { ...base, failed: note } as never })
      expect(verifier.verify({ ...signed(), method: "PUT" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    }
    await sleep(5)
  })

  it("is judged alike whatever a lock-out of one's own returns, and by promises of any class", async () => {
    // biome-ignore lint/suspicious/noThenProperty: a promise of another class, which has no catch
    const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(new Error("down")) }
    const onLockOut = vi.fn()
    const judging = (own: object) => {
      const lockOut = { isLocked: () => false, failed: () => undefined, succeeded: () => undefined, ...own } as never
      return createVerifier({ ...options, tokens: undefined, lockOut, onLockOut })
    }
    expect(judging({ isLocked: () => thenable }).verify(signed())).toMatchObject({
      code: "LOCK_OUT_FAILED",
      cause: { message: "`isLocked` of `lockOut` must return true or false. It returned a promise." },
    })
    expect(judging({ succeeded: () => thenable }).verify(signed())).toMatchObject({ ok: true })
    const throwing = (name: string): object =>
      Object.defineProperty({}, name, {
        get() {
          throw new Error("read")
        },
      })
    expect(judging({ succeeded: () => throwing("then") }).verify(signed())).toMatchObject({ ok: true })
    for (const answer of [thenable, null, true, "locked", throwing("then"), throwing("failures")])
      expect(judging({ failed: () => answer }).verify(wrong())).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    await sleep(5)
    expect(onLockOut).not.toHaveBeenCalled()
    void judging({ failed: () => ({ failures: 3, lockedForMs: 1, accessKeyId: "AKOTHER" }) }).verify(wrong())
    expect(onLockOut.mock.calls).toEqual([[{ accessKeyId: "AKEXAMPLE", failures: 3, lockedForMs: 1 }]])
  })

  it("is only told of if it is locked for no time", () => {
    const onLockOut = vi.fn()
    const verifier = made({ lockOut: { failures: 3, lockMs: 0 }, onLockOut })
    for (let count = 0; count < 7; count++) void verifier.verify(wrong())
    expect(onLockOut).toHaveBeenCalledTimes(2)
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
  })

  it("can be locked and unlocked by hand, in a memory of bounded size", () => {
    const lockOut = memoryLockOut({ failures: 1, maxEntries: 2, now: () => time })
    const verifier = made({ lockOut })
    lockOut.lock(credentials.accessKeyId)
    expect(verifier.verify(signed())).toMatchObject({ code: "ACCESS_KEY_LOCKED" })
    lockOut.unlock(credentials.accessKeyId)
    expect(verifier.verify(signed())).toMatchObject({ ok: true })
    for (const name of ["a", "b", "c"]) lockOut.failed(name)
    expect(["a", "b", "c"].map((name) => lockOut.isLocked(name))).toEqual([false, true, true])
    lockOut.reset()
    expect(lockOut.isLocked("c")).toBe(false)
  })
})

describe("events", () => {
  it("tell acceptance, refusal with its reason, look-ups and locks, to the listener and the channel", async () => {
    const heard: VerifierEvent[] = []
    const onChannel: unknown[] = []
    const listener = (event: unknown): void => void onChannel.push(event)
    subscribe("countersign", listener)
    const verifier = createVerifier({
      ...options,
      lockOut: { failures: 1 },
      onEvent(event) {
        heard.push(event)
        throw new Error("listener")
      },
    })
    void verifier.verify(signed())
    void verifier.verify({ ...signed(), method: "PUT" })
    void verifier.verify({ ...bare, headers: { "x-auth-token": "MIIknown" } })
    void verifier.with({ optional: true }).verify(bare)
    await sleep(1)
    unsubscribe("countersign", listener)
    const post = { method: "POST", origin: "https://a.example.com", path: "/v1" }
    const get = { ...post, method: "GET" }
    const accessKeyId = "AKEXAMPLE"
    expect(heard).toEqual([
      { type: "key-looked-up", accessKeyId, outcome: "found", durationMs: expect.any(Number) },
      { type: "accepted", ...post, scheme: "signature", accessKeyId, label: "access key AKEXAMPLE" },
      // A signature that does not fit asks once more.
      { type: "key-looked-up", accessKeyId, outcome: "found", durationMs: expect.any(Number) },
      { type: "access-key-locked", accessKeyId, failures: 1, lockedForMs: 300_000 },
      { type: "refused", ...post, method: "PUT", code: "SIGNATURE_MISMATCH", status: 401, accessKeyId },
      { type: "accepted", ...get, scheme: "token", accessKeyId: undefined, label: "token of one @ one" },
      { type: "accepted", ...get },
    ])
    expect(onChannel).toEqual(heard)
  })

  it("tell a stream once, with the outcome of its end", () => {
    const types: string[] = []
    const verifier = createVerifier({ ...options, maxBodyBytes: 2, onEvent: ({ type }) => types.push(type) })
    const opened = verifier.open(signed())
    if (opened instanceof Promise || !opened.ok) throw new Error("not open")
    expect(types).toEqual(["key-looked-up"])
    expect([opened.auth, opened.needsBody]).toEqual([undefined, true])
    opened.update(new TextEncoder().encode("{} "))
    void opened.end()
    expect(types).toEqual(["key-looked-up", "refused"])
  })

  it("tell keys that are absent, and sources that fail", async () => {
    const outcomes: string[] = []
    const onEvent = (event: VerifierEvent): void => void ("outcome" in event && outcomes.push(event.outcome))
    void createVerifier({ keys: () => undefined, now, onEvent }).verify(signed())
    await createVerifier({ keys: async () => Promise.reject(new Error("down")), now, onEvent }).verify(signed())
    expect(outcomes).toEqual(["absent", "failed"])
  })
})

describe("a replay store that is slow or down", () => {
  const slow = { remember: () => new Promise<boolean>(() => {}) }
  const down = { remember: async () => Promise.reject(new Error("down")) }

  it("refuses with 503 after its time", async () => {
    const route = createVerifier(options).with({ replay: { store: slow, timeoutMs: 20 } })
    expect(await route.verify(signed())).toMatchObject({ code: "REPLAY_STORE_FAILED", status: 503 })
  })

  it("lets requests pass if the route says so, which is told, and forged ones are refused all the same", async () => {
    const outcomes: string[] = []
    const verifier = createVerifier({
      ...options,
      onEvent: (event) => event.type === "replay-store-failed" && outcomes.push(event.outcome),
    })
    for (const store of [slow, down]) {
      const route = verifier.with({ replay: { store, timeoutMs: 20, acceptIfStoreFails: true } })
      expect(await route.verify(signed())).toMatchObject({ ok: true, auth: { owner: "by key" } })
      expect(await route.verify({ ...signed(), method: "PUT" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    }
    expect(outcomes).toEqual(["accepted", "accepted"])
  })
})

describe("bad options are refused at once", () => {
  it.each<[string, object]>([
    ["neither keys nor tokens", { keys: undefined, tokens: undefined, basic: false }],
    ["basic without keys", { keys: undefined }],
    ["basic: 1", { basic: 1 }],
    ["tokens without find", { tokens: {} }],
    ["a lock-out after no failure", { lockOut: { failures: 0 } }],
    ["a lock-out that is a text", { lockOut: "yes" }],
    ["a listener that is no function", { onEvent: {} }],
    ["a hook that is no function", { onLockOut: "log" }],
    ["an unknown scheme", { schemes: ["bearer"] }],
    ["no time for the replay store", { replay: { store: { remember: () => true }, timeoutMs: 0 } }],
    ["a choice that is a text", { replay: { store: { remember: () => true }, acceptIfStoreFails: "yes" } }],
    ["a replay store that is a number", { replay: 5 }],
  ])("%s", (_, bad) => {
    expect(() => createVerifier({ ...options, ...bad } as VerifierOptions<string>)).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })
})
