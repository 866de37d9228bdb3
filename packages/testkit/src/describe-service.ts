import { randomBytes } from "node:crypto"
import { once } from "node:events"
import { createServer, request } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import type { RunningService, Seen, ServiceSetting, ServiceUnderTest } from "./contracts/service-under-test.ts"
import { type ServiceCall, serviceClient, serviceHeaders, serviceKey } from "./service-client.ts"
import { type ServiceVector, serviceVectors } from "./service-vectors.ts"

const MEGABYTE = randomBytes(1024 * 1024)
const JSON_BODY = JSON.stringify({ order: "für Elise", lines: [1, 2, 3] })
const JSON_TYPE = { "content-type": "application/json" }
const BYTES_TYPE = { "content-type": "application/octet-stream" }
const PROBLEM = /^application\/problem\+json(?:; charset=utf-8)?$/
const MULTIPART = [
  `--boundary\r\ncontent-disposition: form-data; name="name"\r\n\r\nElise\r\n`,
  `--boundary\r\ncontent-disposition: form-data; name="file"; filename="a.bin"\r\n`,
  `content-type: application/octet-stream\r\n\r\n\u0001\u0002three\r\n--boundary--\r\n`,
].join("")

type Keys = ServiceSetting["verifier"]["keys"]

const find: Keys = (accessKeyId) => {
  if (accessKeyId === "AKBROKEN") throw new Error("the table is away")
  if (accessKeyId !== serviceKey.accessKeyId) return undefined
  return { secretAccessKey: serviceKey.secretAccessKey, owner: { tenant: "alice" } }
}

/** Keys at once, and keys that come when a part of the body is there already. */
const KEYS: Readonly<Record<string, ServiceSetting["verifier"]>> = {
  "at once": { keys: find },
  later: {
    async keys(accessKeyId) {
      await sleep(5)
      return find(accessKeyId)
    },
    keyCache: { ttlMs: 0, absentTtlMs: 0 },
  },
}

type Policy = NonNullable<ServiceSetting["verifier"]["tokenPolicy"]>

const ALGORITHMS = [
  "SDK-HMAC-SHA256",
  "SDK-HMAC-SM3",
  "V11-HMAC-SHA256",
  "SDK-ECDSA-P256-SHA256",
  "SDK-SM2-SM3",
] as const

// A server answers OPTIONS for CORS itself.
const vectors = serviceVectors().filter(({ method }) => method !== "OPTIONS")

/** Knows the tokens of bob. */
const TOKENS: NonNullable<ServiceSetting["verifier"]["tokens"]> = {
  async find(token) {
    if (token === "broken") throw new Error("IAM is down.")
    if (token.startsWith("slow")) await sleep(5)
    if (!/^(?:slow-|old-)?token-of-bob$/.test(token)) return undefined
    const domain = { id: "d1", name: "domain-of-bob" }
    return {
      owner: { tenant: "bob" },
      user: { id: "u1", name: "bob", domain },
      domain,
      project: undefined,
      roles: [],
      assumedBy: undefined,
      methods: ["password"],
      issuedAt: Date.now(),
      expiresAt: token.startsWith("old") ? Date.now() - 1 : Date.now() + 60_000,
    }
  },
}

/** The contract that each package for a framework fulfils, on real servers. */
export function describeService(name: string, service: ServiceUnderTest): void {
  describe.each(Object.keys(KEYS))(`${name}: the service contract, keys %s`, (keysCome) => {
    const seen: Seen[] = []
    const client = serviceClient()
    const services: RunningService[] = []
    let origin: string
    let other: string

    const start = async (part: Partial<ServiceSetting> = {}): Promise<RunningService> => {
      const verifier = { keys: find, ...KEYS[keysCome], ...part.verifier }
      const running = await service.start({ seen, ...part, verifier })
      services.push(running)
      return running
    }
    const call = (one: ServiceCall) => client.call(origin, one)
    const post = (path: string, body: string | Uint8Array, part: Partial<ServiceCall> = {}) =>
      call({ method: "POST", path, body, headers: JSON_TYPE, ...part })

    beforeAll(async () => {
      ;[origin, other] = (await start()).origins
    })
    beforeEach(() => {
      seen.length = 0
    })
    afterAll(async () => {
      client.close()
      await Promise.all(services.map((running) => running.close()))
    })

    describe("a right signature", () => {
      it.each(["GET", "DELETE", "PUT", "PATCH", "POST"])(
        "is accepted, with its owner: %s without a body",
        async (method) => {
          const answer = await call({ method, path: "/bytes?b=2&a=1%202" })
          expect([answer.status, answer.json]).toEqual([200, { tenant: "alice", base64: "" }])
        },
      )

      it("is accepted of HEAD", async () => {
        const answer = await call({ method: "HEAD", path: "/who" })
        expect([answer.status, answer.text]).toEqual([200, ""])
        expect(seen).toEqual([{ route: "who", tenant: "alice" }])
      })

      it.each(["SDK-HMAC-SM3", "SDK-HMAC-SHA256"] as const)("is accepted by %s", async (algorithm) => {
        expect((await post("/json", JSON_BODY, { sign: { algorithm } })).json.tenant).toBe("alice")
      })
    })

    describe("a caller without a signature", () => {
      let origin: string
      beforeAll(async () => {
        const running = await start({ verifier: { keys: find, basic: true, tokens: TOKENS } })
        ;[origin] = running.origins
      })
      const sent = (headers: Record<string, string>, part: Partial<ServiceCall> = {}) =>
        client.call(origin, { path: "/who", sign: false, ...part, headers: { ...JSON_TYPE, ...headers } })
      const basic = (secret: string) => ({
        authorization: `Basic ${Buffer.from(`${serviceKey.accessKeyId}:${secret}`).toString("base64")}`,
      })

      it.each([
        ["a token", { "x-auth-token": "token-of-bob" }, "bob"],
        ["a token that takes a moment", { "x-auth-token": "slow-token-of-bob" }, "bob"],
        ["Basic credentials", basic(serviceKey.secretAccessKey), "alice"],
      ])("is known by %s, with a body of any kind", async (_name, headers, tenant) => {
        expect((await sent(headers)).json).toEqual({ tenant })
        const part = { method: "POST", path: "/json", body: JSON_BODY }
        expect((await sent(headers, part)).json).toEqual({ tenant, body: JSON.parse(JSON_BODY) })
        expect((await sent(headers, { ...part, isChunked: true })).json.tenant).toBe(tenant)
        expect((await sent(headers, { ...part, path: "/raw" })).json).toMatchObject({ tenant, raw: JSON_BODY })
      })

      it.each([
        ["TOKEN_INVALID", { "x-auth-token": "token-of-nobody" }, 401],
        ["TOKEN_EXPIRED", { "x-auth-token": "old-token-of-bob" }, 401],
        ["TOKEN_SOURCE_FAILED", { "x-auth-token": "broken" }, 503],
        ["SIGNATURE_MISMATCH", basic("another"), 401],
        ["SIGNATURE_MISSING", {}, 401],
      ])("is refused, and no handler runs: %s", async (code, headers, status) => {
        for (const method of ["GET", "POST"]) {
          const answer = await sent(headers, method === "GET" ? {} : { method, path: "/json", body: JSON_BODY })
          expect([answer.status, answer.json.reason]).toEqual([status, code])
        }
        expect(seen).toEqual([])
      })

      it.each<[string, Policy, number, string]>([
        ["says no", () => false, 403, "TOKEN_FORBIDDEN"],
        ["needs a role that the caller lacks", { roles: ["admin"] }, 403, "TOKEN_FORBIDDEN"],
        ["gives a promise", (async () => false) as never, 503, "TOKEN_POLICY_FAILED"],
        [
          "gives a promise that fails",
          (async () => Promise.reject(new Error("down"))) as never,
          503,
          "TOKEN_POLICY_FAILED",
        ],
        ["gives nothing", (() => undefined) as never, 503, "TOKEN_POLICY_FAILED"],
        [
          "throws",
          () => {
            throw new Error("no project")
          },
          503,
          "TOKEN_POLICY_FAILED",
        ],
      ])("is refused if the policy %s", async (_name, tokenPolicy, status, reason) => {
        const running = await start({ verifier: { keys: find, tokens: TOKENS, tokenPolicy } })
        for (const token of ["token-of-bob", "slow-token-of-bob"]) {
          const headers = { "x-auth-token": token }
          const answer = await client.call(running.origins[0], { path: "/who", sign: false, headers })
          expect([answer.status, answer.json.reason]).toEqual([status, reason])
        }
        expect(seen).toEqual([])
        const signed = await client.call(running.origins[0], { path: "/who" })
        expect(signed.json).toEqual({ tenant: "alice" })
      })

      it("may sign as well", async () => {
        expect((await client.call(origin, { path: "/who" })).json).toEqual({ tenant: "alice" })
      })
    })

    describe("a refusal", () => {
      const refusals: [string, ServiceCall & { status?: number; message?: string }][] = [
        ["SIGNATURE_MISSING", { path: "/who", sign: false, message: "the request has no Authorization header" }],
        ["SIGNATURE_MALFORMED", { path: "/who", sign: false, headers: { authorization: "Bearer x" } }],
        ["SIGNATURE_MISMATCH", { path: "/who", signedPath: "/json", message: "verify aksk signature fail" }],
        ["SIGNATURE_MISMATCH", { path: "/bytes", method: "PUT", signedMethod: "POST" }],
        ["SIGNATURE_MISMATCH", { path: "/who", method: "HEAD", signedMethod: "GET" }],
        ["SIGNATURE_MISMATCH", { path: "/who?a=1", signedPath: "/who?a=2" }],
        ["SIGNATURE_MISMATCH", { path: "/who", credentials: { ...serviceKey, secretAccessKey: "another" } }],
        ["SIGNATURE_EXPIRED", { path: "/who", sign: { date: new Date("2020-01-01") } }],
        ["ACCESS_KEY_UNKNOWN", { path: "/who", credentials: { ...serviceKey, accessKeyId: "AKNOBODY" } }],
        ["HOST_UNSIGNED", { path: "/who", sign: { signedHeaders: ["x-sdk-date"] } }],
        ["PAYLOAD_UNSIGNED", { method: "POST", path: "/json", body: "{}", sign: { payloadHash: "UNSIGNED-PAYLOAD" } }],
        ["ALGORITHM_NOT_ALLOWED", { path: "/who", sign: { algorithm: "V11-HMAC-SHA256", region: "r", service: "s" } }],
        ["KEY_SOURCE_FAILED", { path: "/who", credentials: { ...serviceKey, accessKeyId: "AKBROKEN" }, status: 503 }],
      ]

      it.each(refusals)(
        "%s has the gateway's words, and no handler runs: %j",
        async (code, { status = 401, ...one }) => {
          const answer = await call(one)
          expect(answer.status).toBe(status)
          expect(answer.headers["content-type"]).toMatch(/^application\/json(?:; charset=utf-8)?$/)
          if (status === 401) expect(answer.headers["www-authenticate"]).toMatch(/^SDK-HMAC-SHA256/)
          if (one.method !== "HEAD") {
            expect(answer.json).toMatchObject({
              error_code: status === 401 ? "APIGW.0301" : "APIGW.0202",
              reason: code,
            })
            if (one.message !== undefined) expect(answer.json.error_msg).toContain(one.message)
          }
          expect(answer.text).not.toContain(serviceKey.secretAccessKey)
          expect(seen).toEqual([])
        },
      )

      const ambiguous: [string, (target: string, host: string, authorization: string) => [string, ...string[]]][] = [
        [
          "an absolute target of another host",
          (target, host, signature) => [`http://evil.example${target}`, host, signature],
        ],
        ["another host first", (target, host, signature) => [target, host, "Host: evil.example", signature]],
        ["another host last", (target, host, signature) => [target, "Host: evil.example", host, signature]],
        ["another signature first", (target, host, signature) => [target, host, "authorization: Bearer x", signature]],
        ["another signature last", (target, host, signature) => [target, host, signature, "Authorization: Bearer x"]],
      ]
      it.each(ambiguous)("REQUEST_AMBIGUOUS answers a right signature with %s", async (_name, linesOf) => {
        for (const path of ["/who", "/optional"]) {
          const { authorization = "", ...headers } = serviceHeaders(origin, { path })
          const { host } = new URL(origin)
          const date = `x-sdk-date: ${headers["x-sdk-date"]}`
          const [target, ...lines] = linesOf(path, `host: ${host}`, `authorization: ${authorization}`)
          const answer = await sendRaw(origin, [`GET ${target} HTTP/1.1`, ...lines, date])
          expect(answer).toMatch(/^HTTP\/1\.1 400 /)
          expect(answer).toContain('"reason":"REQUEST_AMBIGUOUS"')
        }
        expect(seen).toEqual([])
      })

      it("is none for a right signature with an absolute target of the same host", async () => {
        const { authorization, ...headers } = serviceHeaders(origin, { path: "/who" })
        const lines = [`host: ${new URL(origin).host}`, `authorization: ${authorization}`]
        const date = `x-sdk-date: ${headers["x-sdk-date"]}`
        const answer = await sendRaw(origin, [`GET ${origin}/who HTTP/1.1`, ...lines, date])
        expect(answer).toMatch(/^HTTP\/1\.1 200 /)
      })

      it("is problem+json if the verifier says so", async () => {
        const [problems] = (await start({ verifier: { keys: find, refusals: "problem" } })).origins
        const answer = await client.call(problems, { path: "/who", sign: false })
        expect(answer.headers["content-type"]).toMatch(PROBLEM)
        expect(answer.json).toMatchObject({ status: 401, code: "SIGNATURE_MISSING" })
        const forged = { path: "/stream", body: "right", forgedBody: "wrong", isHashed: true, headers: BYTES_TYPE }
        const late = await client.call(problems, { method: "POST", ...forged })
        expect(late.headers["content-type"]).toMatch(PROBLEM)
        expect(late.json).toMatchObject({ status: 401, code: "PAYLOAD_MISMATCH" })
      })

      it("leaves the connection as it was", async () => {
        for (let time = 0; time < 5; time++) {
          expect((await post("/json", JSON_BODY, { sign: false })).status).toBe(401)
          expect((await post("/json", JSON_BODY)).status).toBe(200)
        }
      })
    })

    describe.each([
      { isHashed: false, isChunked: false },
      { isHashed: false, isChunked: true },
      { isHashed: true, isChunked: false },
      { isHashed: true, isChunked: true },
    ])("a body, %j", (form) => {
      it("of JSON reaches the framework's own parser", async () => {
        const answer = await post("/json", JSON_BODY, form)
        expect([answer.status, answer.json]).toEqual([200, { tenant: "alice", body: JSON.parse(JSON_BODY) }])
      })

      it("of a form does", async () => {
        const headers = { "content-type": "application/x-www-form-urlencoded" }
        const answer = await post("/form", "name=f%C3%BCr+Elise&n=1", { ...form, headers })
        expect([answer.status, answer.json]).toEqual([200, { tenant: "alice", body: { name: "für Elise", n: "1" } }])
      })

      it("of a form with a file does", async () => {
        const headers = { "content-type": "multipart/form-data; boundary=boundary" }
        const answer = await post("/multipart", MULTIPART, { ...form, headers })
        const file = Buffer.from("\u0001\u0002three").toString("base64")
        expect([answer.status, answer.json]).toEqual([200, { tenant: "alice", body: { name: "Elise", file } }])
      })

      it.each([
        ["no bytes", Buffer.alloc(0)],
        ["one byte", Buffer.from([0])],
        ["1 MB", MEGABYTE],
      ])("of %s arrives intact", async (_, body) => {
        const answer = await post("/bytes", body, { ...form, headers: BYTES_TYPE })
        expect([answer.status, answer.json.tenant]).toEqual([200, "alice"])
        expect(Buffer.from(answer.json.base64, "base64").equals(body)).toBe(true)
      })

      it("is kept as it came where the route asks for it", async () => {
        const answer = await post("/raw", JSON_BODY, form)
        expect(answer.json).toEqual({ tenant: "alice", body: JSON.parse(JSON_BODY), raw: JSON_BODY })
      })

      it.each(["/json", "/bytes", "/raw", "/stream", "/early", "/swallow"])(
        "that is forged is refused: %s",
        async (path) => {
          for (const [body, forgedBody] of [
            [JSON_BODY, JSON_BODY.replace("1", "7")],
            [MEGABYTE, MEGABYTE.toReversed()],
          ] as const) {
            const headers = path === "/json" || path === "/raw" ? JSON_TYPE : BYTES_TYPE
            // The parsers of JSON admit 100 kB.
            if (headers === JSON_TYPE && body !== JSON_BODY) continue
            const answer = await post(path, body, { ...form, forgedBody, headers })
            expect([answer.status, answer.json.reason]).toEqual([
              401,
              form.isHashed ? "PAYLOAD_MISMATCH" : "SIGNATURE_MISMATCH",
            ])
            expect(answer.json.error_code).toBe("APIGW.0301")
          }
          await sleep(20)
          const isStreamed = path === "/early" || (form.isHashed && path !== "/raw")
          if (!isStreamed) expect(seen).toEqual([])
          for (const { later, tenant } of seen) {
            expect(later).toBeUndefined()
            if (!form.isHashed) expect(tenant).toBeUndefined()
          }
          if (isStreamed && ["/stream", "/early", "/swallow"].includes(path)) {
            for (const { failure } of seen) expect(failure).toBeInstanceOf(Error)
            // A small body may be there whole, and be judged, before a late key.
            const least = keysCome === "later" ? 1 : 2
            expect(seen.length).toBeGreaterThanOrEqual(least)
          }
        },
      )
    })

    it.each([true, false])("refuses a GET with a body that was not signed: in chunks %s", async (isChunked) => {
      const answer = await call({ path: "/who", forgedBody: "12345", isChunked })
      expect([answer.status, answer.json.reason]).toEqual([401, "SIGNATURE_MISMATCH"])
      expect(seen).toEqual([])
    })

    describe("a streamed body", () => {
      /** Sends the first half, waits until it is seen, and sends the rest. */
      const inHalves = async (path: string, part: Partial<ServiceCall>, isSeen: boolean, rest?: Uint8Array) => {
        const body = MEGABYTE.subarray(0, 200_000)
        const headers = serviceHeaders(origin, { method: "POST", path, body, headers: BYTES_TYPE, ...part })
        const sending = request(origin + path, { method: "POST", headers })
        const answered = once(sending, "response")
        sending.write(body.subarray(0, 100_000))
        if (isSeen) await waitUntil(() => (seen[0]?.bytes ?? 0) > 0)
        else await sleep(100)
        const before = { ...seen[0] }
        sending.end(rest ?? body.subarray(100_000))
        const [response] = await answered
        response.resume()
        return { before, status: response.statusCode as number, calls: seen.length }
      }

      it("passes before its end if its hash is signed", async () => {
        const { before, status } = await inHalves("/stream", { isHashed: true }, true)
        expect([before.tenant, status]).toEqual(["alice", 200])
        expect(seen).toEqual([{ route: "stream", tenant: "alice", later: "alice", bytes: 200_000 }])
      })

      it("is collected first if no hash is signed", async () => {
        const { before, status } = await inHalves("/stream", {}, false)
        expect([before, status]).toEqual([{}, 200])
        expect(seen).toEqual([{ route: "stream", tenant: "alice", later: "alice", bytes: 200_000 }])
      })

      it("has no auth before its end if the route wants it at once", async () => {
        const { before, status } = await inHalves("/early", {}, true)
        expect([before.tenant, status]).toEqual([undefined, 200])
        expect(seen).toEqual([{ route: "early", tenant: undefined, later: "alice", bytes: 200_000 }])
      })

      it("fails at its end if it is forged", async () => {
        const forged = MEGABYTE.subarray(500_000, 600_000)
        for (const [path, isHashed] of [
          ["/stream", true],
          ["/early", false],
          ["/swallow", true],
        ] as const) {
          seen.length = 0
          expect(await inHalves(path, { isHashed }, true, forged)).toMatchObject({ status: 401, calls: 1 })
          await waitUntil(() => seen[0]?.failure !== undefined)
          expect(seen).toMatchObject([{ bytes: 200_000, failure: expect.any(Error) }])
          expect(seen[0]?.later).toBeUndefined()
        }
      })

      it("has the same bytes at its end as at its start", async () => {
        const body = randomBytes(5 * 1024 * 1024)
        const answer = await post("/stream", body, { isHashed: true, headers: BYTES_TYPE })
        expect(answer.json).toEqual({ tenant: "alice", bytes: body.length })
      })
    })

    describe("options of a route", () => {
      it("admit requests without authentication, and none with a wrong one", async () => {
        expect((await call({ path: "/optional", sign: false })).json).toEqual({ tenant: null })
        expect((await call({ path: "/optional" })).json).toEqual({ tenant: "alice" })
        const bare = await post("/optional", JSON_BODY, { sign: false })
        expect(bare.json).toEqual({ tenant: null, body: JSON.parse(JSON_BODY) })
        expect((await post("/optional", JSON_BODY)).json).toEqual({ tenant: "alice", body: JSON.parse(JSON_BODY) })
        expect((await call({ path: "/optional", signedPath: "/who" })).status).toBe(401)
        expect((await post("/optional", JSON_BODY, { forgedBody: "{}" })).status).toBe(401)
      })

      it("admit a body that is not signed", async () => {
        const unsigned = { sign: { payloadHash: "UNSIGNED-PAYLOAD" }, headers: BYTES_TYPE }
        expect((await post("/unsigned", "x", unsigned)).json).toEqual({ tenant: "alice" })
      })

      it("refuse a signature that came before", async () => {
        const sign = { date: new Date() }
        const first = await call({ path: "/once", sign })
        const second = await call({ path: "/once", sign })
        expect([first.status, second.status, second.json.reason]).toEqual([200, 401, "SIGNATURE_REPLAYED"])
      })

      it.each(["GET", "POST"])("may check a request twice, which is no replay: %s", async (method) => {
        const one = { method, path: "/twice", sign: { date: new Date() }, body: method === "POST" ? "{}" : undefined }
        for (const isHashed of [false, true]) {
          const first = await call({ ...one, isHashed })
          const second = await call({ ...one, isHashed })
          expect([first.status, second.status, second.json.reason]).toEqual([200, 401, "SIGNATURE_REPLAYED"])
        }
      })

      it.each([true, false])("limit a body, and a larger one is refused with 413: in chunks %s", async (isChunked) => {
        for (const isHashed of [true, false]) {
          const part = { isChunked, isHashed, headers: BYTES_TYPE }
          expect((await post("/small", "0123456789", part)).json).toMatchObject({ tenant: "alice" })
          for (const body of ["0123456789a", MEGABYTE]) {
            const answer = await post("/small", body, part)
            expect([answer.status, answer.json.reason]).toEqual([413, "BODY_TOO_LARGE"])
          }
        }
        const large = { isChunked, isHashed: true, headers: BYTES_TYPE }
        const answer = await post("/bytes", Buffer.alloc(12 * 1024 * 1024 + 1), large)
        expect([answer.status, answer.json.reason]).toEqual([413, "BODY_TOO_LARGE"])
      })
    })

    it("accepts the signatures of official implementations", async () => {
      let [current] = vectors as [ServiceVector]
      const { origins } = await start({
        verifier: {
          keys: () => ({ ...current.credentials, owner: { tenant: current.name } }),
          keyCache: { ttlMs: 0, absentTtlMs: 0 },
          algorithms: ALGORITHMS,
          scoped: true,
          regions: "any",
          services: "any",
          maxSkewMs: Number.POSITIVE_INFINITY,
        },
      })
      const refused: string[] = []
      for (current of vectors) {
        const answer = await client.call(origins[0], { ...current, credentials: undefined, sign: false })
        if (answer.status !== 200) refused.push(current.name)
      }
      expect(refused).toEqual(service.unseen ?? [])
      expect(vectors).toHaveLength(555)
    })

    describe("a proxy in front", () => {
      const proxied = async (setting: Partial<ServiceSetting>, change: Change): Promise<string> => {
        const [behind] = (await start(setting)).origins
        const proxy = await startProxy(behind, change)
        services.push({ origins: [proxy.origin, proxy.origin], close: proxy.close })
        return proxy.origin
      }
      const toShop: Change = ({ path, headers }) => ({
        path: path.replace("/shop", ""),
        headers: {
          ...headers,
          host: "internal:80",
          "x-forwarded-host": headers.host ?? "",
          "x-forwarded-prefix": "/shop",
        },
      })
      const signedFor = (part: Partial<ServiceCall> = {}): ServiceCall => ({
        method: "POST",
        path: "/shop/json?a=1",
        body: JSON_BODY,
        headers: JSON_TYPE,
        ...part,
      })

      it("needs an option if it changes host and path", async () => {
        expect((await client.call(await proxied({}, toShop), signedFor())).json.reason).toBe("SIGNATURE_MISMATCH")
      })

      it.each([
        ["headers", { hostHeader: "X-Forwarded-Host", prefixHeader: "x-forwarded-prefix" }],
        ["a prefix", { hostHeader: "x-forwarded-host", removedPrefix: "/shop" }],
      ])("is believed as far as the options say: %s", async (_, proxy) => {
        const front = await proxied({ proxy }, toShop)
        const answer = await client.call(front, signedFor())
        expect([answer.status, answer.json]).toEqual([200, { tenant: "alice", body: JSON.parse(JSON_BODY) }])
        expect((await client.call(front, signedFor({ signedPath: "/json?a=1" }))).status).toBe(401)
        expect((await client.call(front, signedFor({ signedOrigin: "https://other.example.com" }))).status).toBe(401)
      })

      it("may stand for a fixed host, and add to the path", async () => {
        const front = await proxied(
          { proxy: { host: "api.example.com", addedPrefix: "/json" } },
          ({ path, headers }) => ({ path: `/json${path.replace("/", "?at=")}`, headers: { ...headers, host: "x" } }),
        )
        const signedOrigin = "https://api.example.com"
        const answer = await client.call(front, signedFor({ path: "/", signedPath: "/?at=", signedOrigin }))
        expect([answer.status, answer.json.tenant]).toEqual([200, "alice"])
        expect((await client.call(front, signedFor({ path: "/", signedPath: "/?at=" }))).status).toBe(401)
      })
    })

    it("serves two listeners at once, and a signature is valid on its own one only", async () => {
      const answers = await Promise.all(
        [origin, other].flatMap((at) => [1, 2, 3].map(() => client.call(at, { path: "/who" }))),
      )
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200])
      expect((await client.call(other, { path: "/who", signedOrigin: origin })).status).toBe(401)
    })

    it("lets a preflight pass that CORS answers, and a browser reads its refusals", async () => {
      const app = { origin: "https://app.example.com" }
      const preflight = {
        ...app,
        "access-control-request-method": "POST",
        "access-control-request-headers": "x-sdk-date",
      }
      const answer = await call({ method: "OPTIONS", path: "/json", sign: false, headers: preflight })
      expect([answer.status, answer.headers["access-control-allow-origin"]]).toEqual([204, app.origin])
      const refused = await call({ path: "/who", sign: false, headers: app })
      expect([refused.status, refused.headers["access-control-allow-origin"]]).toEqual([401, app.origin])
      const forged = { forgedBody: "{}", isHashed: true, headers: { ...JSON_TYPE, ...app } }
      const late = await post("/json", JSON_BODY, forged)
      expect([late.status, late.headers["access-control-allow-origin"]]).toEqual([401, app.origin])
    })

    it.each([
      ["/json", false],
      ["/bytes", true],
      ["/stream", true],
      ["/early", false],
    ])("outlives a caller who goes away in the middle of a body: %s, hash signed %s", async (path, isHashed) => {
      const type = path === "/json" ? JSON_TYPE : BYTES_TYPE
      const part = { method: "POST", path, body: MEGABYTE, isHashed, headers: type }
      const headers = { ...serviceHeaders(origin, part), "content-length": String(MEGABYTE.length) }
      const sending = request(origin + path, { method: "POST", headers })
      sending.on("error", () => undefined).write(MEGABYTE.subarray(0, 50_000))
      await sleep(60)
      sending.destroy()
      if (path === "/stream" || path === "/early") await waitUntil(() => seen[0]?.failure !== undefined)
      else await sleep(30)
      if (path === "/json") expect(seen).toEqual([])
      for (const { later } of seen) expect(later).toBeUndefined()
      expect((await call({ path: "/who" })).status).toBe(200)
    })

    it("passes the errors of a handler through", async () => {
      expect((await call({ path: "/failing" })).status).toBe(418)
    })

    it("tells right and forged requests apart over many connections", async () => {
      const calls = Array.from({ length: 400 }, (_, index): { one: ServiceCall; status: number } => {
        const isForged = index % 2 === 1
        const part = { headers: JSON_TYPE, isHashed: index % 3 === 0, isChunked: index % 5 === 0 }
        const body = JSON.stringify({ index })
        const forgedBody = isForged ? JSON.stringify({ index: -index }) : undefined
        return { one: { method: "POST", path: "/json", body, forgedBody, ...part }, status: isForged ? 401 : 200 }
      })
      const answers = await Promise.all(calls.map(({ one }) => call(one)))
      expect(answers.map(({ status }) => status)).toEqual(calls.map(({ status }) => status))
    })
  })
}

type Change = (request: { path: string; headers: Record<string, string> }) => {
  path: string
  headers: Record<string, string>
}

/** A proxy that changes requests. */
async function startProxy(to: string, change: Change): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer((incoming, outgoing) => {
    const given = Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])
    const { path, headers } = change({ path: incoming.url ?? "/", headers: Object.fromEntries(given) })
    const sending = request(to + path, { method: incoming.method ?? "GET", headers })
    sending.on("response", (response) => {
      outgoing.writeHead(response.statusCode ?? 500, response.headers)
      response.pipe(outgoing)
    })
    sending.on("error", () => outgoing.destroy())
    incoming.pipe(sending)
  })
  await once(server.listen(0, "127.0.0.1"), "listening")
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://127.0.0.1:${port}`,
    async close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Sends lines that no client would send, and gives the answer. */
async function sendRaw(origin: string, lines: readonly string[]): Promise<string> {
  const { hostname, port } = new URL(origin)
  const socket = connect(Number(port), hostname)
  // Its end would count as a caller who goes away.
  socket.write(`${[...lines, "connection: close"].join("\r\n")}\r\n\r\n`)
  let answer = ""
  for await (const chunk of socket) answer += chunk
  return answer
}

async function waitUntil(isTrue: () => boolean): Promise<void> {
  for (let time = 0; time < 400; time++) {
    if (isTrue()) return
    await sleep(5)
  }
  throw new Error("What the test waits for did not come within 2 seconds.")
}
