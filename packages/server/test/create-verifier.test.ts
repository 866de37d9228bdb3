import { inspect } from "node:util"
import { describe, expect, it } from "vitest"
import {
  checkedBody,
  createVerifier,
  memoryReplayStore,
  type OpenRequest,
  type TokenCaller,
  type VerifierOptions,
} from "../src/index.ts"
import { credentials, date, now, type SignedRequest, signed } from "./signed-request.ts"

const options: VerifierOptions<string> = {
  keys: (accessKeyId) => (accessKeyId === credentials.accessKeyId ? { ...credentials, owner: "alice" } : undefined),
  now,
}
const verifier = createVerifier(options)
const domain = { id: "1", name: "one" }
const caller: TokenCaller<string> = {
  user: { ...domain, domain },
  domain,
  project: undefined,
  roles: ["reader"],
  assumedBy: undefined,
  methods: ["password"],
  issuedAt: undefined,
  expiresAt: Number.POSITIVE_INFINITY,
  owner: "alice",
}

function without({ headers: { [String("authorization")]: _, ...headers }, ...request }: SignedRequest): SignedRequest {
  return { ...request, headers }
}

describe("a signed request", () => {
  it("is accepted at once, with the owner of the key", () => {
    expect(verifier.verify(signed())).toEqual({
      ok: true,
      auth: {
        scheme: "signature",
        accessKeyId: "AKEXAMPLE",
        owner: "alice",
        algorithm: "SDK-HMAC-SHA256",
        signedHeaders: ["host", "x-sdk-date"],
        signedAt: date.getTime(),
        region: undefined,
        service: undefined,
        isBodySigned: true,
      },
    })
  })

  it("is refused in the gateway's words, with status and challenge", () => {
    expect(verifier.verify({ ...signed(), method: "PUT" })).toEqual({
      ok: false,
      code: "SIGNATURE_MISMATCH",
      status: 401,
      headers: { "content-type": "application/json", "www-authenticate": "SDK-HMAC-SHA256, SDK-HMAC-SM3" },
      body: `{"error_code":"APIGW.0301","error_msg":"Incorrect IAM authentication information: verify aksk signature fail","reason":"SIGNATURE_MISMATCH"}`,
      message: "verify aksk signature fail",
      accessKeyId: "AKEXAMPLE",
      cause: undefined,
    })
  })

  it("is refused as problem+json if the option says so", () => {
    const refusal = createVerifier({ ...options, refusals: "problem" }).verify(without(signed()))
    expect(refusal).toMatchObject({ status: 401, headers: { "content-type": "application/problem+json" } })
    expect(refusal).toHaveProperty(
      "body",
      `{"title":"Unauthorized","status":401,"detail":"the request has no Authorization header","code":"SIGNATURE_MISSING"}`,
    )
  })

  it("shows its canonical request in development only", () => {
    const changed = { ...signed(), method: "PUT" }
    expect(JSON.stringify(verifier.verify(changed))).not.toContain("canonicalRequest")
    expect(createVerifier({ ...options, development: true }).verify(changed)).toHaveProperty(
      "body",
      expect.stringContaining("canonicalRequest:PUT|/v1/|b=1|host:a.example.com"),
    )
  })

  it("may be absent where authentication is optional, but not wrong", () => {
    const optional = verifier.with({ optional: true })
    expect(optional.verify(without(signed()))).toEqual({ ok: true, auth: undefined })
    expect(optional.verify({ ...signed(), method: "PUT" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(optional.verify({ ...signed(), headers: { authorization: "Bearer x" } })).toMatchObject({ ok: false })
  })

  it("is refused when its time is too far from the clock", () => {
    for (const [offsetMs, ok] of [
      [15 * 60_000, true],
      [15 * 60_000 + 1, false],
      [-15 * 60_000 - 1, false],
    ] as const) {
      const late = createVerifier({ ...options, now: () => date.getTime() + offsetMs })
      expect(late.verify(signed())).toHaveProperty("ok", ok)
    }
  })

  it("is refused without Host, or without its body, unless the route admits it", () => {
    const hostless = signed({}, { signedHeaders: ["x-sdk-date"] })
    expect(verifier.verify(hostless)).toMatchObject({ code: "HOST_UNSIGNED" })
    expect(verifier.with({ allowUnsignedHost: true }).verify(hostless)).toMatchObject({ ok: true })
    const bodiless = signed({}, { payloadHash: "UNSIGNED-PAYLOAD" })
    expect(verifier.verify(bodiless)).toMatchObject({ code: "PAYLOAD_UNSIGNED" })
    expect(verifier.with({ allowUnsignedPayload: true }).verify(bodiless)).toMatchObject({
      ok: true,
      auth: { isBodySigned: false },
    })
  })

  it("is told to the listener when it is refused, and an error of the listener changes nothing", () => {
    const codes: string[] = []
    const onRefusal = ({ code }: { code: string }): never => {
      codes.push(code)
      throw new Error("listener")
    }
    const told = createVerifier({ ...options, onRefusal })
    expect(told.verify({ ...signed(), method: "PUT" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(codes).toEqual(["SIGNATURE_MISMATCH"])
  })
})

describe("algorithms and scopes", () => {
  const v11 = signed({}, { algorithm: "V11-HMAC-SHA256", region: "cn-north-4", service: "iotdm" })

  it("are those that are listed", () => {
    expect(verifier.verify(signed({}, { algorithm: "SDK-HMAC-SM3" }))).toMatchObject({ ok: true })
    expect(verifier.verify(v11)).toMatchObject({ code: "ALGORITHM_NOT_ALLOWED", status: 401 })
    const only = createVerifier({ ...options, algorithms: ["SDK-HMAC-SM3"] })
    expect(only.verify(signed())).toMatchObject({ code: "ALGORITHM_NOT_ALLOWED" })
  })

  it("are accepted for the regions and services that are listed", () => {
    const judged = (regions: string[], services: string[]) =>
      createVerifier({ ...options, algorithms: ["V11-HMAC-SHA256"], regions, services }).verify(v11)
    expect(judged(["cn-north-4"], ["iotdm"])).toMatchObject({
      ok: true,
      auth: { region: "cn-north-4", service: "iotdm" },
    })
    expect(judged(["cn-north-1"], ["iotdm"])).toMatchObject({ code: "SCOPE_NOT_ALLOWED" })
    expect(judged(["cn-north-4"], ["ecs"])).toMatchObject({ code: "SCOPE_NOT_ALLOWED" })
  })

  it("accept the older, scoped form only if asked for", () => {
    const scoped = signed({}, { scoped: true, region: "eu-de", service: "ecs" })
    expect(verifier.verify(scoped)).toMatchObject({ code: "SIGNATURE_MALFORMED" })
    const otc = createVerifier({ ...options, scoped: true, regions: ["eu-de"], services: ["ecs"] })
    expect(otc.verify(scoped)).toMatchObject({ ok: true, auth: { region: "eu-de" } })
  })
})

describe("replay", () => {
  it("is accepted unless the route asks for protection", () => {
    const request = signed()
    for (const verdict of [verifier.verify(request), verifier.verify(request)])
      expect(verdict).toHaveProperty("ok", true)
  })

  it("is refused on a route that asks for protection, until the signature has expired anyway", () => {
    let time = date.getTime()
    const guarded = createVerifier({ ...options, now: () => time }).with({ replay: true })
    const request = signed()
    expect(guarded.verify(request)).toMatchObject({ ok: true })
    for (time of [date.getTime(), date.getTime() + 15 * 60_000]) {
      expect(guarded.verify(request)).toMatchObject({ code: "SIGNATURE_REPLAYED", status: 401 })
    }
    time += 1
    expect(guarded.verify(request)).toMatchObject({ code: "SIGNATURE_EXPIRED" })
  })

  it("is what two equal requests of one second look like, and a signed header tells them apart", () => {
    const guarded = createVerifier({ ...options, replay: true })
    expect(guarded.verify(signed())).toMatchObject({ ok: true })
    expect(guarded.verify(signed())).toMatchObject({ code: "SIGNATURE_REPLAYED" })
    for (const nonce of ["1", "2"]) {
      const request = signed({ headers: { "x-nonce": nonce } }, { signedHeaders: ["host", "x-nonce"] })
      expect(guarded.verify(request)).toMatchObject({ ok: true })
    }
  })

  it("is refused with other unsigned parts, and a forged request spends no signature", () => {
    const guarded = createVerifier({ ...options, replay: true })
    const request = signed()
    expect(guarded.verify({ ...request, body: "other" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
    expect(guarded.verify(request)).toMatchObject({ ok: true })
    const again = { ...request, url: "https://a.example.com/%76%31?b=%31", headers: { ...request.headers, via: "x" } }
    expect(guarded.verify(again)).toMatchObject({ code: "SIGNATURE_REPLAYED" })
  })

  it("is refused by every route of a verifier, which share one memory", () => {
    const guarded = createVerifier({ ...options, replay: true })
    const request = signed()
    expect(guarded.with({ maxBodyBytes: 10 }).verify(request)).toMatchObject({ ok: true })
    for (const route of [guarded, guarded.with({}), guarded.with({ maxBodyBytes: 10 }), guarded.with({ replay: true })])
      expect(route.verify(request)).toMatchObject({ code: "SIGNATURE_REPLAYED" })
    expect(guarded.with({ replay: false }).verify(request)).toMatchObject({ ok: true })
  })

  it("is refused once among concurrent requests, by a store that answers later", async () => {
    const seen = new Set<string>()
    const remember = async (id: string): Promise<boolean> => !seen.has(id) && seen.add(id).has(id)
    const guarded = verifier.with({ replay: { remember } })
    const request = signed()
    const verdicts = await Promise.all(Array.from({ length: 50 }, () => guarded.verify(request)))
    expect(verdicts.filter(({ ok }) => ok)).toHaveLength(1)
    expect([...seen].join()).not.toContain(credentials.accessKeyId)
  })

  it("cannot be ruled out by a store that fails, so the request is refused with 503", async () => {
    const faults = [
      () => {
        throw new Error("down")
      },
      async () => Promise.reject(new Error("down")),
    ]
    for (const remember of faults) {
      expect(await verifier.with({ replay: { remember } }).verify(signed())).toMatchObject({
        code: "REPLAY_STORE_FAILED",
        status: 503,
        cause: new Error("down"),
      })
    }
    for (const answer of ["OK", 1, undefined, null, {}, async () => true]) {
      const vague = { remember: () => answer as never }
      for (const replay of [vague, { store: { remember: async () => answer as never } }])
        expect(await verifier.with({ replay }).verify(signed())).toMatchObject({
          code: "REPLAY_STORE_FAILED",
          status: 503,
          cause: expect.objectContaining({ message: expect.stringContaining("must give true or false") }),
        })
    }
  })

  it("is remembered by a store of bounded size, which refuses more rather than forget", () => {
    let time = 0
    const store = memoryReplayStore({ maxEntries: 2, now: () => time })
    expect([store.remember("a", 10), store.remember("b", 5_000), store.remember("a", 10)]).toEqual([true, true, false])
    expect(() => store.remember("c", 10)).toThrow("raise `maxEntries`")
    time = 2_000
    expect([store.remember("c", 10), store.remember("b", 10)]).toEqual([true, false])
  })
})

describe("a body", () => {
  const chunks = [new Uint8Array([1, 2]), new Uint8Array([3])]
  const body = new Uint8Array([1, 2, 3])
  const hash = "039058c6f2c0cb492c533b0a4d14ef77cc0f78abccced5287d84a1a2011cfb81"
  const withHash = signed(
    { body, headers: { "x-sdk-content-sha256": hash } },
    { signedHeaders: ["host", "x-sdk-content-sha256"] },
  )

  function opened(request: SignedRequest, from = verifier): OpenRequest<string> {
    const result = from.open(request)
    if (result instanceof Promise || !result.ok) throw new Error(`not open: ${inspect(result)}`)
    return result
  }

  async function read(open: OpenRequest, pieces = chunks): Promise<number[]> {
    const bytes: number[] = []
    const source = (async function* () {
      yield* pieces
    })()
    for await (const chunk of checkedBody(open, source)) bytes.push(...chunk)
    return bytes
  }

  it("in pieces has the caller from the start if its hash is signed, and is checked at its end", async () => {
    const open = opened(withHash)
    expect(open).toMatchObject({ needsBody: false, auth: { owner: "alice" } })
    expect(await read(open)).toEqual([1, 2, 3])
    await expect(read(opened(withHash), chunks.toReversed())).rejects.toMatchObject({
      name: "RequestRefused",
      status: 401,
      refusal: { code: "PAYLOAD_MISMATCH" },
    })
  })

  it("with a signed hash is not even read if the signature is wrong", () => {
    expect(verifier.open({ ...withHash, method: "PUT" })).toMatchObject({ ok: false, code: "SIGNATURE_MISMATCH" })
  })

  it("without a hash has no caller before its end", async () => {
    const open = opened(signed({ body }))
    expect(open).toMatchObject({ needsBody: true, auth: undefined })
    for (const chunk of chunks) expect(open.update(chunk)).toBeUndefined()
    expect(open.auth).toBeUndefined()
    expect(open.end()).toMatchObject({ ok: true, auth: { owner: "alice" } })
    await expect(read(opened(signed({ body })), [body, body])).rejects.toMatchObject({
      refusal: { code: "SIGNATURE_MISMATCH" },
    })
  })

  it("has a limit, in pieces and whole, with each kind of signature", async () => {
    for (const request of [withHash, signed({ body }), signed({ body }, { payloadHash: "UNSIGNED-PAYLOAD" })]) {
      for (const [maxBodyBytes, ok] of [
        [3, true],
        [2, false],
        [Number.POSITIVE_INFINITY, true],
      ] as const) {
        const limited = verifier.with({ maxBodyBytes, allowUnsignedPayload: true })
        expect(limited.verify(request)).toMatchObject(ok ? { ok } : { ok, code: "BODY_TOO_LARGE", status: 413 })
        expect(
          await read(opened(request, limited)).then(
            () => true,
            ({ status }) => status,
          ),
        ).toBe(ok || 413)
      }
    }
  })

  it("has a limit without authentication too", () => {
    const open = opened(without(signed()), verifier.with({ optional: true, maxBodyBytes: 2 }))
    expect(open.update(body)).toMatchObject({ code: "BODY_TOO_LARGE" })
  })
})

describe("options of a route", () => {
  it("stay as they are where they are undefined", () => {
    const tokens = { find: () => caller }
    const strict = createVerifier({ ...options, tokens, tokenPolicy: () => false, schemes: ["token"], replay: true })
    const route = strict.with({
      tokenPolicy: undefined,
      schemes: undefined,
      replay: undefined,
      maxBodyBytes: undefined,
    })
    const head = { method: "GET", url: "https://a.example.com/v1" }
    expect(route.verify({ ...head, headers: { "x-auth-token": "MII" } })).toMatchObject({ code: "TOKEN_FORBIDDEN" })
    expect(route.verify(signed())).toMatchObject({ code: "CREDENTIALS_MISSING" })
  })
})

it("options of a class count wherever they are read", () => {
  class Config {
    keys = options.keys
    now = now
    tokens = { find: () => caller }
    get tokenPolicy() {
      return { roles: ["admin"] }
    }
    get schemes() {
      return ["token"] as const
    }
  }
  const head = { method: "GET", url: "https://a.example.com/v1", headers: { "x-auth-token": "MII" } }
  const strict = createVerifier(new Config())
  const inherited = createVerifier({ keys: options.keys, now, tokens: { find: () => caller } })
  const policy = Object.create({ tokenPolicy: { roles: ["admin"] } })
  for (const one of [strict, strict.with({}), strict.with({ maxBodyBytes: 1 }), inherited.with(policy)])
    expect(one.verify(head)).toMatchObject({ code: "TOKEN_FORBIDDEN" })
  expect(strict.with({}).verify(signed())).toMatchObject({ code: "CREDENTIALS_MISSING" })
  const wary = createVerifier({ keys: options.keys, now, lockOut: Object.create({ failures: 1 }) })
  expect(wary.verify({ ...signed(), method: "PUT" })).toMatchObject({ code: "SIGNATURE_MISMATCH" })
  expect(wary.verify(signed())).toMatchObject({ code: "ACCESS_KEY_LOCKED" })
  for (const none of [[], new Map([["tokenPolicy", { roles: ["admin"] }]])])
    expect(() => inherited.with(none as never)).toThrow("The options of a route must be an object.")
})

describe("no secret shows", () => {
  it("in the verifier, verdicts and errors", async () => {
    const secret = "sk-very-secret"
    const key = { accessKeyId: "AK", secretAccessKey: secret, securityToken: "tk-very-secret" }
    const own = createVerifier({ now, development: true, keys: () => key })
    const all = [
      own,
      own.open(signed({}, {}, key)),
      await own.verify(signed({}, {}, key)),
      await own.verify({ ...signed({}, {}, key), method: "PUT" }),
    ]
    expect(all.map((one) => "ok" in one && one.ok)).toEqual([false, true, true, false])
    expect(inspect(all, { depth: 20, showHidden: true })).not.toContain("very-secret")
    expect(JSON.stringify(all)).not.toContain("very-secret")
  })
})

describe("bad options are refused at once", () => {
  it.each<[string, object]>([
    ["no keys", { keys: undefined }],
    ["no algorithm", { algorithms: [] }],
    ["an algorithm of no such name", { algorithms: ["nope"] }],
    ["auto, which is for those who sign", { algorithms: ["auto"] }],
    ["V11 without regions", { algorithms: ["V11-HMAC-SHA256"], services: "any" }],
    ["scoped without services", { scoped: true, regions: "any" }],
    ["a skew that is no number", { maxSkewMs: Number.NaN }],
    ["a negative limit", { maxBodyBytes: -1 }],
    ["a replay store without remember", { replay: {} }],
    ["allowUnsignedHost: 1", { allowUnsignedHost: 1 }],
    ["optional: null", { optional: null }],
    ["refusals: html", { refusals: "html" }],
    ["a clock that is a number", { now: 1 }],
    ["a cache without room", { keyCache: { maxEntries: 0 } }],
    ["a cache that is null", { keyCache: null }],
    ["a misspelt option", { tokenPolcy: () => false }],
    ["a misspelt option of the cache", { keyCache: { ttl: 1 } }],
    ["a misspelt option of replay", { replay: { store: memoryReplayStore(), timeout: 1 } }],
    ["a misspelt option of a lock-out", { lockOut: { failure: 1 } }],
    ["a lock-out of one's own without its methods", { lockOut: { isLocked: () => false } }],
    ["a misspelt policy", { tokenPolicy: { role: ["admin"] } }],
    ["a policy of nothing", { tokenPolicy: {} }],
    ["a policy of no roles", { tokenPolicy: { roles: [] } }],
    ["a policy of undefined roles", { tokenPolicy: { roles: undefined } }],
    ["development: 1", { development: 1 }],
    ["scoped: yes", { scoped: "yes", regions: "any", services: "any" }],
  ])("%s", (_, bad) => {
    expect(() => createVerifier({ ...options, ...bad } as VerifierOptions<string>)).toThrow(
      expect.objectContaining({ code: "AUTH_INVALID_OPTION" }),
    )
  })

  it("no options, and options of a route that are none", () => {
    for (const none of [undefined, null, "keys"])
      expect(() => createVerifier(none as never)).toThrow("The options of a verifier must be an object.")
    expect(() => verifier.with({ tokenPolcy: () => false } as never)).toThrow(
      "no `tokenPolcy`. They may have maxBodyBytes",
    )
    expect(() => memoryReplayStore({ max: 1 } as never)).toThrow("The options of a replay store have no `max`")
    expect(() => verifier.with({ keys: () => null } as never)).toThrow("The options of a route have no `keys`")
  })
})
